// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/epp/frames.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/bytes.h"

namespace tld::epp::testing {
namespace {

dns::Name name(const char* text) {
  return dns::Name::from_text(text).value();
}

void add_host(Objects& objects, const char* text, std::vector<std::string> addresses) {
  objects.hosts[name(text)] = {name(text), 3600, std::move(addresses)};
}

}  // namespace

std::string frame(const std::string& action, const std::string& extension) {
  const std::string extensions =
      extension.empty() ? "" : "<extension>" + extension + "</extension>";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
         "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><command>" +
         action + extensions + "<clTRID>ABC-12345</clTRID></command></epp>";
}

std::string domain(const std::string& verb, const std::string& content) {
  return "<" + verb + "><domain:" + verb + " xmlns:domain=\"urn:ietf:params:xml:ns:domain-1.0\">" +
         content + "</domain:" + verb + "></" + verb + ">";
}

std::string host(const std::string& verb, const std::string& content) {
  return "<" + verb + "><host:" + verb + " xmlns:host=\"urn:ietf:params:xml:ns:host-1.0\">" +
         content + "</host:" + verb + "></" + verb + ">";
}

std::string secdns(const std::string& verb, const std::string& content, const std::string& version,
                   const std::string& attributes) {
  return "<secDNS:" + verb + " xmlns:secDNS=\"urn:ietf:params:xml:ns:secDNS-" + version + "\"" +
         attributes + ">" + content + "</secDNS:" + verb + ">";
}

std::string create_domain(const std::string& name, const std::vector<std::string>& hosts,
                          const std::string& extension) {
  std::string ns;
  for (const std::string& one : hosts) ns += "<domain:hostObj>" + one + "</domain:hostObj>";
  if (!ns.empty()) ns = "<domain:ns>" + ns + "</domain:ns>";
  return frame(domain("create", "<domain:name>" + name + "</domain:name>" + ns +
                                    "<domain:authInfo><domain:pw>2fooBAR</domain:pw>"
                                    "</domain:authInfo>"),
               extension);
}

std::string update_ds(const std::string& name, const std::string& extension) {
  return frame(domain("update", "<domain:name>" + name + "</domain:name>"), extension);
}

std::string ds_data(unsigned tag, unsigned algorithm, unsigned digest_type,
                    const std::string& digest) {
  return "<secDNS:dsData><secDNS:keyTag>" + std::to_string(tag) + "</secDNS:keyTag><secDNS:alg>" +
         std::to_string(algorithm) + "</secDNS:alg><secDNS:digestType>" +
         std::to_string(digest_type) + "</secDNS:digestType><secDNS:digest>" + digest +
         "</secDNS:digest></secDNS:dsData>";
}

std::string ds_data(unsigned tag, unsigned algorithm, unsigned digest_type, char fill) {
  const std::size_t digits = digest_type == 1 ? 40 : digest_type == 4 ? 96 : 64;
  return ds_data(tag, algorithm, digest_type, std::string(digits, fill));
}

std::string key_data(const dns::Dnskey& key) {
  return "<secDNS:keyData><secDNS:flags>" + std::to_string(key.flags) +
         "</secDNS:flags><secDNS:protocol>" + std::to_string(key.protocol) +
         "</secDNS:protocol><secDNS:alg>" + std::to_string(key.algorithm) +
         "</secDNS:alg><secDNS:pubKey>" + base::to_base64(key.public_key) +
         "</secDNS:pubKey></secDNS:keyData>";
}

Settings settings_of_kz() {
  Settings settings;
  settings.apex = name("kz.");
  return settings;
}

MemoryRegistry registry_of_kz() {
  MemoryRegistry registry;
  add_host(registry.objects, "ns1.example.net.", {});
  add_host(registry.objects, "ns2.example.net.", {});
  add_host(registry.objects, "ns.nic.kz.", {"192.0.2.53"});
  add_host(registry.objects, "ns1.a.kz.", {"192.0.2.1", "2001:db8::1"});
  const dns::Ds first{1, 13, 2, std::string(32, '\x11')};
  const dns::Ds second{2, 8, 2, std::string(32, '\x22')};
  registry.objects.delegations[name("a.kz.")] = {
      name("a.kz."), 3600, 3600, {name("ns1.a.kz."), name("ns1.example.net.")}, {first, second}};
  registry.objects.delegations[name("b.kz.")] = {
      name("b.kz."), 7200, 3600, {name("ns1.example.net."), name("ns2.example.net.")}, {}};
  std::ranges::sort(registry.objects.delegations[name("a.kz.")].nameservers, dns::CanonicalLess());
  return registry;
}

Reply send(MemoryRegistry& registry, const std::string& xml, const Settings& settings) {
  using namespace std::chrono;
  const base::Time now = sys_days{2026y / 11 / 22} + 8h;
  return answer(
      xml, settings, [&] { return registry.begin(); }, now, "SRV-1");
}

std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(TLD_SOURCE_DIR "/tests/fuzz/corpus/epp_frame")) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> frames;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    frames.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return frames;
}

}  // namespace tld::epp::testing
