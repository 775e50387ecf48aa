// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl epp apply
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <random>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/epp_frames.h"
#include "cli/store_option.h"
#include "dns/rrset.h"
#include "epp/frame.h"
#include "keys/input_file.h"
#include "keys/policy.h"
#include "zones/store.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t max_input_octets = std::size_t{256} << 20;  // some 200,000 frames

struct Options {
  std::string store, zone, policy, input;
  std::uint32_t ttl = 3600;
  bool framed = false;
};

base::Result<std::string> read_input(const std::string& input) {
  if (input != "-") return keys::read_input_file(input, max_input_octets);
  std::string octets;
  char buffer[65536];
  while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
    octets.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (octets.size() > max_input_octets) {
      return base::invalid_input(
          fmt::format("standard input has more than {} octets", max_input_octets));
    }
  }
  return octets;
}

base::Result<epp::Settings> settings_of(const Options& options) {
  epp::Settings settings;
  settings.apex = to_name(options.zone);
  settings.ns_ttl = settings.ds_ttl = settings.host_ttl = options.ttl;
  if (options.policy.empty()) return settings;
  TLD_TRY(const keys::Policy policy, keys::Policy::read_file(options.policy));
  settings.ds = policy.ds;
  return settings;
}

// Tells this run's svTRIDs from every other run's.
std::string run_id() {
  std::random_device random;
  return fmt::format("pdns-tld-{:08x}{:08x}", random(), random());
}

bool write_response(const std::string& xml, bool framed) {
  std::cout << (framed ? epp::framed(xml) : xml + "\n") << std::flush;
  return std::cout.good();
}

// With --json all responses stand in one object; without, each is written
// before the next frame is carried out.
std::function<bool(const epp::Reply&)> taker(const Options& options, bool json, Report& report) {
  if (!json) {
    return
        [&options](const epp::Reply& reply) { return write_response(reply.xml, options.framed); };
  }
  report.json["responses"] = ordered_json::array();
  return [&report](const epp::Reply& reply) {
    report.json["responses"].push_back({{"code", static_cast<int>(reply.code)},
                                        {"reason", reply.reason},
                                        {"response", reply.xml}});
    return true;
  };
}

void add_verdict(Report& report, const FrameCounts& counts) {
  report.json["frames"] = counts.frames;
  report.json["refused"] = counts.refused;
  if (counts.lost) {
    report.notes.push_back(
        "the last response is about all that was left: no "
        "frame's end is there");
  }
  if (counts.failed > 0) report.verdict_code = ExitCode::not_available;
  if (counts.refused > 0) {
    report.verdict = fmt::format("{} of {} frames refused", counts.refused, counts.frames);
  }
}

base::Result<Report> apply(const Options& options, bool json) {
  TLD_TRY(const auto settings, settings_of(options));
  TLD_TRY(const auto store, open_store(options.store, zones::Store::Mode::read_write));
  const auto begin = [&] { return store->begin_change(settings.apex); };
  // A zone that is not in the store is one error, not one for each frame.
  { TLD_TRY(begin()); }
  TLD_TRY(const std::string input, read_input(options.input));
  Report report;
  const FrameCounts counts =
      answer_frames({input, options.framed}, settings, begin, base::SystemClock(), run_id(),
                    taker(options, json, report));
  add_verdict(report, counts);
  return report;
}

}  // namespace

void add_epp(CLI::App& app, Chosen& chosen) {
  CLI::App* epp = app.add_subcommand("epp", "Changes from EPP frames");
  epp->require_subcommand(1);
  CLI::App* command = add_command(*epp, chosen, "apply",
                                  {"Carry EPP frames out on the store",
                                   "Reads EPP frames (RFC 5730) that create, change or delete "
                                   "domains and hosts,\n"
                                   "with their DS records (secDNS-1.1 and 1.0), and carries "
                                   "each out in a transaction\n"
                                   "of its own. Each is answered on stdout by an EPP response "
                                   "on one line. Frames\n"
                                   "stand one behind the other, with or without white space "
                                   "between; with --framed\n"
                                   "each has its length in front (RFC 5734), and so have the "
                                   "responses. docs/epp.md\n"
                                   "says what is taken. Exit code 1 when a frame was refused.",
                                   "  tldctl epp apply --store /var/lib/tld/registry.sqlite "
                                   "--zone kz. --policy policy.yaml frames.xml"});
  const auto options = std::make_shared<Options>();
  add_store_option(*command, options->store);
  command->add_option("--zone", options->zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--policy", options->policy,
                      "The zone's policy.yaml: which DS are taken; default: its defaults");
  command->add_option("--ttl", options->ttl, "Of what is created, in seconds; default: 3600")
      ->check(CLI::Range(std::uint32_t{0}, dns::max_ttl));
  command->add_flag("--framed", options->framed, "Each frame has its length in front (RFC 5734)");
  command->add_option("FILE", options->input, "The frames; - for standard input")->required();
  on_chosen(command, chosen, [options, &chosen] { return apply(*options, chosen.json); });
}

}  // namespace tld::cli
