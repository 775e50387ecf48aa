// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl people check, adopt
#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/command.h"
#include "keys/adopted_people.h"
#include "keys/input_file.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t max_octets = 1 << 20;
constexpr const char* act_name = "people-adopt";

struct Options {
  std::string file;
  std::vector<std::string> approvals;
};

std::string day(base::Time time) {
  return keys::utc_text(time).substr(0, 10);
}

std::string text_of(const keys::QuorumRule& rule) {
  std::string text = fmt::format("{} people: {} crypto-officer, {} crypto-operator", rule.total,
                                 rule.officers, rule.operators);
  return rule.observers == 0 ? text : text + fmt::format("; {} observer", rule.observers);
}

void describe(Report& report, const keys::People& people, base::Time now) {
  report.json["version"] = people.version;
  report.json["sha256"] = people.sha256;
  report.json["people"] = ordered_json::array();
  report.text += fmt::format("version {}, SHA-256 {}\n", people.version, people.sha256);
  for (const keys::Person& person : people.people) {
    const char* state = person.is_valid_at(now)   ? ""
                        : now < person.valid_from ? " (not yet)"
                                                  : " (expired)";
    report.json["people"].push_back({{"name", person.name},
                                     {"role", keys::to_string(person.role)},
                                     {"valid-from", day(person.valid_from)},
                                     {"expires", day(person.expires)},
                                     {"valid", person.is_valid_at(now)}});
    report.text +=
        fmt::format("  {:<16} {:<16} {} to {}{}\n", person.name, keys::to_string(person.role),
                    day(person.valid_from), day(person.expires), state);
  }
  for (const auto& [act, rule] : people.quorum) {
    report.json["quorum"][act] = text_of(rule);
    report.text += fmt::format("  {:<16} {}\n", act, text_of(rule));
  }
}

base::Result<Report> check(const Chosen& chosen, const Options& options) {
  const base::Time now = base::SystemClock().now();
  Report report;
  TLD_TRY(const auto present, people_of_this_machine(chosen));
  if (options.file.empty()) {
    if (!present) return base::not_found("this machine has adopted no people");
    describe(report, *present, now);
    if (auto status = present->check_at(now); !status) report.verdict = status.error().message;
    return report;
  }
  TLD_TRY(const auto people, keys::People::read_file(options.file));
  TLD_TRY(people.check_at(now));
  if (present && present->sha256 != people.sha256) {
    TLD_TRY(keys::check_succession(*present, people));
  }
  describe(report, people, now);
  return report;
}

base::Result<std::vector<keys::Approver>> check_new(const std::filesystem::path& directory,
                                                    const keys::People& next,
                                                    const Options& options) {
  TLD_TRY(const auto present, keys::adopted_people(directory));
  TLD_TRY(const auto approvals, read_approvals(options.approvals));
  return keys::check_adoption(present, next, base::SystemClock().now(), approvals);
}

base::Result<Report> adopt(const Chosen& chosen, const Options& options) {
  TLD_TRY(const auto directory, required_audit_directory(chosen));
  TLD_TRY(const std::string yaml, keys::read_input_file(options.file, max_octets));
  TLD_TRY(const auto people, keys::People::parse(yaml, options.file));
  const std::string object = fmt::format("{} version {}", options.file, people.version);
  const auto approvers = check_new(directory, people, options);
  if (!approvers) return Act::refuse(chosen, act_name, object, approvers.error());
  TLD_TRY(auto act,
          Act::begin(chosen, act_name, object, approvers.value(), {{"sha256", people.sha256}}));
  Report report;
  describe(report, people, base::SystemClock().now());
  const auto status = without_exceptions([&] { return keys::install_people(directory, yaml); });
  if (!status) return act.end(status.error());
  return act.end(report);
}

}  // namespace

void add_people(CLI::App& app, Chosen& chosen) {
  CLI::App* people = app.add_subcommand("people", "Check and adopt those who may approve");
  people->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  CLI::App* checked = add_command(
      *people, chosen, "check",
      {"Check a file of people, or show the adopted one",
       "Checks a file of people (docs/people.md): keys, roles, dates, quorum, and that it\n"
       "follows the version that this machine has adopted. Without FILE, shows that one.",
       "  tldctl people check people.yaml"});
  checked->add_option("FILE", options->file, "The file; default: the adopted one");
  add_audit_option(checked, chosen);
  on_chosen(checked, chosen, [options, &chosen] { return check(chosen, *options); });
  const auto adopted_options = std::make_shared<Options>();
  CLI::App* adopted_command = add_command(
      *people, chosen, "adopt",
      {"Make a file of people the one that counts here",
       "Takes the file beside the audit log, with the approvals that the version before\n"
       "asks for (the first version: that it asks for itself); tldctl approve makes them.\n"
       "From then on, acts on this machine need signed approvals where docs/people.md\n"
       "says so.",
       "  tldctl people adopt people.yaml --approval people.yaml.ann.approval \\\n"
       "    --approval people.yaml.bob.approval"});
  adopted_command->add_option("FILE", adopted_options->file, "The new file of people")->required();
  adopted_command->add_option("--approval", adopted_options->approvals, "A signed approval")
      ->required();
  add_audit_option(adopted_command, chosen);
  on_chosen(adopted_command, chosen,
            [adopted_options, &chosen] { return adopt(chosen, *adopted_options); });
}

}  // namespace tld::cli
