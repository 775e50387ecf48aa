// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl zone publications, waiting, freeze, thaw, rollback; declares approve (hold_approval.h)
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/hold_approval.h"
#include "cli/output_file.h"
#include "cli/store_option.h"
#include "keys/chained_lines.h"
#include "zones/store.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;
using zones::Store;

struct Options {
  std::string store, zone, reason, hold_file;
  std::int64_t number = 0;
  std::size_t limit = 20;
};

std::string utc(base::Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(time.time_since_epoch().count())));
}

base::Time now() {
  return base::SystemClock().now();
}

ordered_json json_of(const zones::Publication& publication) {
  return {{"publication", publication.id},
          {"serial", publication.serial},
          {"created", utc(publication.created)},
          {"changes", publication.changes},
          {"whole", publication.whole}};
}

base::Result<Report> list_publications(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_only));
  TLD_TRY(const auto all, store->publications(to_name(options.zone), options.limit));
  Report report;
  report.json["publications"] = ordered_json::array();
  report.text = "publication  serial      created               names changed\n";
  for (const zones::Publication& one : all) {
    report.json["publications"].push_back(json_of(one));
    report.text += fmt::format("{:<11}  {:<10}  {}  {}\n", one.id, one.serial, utc(one.created),
                               one.whole ? "(the whole zone)" : std::to_string(one.changes));
  }
  return report;
}

// As in a zone file: a name that is set aside can have any octets, and a terminal obeys some.
std::string printable(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto octet = static_cast<unsigned char>(c);
    text += octet >= 0x20 && octet < 0x7f ? std::string(1, c) : fmt::format("\\{:03}", octet);
  }
  return text;
}

void add_hold(Report& report, const dns::Name& zone, const zones::Hold& hold) {
  const std::string object = keys::sha256_hex(hold_text(zone, hold));
  report.json["hold"] = {{"hold", hold.id},
                         {"sha256", object},
                         {"since", utc(hold.since)},
                         {"reason", hold.reason},
                         {"approved-by", hold.approved_by}};
  report.text += fmt::format("held by the brake since {}, hold {}: {}\n", utc(hold.since), hold.id,
                             hold.reason);
  for (const std::string& person : hold.approved_by) {
    report.text += fmt::format("  approved by {}\n", person);
  }
}

// What people sign (tldctl approve zone-approve).
base::Status write_hold_file(const Options& options, const std::optional<zones::Hold>& hold) {
  if (options.hold_file.empty()) return base::ok();
  if (!hold) return base::not_found("the brake holds nothing of " + options.zone);
  return write_output_file(options.hold_file, hold_text(to_name(options.zone), *hold));
}

base::Result<Report> show_waiting(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_only));
  const dns::Name zone = to_name(options.zone);
  TLD_TRY(const auto frozen, store->frozen(zone));
  TLD_TRY(const auto hold, store->hold(zone));
  TLD_TRY(const auto aside, store->set_aside(zone, options.limit));
  Report report;
  report.json["set-aside"] = ordered_json::array();
  if (frozen) {
    report.json["frozen"] = {{"since", utc(frozen->since)}, {"reason", frozen->reason}};
    report.text += fmt::format("frozen since {}: {}\n", utc(frozen->since), frozen->reason);
  }
  TLD_TRY(write_hold_file(options, hold));
  if (hold) add_hold(report, zone, *hold);
  for (const zones::SetAside& one : aside) {
    report.json["set-aside"].push_back(
        {{"name", one.name}, {"since", utc(one.since)}, {"reason", one.reason}});
    report.text += fmt::format("set aside since {}: {}: {}\n", utc(one.since), printable(one.name),
                               one.reason);
  }
  if (report.text.empty()) report.text = "nothing stands in the way of a publication\n";
  return report;
}

base::Result<Report> freeze(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_write));
  TLD_TRY(store->freeze(to_name(options.zone), options.reason, now()));
  Report report;
  report.json = {{"zone", options.zone}, {"frozen", options.reason}};
  report.text = fmt::format("{} is frozen: what is served stays as it is\n", options.zone);
  return report;
}

base::Result<Report> thaw(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_write));
  TLD_TRY(store->thaw(to_name(options.zone), now()));
  Report report;
  report.json = {{"zone", options.zone}, {"frozen", nullptr}};
  report.text =
      fmt::format("{} is thawed: what the registry has now will be published\n", options.zone);
  return report;
}

base::Result<Report> roll_back(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_write));
  TLD_TRY(
      const auto made,
      store->roll_back(to_name(options.zone), options.number, {now(), zones::SerialRule::unixtime},
                       fmt::format("rolled back to publication {}", options.number)));
  Report report;
  report.json = json_of(made);
  report.text = fmt::format(
      "{} is as it was at publication {}, with serial {}, and frozen; tldctl zone thaw ends that\n",
      options.zone, options.number, made.serial);
  return report;
}

std::string object_of(const Options& options) {
  if (options.number != 0) return fmt::format("{} to publication {}", options.zone, options.number);
  return options.reason.empty() ? options.zone : options.zone + ": " + options.reason;
}

CLI::App* add(CLI::App& zone, Chosen& chosen, const char* name, const Help& help,
              const std::shared_ptr<Options>& options, base::Result<Report> (*run)(const Options&),
              bool is_act = true) {
  CLI::App* command = add_command(zone, chosen, name, help);
  add_store_option(*command, options->store);
  command->add_option("--zone", options->zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  const auto do_it = [options, run] { return run(*options); };
  if (is_act) {
    on_act(
        command, chosen, std::string("zone-") + name, [options] { return object_of(*options); },
        do_it);
  } else {
    on_chosen(command, chosen, do_it);
  }
  return command;
}

void add_seeing(CLI::App& zone, Chosen& chosen) {
  const auto list = std::make_shared<Options>();
  add(zone, chosen, "publications",
      {"List what was published, newest first",
       "Lists a zone's publications as the store has them, with their serials.",
       "  tldctl zone publications --store registry.sqlite --zone kz."},
      list, list_publications, /*is_act=*/false)
      ->add_option("--limit", list->limit, "At most so many");
  const auto waiting = std::make_shared<Options>();
  CLI::App* command =
      add(zone, chosen, "waiting",
          {"Show what stands in the way of a publication",
           "Shows whether a zone is frozen or held by the brake, and which changes of the\n"
           "registry are set aside because they break a check, each with its reason.",
           "  tldctl zone waiting --store registry.sqlite --zone kz."},
          waiting, show_waiting, /*is_act=*/false);
  command->add_option("--limit", waiting->limit, "At most so many changes set aside");
  command->add_option("--hold-file", waiting->hold_file,
                      "Write what is held to this file, for tldctl approve zone-approve");
}

void add_freezing(CLI::App& zone, Chosen& chosen) {
  const auto frozen = std::make_shared<Options>();
  add(zone, chosen, "freeze",
      {"Publish nothing new of a zone",
       "What is served stays as it is, until tldctl zone thaw. The registry's changes\n"
       "wait in the store.",
       "  tldctl zone freeze --store registry.sqlite --zone kz. --reason 'bad import'"},
      frozen, freeze)
      ->add_option("--reason", frozen->reason, "Why, for whoever finds it frozen")
      ->required();
  const auto thawed = std::make_shared<Options>();
  add(zone, chosen, "thaw",
      {"Publish a frozen zone's changes again",
       "What the registry has now is published, through every check and the brake.",
       "  tldctl zone thaw --store registry.sqlite --zone kz."},
      thawed, thaw);
}

void add_deciding(CLI::App& zone, Chosen& chosen) {
  const auto back = std::make_shared<Options>();
  add(zone, chosen, "rollback",
      {"Publish a zone again as it was, and freeze it",
       "Publishes the zone as it was at an earlier publication, under a new serial, and\n"
       "freezes it. The registry's own data stay as they are.",
       "  tldctl zone rollback --store registry.sqlite --zone kz. 1204"},
      back, roll_back)
      ->add_option("PUBLICATION", back->number, "Its number in tldctl zone publications")
      ->required();
}

void add_approving(CLI::App& zone, Chosen& chosen) {
  const auto wanted = std::make_shared<HoldApproval>();
  CLI::App* command = add_command(
      zone, chosen, "approve",
      {"Let a change set go live that the brake holds",
       "Approves what the hold says, and no more: if the change set grows, it is held\n"
       "again. The zone's settings say how many people must approve. On a machine that\n"
       "has adopted people (docs/people.md) they sign (tldctl approve), and --approval\n"
       "brings what they signed; elsewhere --person names one.",
       "  tldctl zone approve --store registry.sqlite --zone kz. --hold 3 --person ann\n"
       "  tldctl zone approve --store registry.sqlite --zone kz. --hold 3 \\\n"
       "    --approval hold.txt.ann.approval --approval hold.txt.bob.approval"});
  add_store_option(*command, wanted->store);
  command->add_option("--zone", wanted->zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--hold", wanted->hold, "Its number in tldctl zone waiting")->required();
  CLI::Option_group* who = command->add_option_group("who", "Who approves");
  who->add_option("--person", wanted->person, "A name");
  who->add_option("--approval", wanted->approvals, "A signed approval; several times");
  who->require_option(1);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [wanted, &chosen] { return approve_hold(chosen, *wanted); });
}

}  // namespace

void add_publication(CLI::App& zone, Chosen& chosen) {
  add_seeing(zone, chosen);
  add_freezing(zone, chosen);
  add_deciding(zone, chosen);
  add_approving(zone, chosen);
}

}  // namespace tld::cli
