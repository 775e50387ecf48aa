// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/zones_for_tests.h"

#include <cstdio>
#include <cstdlib>

#include "zones/build.h"
#include "zones/check.h"
#include "zones/zone_file.h"

namespace tld::tests {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "zone_of: %s\n", why.c_str());
  std::abort();
}

}  // namespace

std::shared_ptr<const zones::Zone> zone_of(const std::string& text, const std::string& apex,
                                           std::uint32_t serial) {
  const auto name = dns::Name::from_text(apex);
  const auto imported = zones::read_zone_text(text, "test", name.value());
  if (!imported) give_up(imported.error().message);
  const zones::CheckReport report = zones::check(imported.value().content);
  if (!report.passed()) give_up(report.faults_text());
  zones::BuildOptions options;
  options.serial = serial;
  options.apex_precomputed_types = {dns::RRType::DNSKEY};
  const auto zone = zones::build(*report.checked, options);
  if (!zone) give_up(zone.error().message);
  return zone.value();
}

std::string example_zone(char ds_digit) {
  return std::string(
             "$TTL 3600\n"
             "example. SOA ns1.example. hostmaster.example. 1 1800 900 604800 1800\n"
             "example. NS ns1.example.\n"
             "ns1.example. A 192.0.2.1\n"
             "insecure.example. NS ns.elsewhere.test.\n"
             "a.ent.example. NS ns.elsewhere.test.\n"
             "secure.example. NS ns.elsewhere.test.\n"
             "secure.example. DS 1234 13 2 ") +
         std::string(64, ds_digit) + "\n";
}

}  // namespace tld::tests
