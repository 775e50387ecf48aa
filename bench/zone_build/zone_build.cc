// SPDX-License-Identifier: GPL-2.0-only
//
// bench_zone_build [DELEGATIONS [DIRECTORY]]: how long a generated zone (10 % signed, a fifth with
// glue of its own) takes from text to a Zone, step by step, and what memory each step leaves
// behind.
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
  const auto loaded = need(store->load(apex));
  steps.done("Store::load");
  const auto report = zones::check(loaded.content);
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
  std::printf("store: %.1f MiB\n",
              static_cast<double>(std::filesystem::file_size(path)) / (1 << 20));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  return 0;
}
