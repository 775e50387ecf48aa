// SPDX-License-Identifier: GPL-2.0-only
//
// bench_zone_build [DELEGATIONS [DIRECTORY]]: how long a generated zone (10 % signed, a fifth with
// glue of its own) takes from text to a Zone, step by step, and what memory each step leaves
// behind; then what 100,000 changes cost on top of it, in sets of 1 and of 1,000.
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/bytes.h"
#include "zones/build.h"
#include "zones/store.h"
#include "zones/update.h"
#include "zones/zone_file.h"

namespace {

using namespace tld;  // NOLINT: a program, not a room

std::string generated_zone(std::size_t delegations) {
  std::string text =
      "$ORIGIN bench.\n$TTL 3600\n@ SOA ns1.bench. host.bench. 1 1800 900 604800 3600\n";
  text += "@ 172800 NS ns1\n@ 172800 NS ns2\nns1 172800 A 192.0.2.1\nns2 172800 A 192.0.2.2\n";
  std::mt19937 random(1);
  for (std::size_t i = 0; i < delegations; ++i) {
    const std::string name = "domain-" + std::to_string(i * 7919 % delegations);
    if (i % 5 == 0) {
      text += name + " NS ns1." + name + "\n" + name + " NS ns2." + name + "\nns1." + name +
              " A 198.51.100." + std::to_string(i % 256) + "\nns2." + name + " A 203.0.113." +
              std::to_string(i % 256) + "\n";
    } else {
      const std::string host = ".hoster-" + std::to_string(random() % 3000) + ".example.\n";
      text += name + " NS ns1" + host + name + " NS ns2" + host;
    }
    if (i % 10 == 0)
      text += name + " DS 12345 13 2 " + base::to_hex(base::as_octets(base::sha256(name))) + "\n";
  }
  return text;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

class Steps {
 public:
  void done(const char* step) {
    const auto now = std::chrono::steady_clock::now();
    malloc_trim(0);
    std::printf("%-28s %7.2f s  resident %7.1f MiB\n", step,
                std::chrono::duration<double>(now - last_).count(), resident_mib());
    last_ = std::chrono::steady_clock::now();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

template <class T>
T need(base::Result<T> result) {
  if (result.has_value()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

void import(std::size_t delegations, const std::filesystem::path& path, Steps& steps) {
  const auto apex = need(dns::Name::from_text("bench."));
  std::string text = generated_zone(delegations);
  std::printf("%zu delegations, %.1f MiB of text\n", delegations,
              static_cast<double>(text.size()) / (1 << 20));
  steps.done("generate");
  const auto imported = need(zones::read_zone_text(text, "generated", apex));
  text = {};
  steps.done("read_zone_text");
  const auto store = need(zones::Store::create(path));
  const auto status = store->replace_zone(imported.content, imported.serial, base::Time{});
  if (status.has_error()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    std::exit(1);
  }
  steps.done("Store::replace_zone");
}

std::shared_ptr<const zones::Zone> load_and_build(const std::filesystem::path& path, Steps& steps) {
  const auto apex = need(dns::Name::from_text("bench."));
  const auto store = need(zones::Store::open(path, zones::Store::Mode::read_only));
  const auto loaded = need(store->load_registry(apex));
  steps.done("Store::load_registry");
  const auto report = zones::check(loaded);
  if (!report.passed()) std::printf("%s\n", report.faults_text().c_str());
  steps.done("check");
  return need(zones::build(report.checked.value(), {{}, {dns::RRType::DNSKEY}, 2}));
}

void find_all(const zones::Zone& zone, Steps& steps) {
  std::size_t found = 0;
  zone.for_each_node([&](const zones::Node& node) {
    found += zone.find(node.name()).has_value() ? 1 : 0;
    if (node.kind() == zones::NodeKind::delegation) found += node.rrsets().size() > 5 ? 1 : 0;
  });
  std::printf("%zu nodes found, ring %zu, signatures %zu\n", found, zone.ring_size(),
              zone.signature_count());
  steps.done("find every name");
}

dns::RRset delegation_rrset(const dns::Name& owner, dns::RRType type, std::string rdata) {
  return {owner, type, 3600, {std::move(rdata)}};
}

// One change: new name servers, a DS more or less, a new delegation or one that goes, in turn.
zones::NameData change_at(const zones::Zone& zone, std::size_t number, std::size_t delegations) {
  const std::string domain = "domain-" + std::to_string(number * 7919 % delegations) + ".bench.";
  if (number % 4 == 0) return {need(dns::Name::from_text(domain)), {}};
  const auto owner = need(dns::Name::from_text((number % 4 == 1 ? "new-" : "") + domain));
  const auto host = need(dns::Name::from_text("ns." + std::to_string(number % 3000) + ".example."));
  zones::NameData data = zones::name_data(zone, owner);
  if (number % 4 == 1 || (number % 4 == 2 && !data.rrsets.empty())) {
    std::erase_if(data.rrsets, [](const auto& rrset) { return rrset.type == dns::RRType::NS; });
    data.rrsets.push_back(delegation_rrset(owner, dns::RRType::NS, std::string(host.wire())));
  } else if (std::erase_if(data.rrsets, [](const auto& r) { return r.type == dns::RRType::DS; }) ==
             0) {
    const std::string digest(base::as_octets(base::sha256(domain)));
    data.rrsets.push_back(
        delegation_rrset(owner, dns::RRType::DS, dns::Ds{1, 13, 2, digest}.wire()));
  }
  return data;
}

std::shared_ptr<const zones::Zone> update_many(std::shared_ptr<const zones::Zone> zone,
                                               std::size_t delegations, std::size_t set,
                                               Steps& steps) {
  constexpr std::size_t changes = 100'000;
  std::chrono::duration<double, std::micro> spent{};
  std::size_t refused = 0, to_sign = 0;
  for (std::size_t at = 0; at < changes; at += set) {
    std::vector<zones::NameData> some;
    for (std::size_t i = at; i < at + set; ++i) {
      some.push_back(change_at(*zone, i, delegations));
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto update = need(zones::update(zone, some, {zone->serial() + 1}));
    spent += std::chrono::steady_clock::now() - begin;
    zone = update.zone;
    refused += update.refusals.size();
    to_sign += update.to_sign.size();
  }
  std::printf(
      "%zu changes in sets of %zu: %.1f us per change; %zu refused, %zu to sign, "
      "overlay %zu\n",
      changes, set, spent.count() / changes, refused, to_sign, zones::overlay_size(*zone));
  steps.done("changes");
  return zone;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t delegations = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const auto directory =
      argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::temp_directory_path();
  const auto path = directory / ("zone_build." + std::to_string(getpid()) + ".sqlite");
  Steps steps;
  import(delegations, path, steps);
  const auto zone = load_and_build(path, steps);
  steps.done("build");
  find_all(*zone, steps);
  update_many(zone, delegations, 1, steps);
  steps.done("without them");
  const auto changed = update_many(zone, delegations, 1000, steps);
  find_all(*changed, steps);
  need(zones::compact(*changed));
  steps.done("compact");
  std::printf("store: %.1f MiB\n",
              static_cast<double>(std::filesystem::file_size(path)) / (1 << 20));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  return 0;
}
