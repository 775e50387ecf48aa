// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl skr import
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/allowed_signers.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "keys/input_file.h"
#include "keys/key_register.h"
#include "keys/response.h"
#include "keys/slot_file_text.h"
#include "keys/slot_steps.h"
#include "keys/take_over.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  std::string zone, policy, file, request, signers, install, key_register, dialect = "ours";
  std::vector<std::string> zsks, without, approvals;
  bool first = false, ds_at_parent = false;
  std::size_t keep = 5;

  Dialect form() const { return dialect == "knot" ? Dialect::knot : Dialect::ours; }
};

// Knot's answer to a request of ours in our own form; ours as it is.
std::string our_form(const Options& options, const Loaded<keys::SignedKeys>& read, base::Time now) {
  if (options.form() == Dialect::ours) return read.octets;
  return keys::signed_keys_text(read.value.policy(), read.value.slots(), now);
}

base::Result<std::optional<Loaded<keys::SignedKeys>>> load_in_use(const Options& options,
                                                                  const dns::Name& apex) {
  if (options.first) return std::optional<Loaded<keys::SignedKeys>>();
  TLD_TRY(auto in_use, load_signed_keys(options.install, apex, Dialect::ours, {}));
  return std::optional<Loaded<keys::SignedKeys>>(std::move(in_use));
}

base::Status check_request(const Options& options, const keys::SignedKeys& fresh,
                           const keys::Policy& policy) {
  if (options.request.empty()) return base::ok();
  const dns::Name apex(fresh.apex());
  TLD_TRY(const auto request, load_request(options.request, apex, Dialect::ours, policy));
  TLD_TRY(const auto without, read_dnskeys(options.without, apex));
  return keys::check_answer(fresh, request.value, without);
}

// What would be published at once. The server holds back what later slots do too early.
base::Status check_register(const Options& options, const keys::SignedKeys& installed,
                            const keys::Policy& policy, const std::vector<dns::Dnskey>& zsks,
                            base::Time now) {
  if (options.key_register.empty()) return base::ok();
  TLD_TRY(const auto held,
          keys::KeyRegister::read_file(options.key_register, dns::Name(installed.apex())));
  const keys::Slot& slot = *installed.at(now, zsks);  // it has passed check() with them
  const base::Status allowed = keys::check_slot(policy, held.keys(), keys::listing_of(slot), now);
  return allowed
             ? allowed
             : allowed.error().in(options.file + ": the slot of " + keys::time_text(slot.start));
}

// --- the files that were in use before ---

bool is_kept(const fs::path& path, const std::string& prefix) {
  const std::string name = path.filename().string();
  return name.starts_with(prefix) && name.size() == prefix.size() + 14 &&
         name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
}

// Beside the file in use, named by the time at which they were replaced; the oldest go.
base::Status keep(const Options& options, const std::string& octets, base::Time now) {
  const fs::path installed = options.install;
  const std::string prefix = installed.filename().string() + ".until-";
  const fs::path directory = installed.has_parent_path() ? installed.parent_path() : ".";
  TLD_TRY(write_output_file(directory / (prefix + keys::time_text(now)), octets));
  std::vector<fs::path> kept;
  std::error_code fault;
  for (fs::directory_iterator entry(directory, fault), end; !fault && entry != end;
       entry.increment(fault)) {
    if (is_kept(entry->path(), prefix)) kept.push_back(entry->path());
  }
  std::ranges::sort(kept, std::greater<>{});
  for (std::size_t i = options.keep; i < kept.size(); ++i) fs::remove(kept[i], fault);
  return base::ok();
}

// --- the command ---

Report report_of(const Options& options, const std::string& fresh_octets,
                 const keys::SignedKeys& installed, const std::string& signer, base::Time now,
                 const std::vector<dns::Dnskey>& zsks) {
  const base::Time until = installed.listed_until(now, zsks);
  const auto days = std::chrono::floor<std::chrono::days>(until - now).count();
  Report report;
  report.json = {{"zone", installed.apex().text()},
                 {"imported", options.file},
                 {"sha256", sha256_text(fresh_octets)},
                 {"signer", signer},
                 {"installed", options.install},
                 {"slots", installed.slots().size()},
                 {"covered_until", keys::time_text(installed.covered_until())},
                 {"zsks_listed_until", keys::time_text(until)},
                 {"days_left", days}};
  report.text = fmt::format(
      "{}: in place as {}\n  SHA-256        {}\n{}  covers         until {}\n"
      "  today's ZSKs   listed until {}, {} days from now\n",
      options.file, options.install, sha256_text(fresh_octets),
      signer.empty() ? "" : "  signed by      " + signer + "\n",
      keys::time_text(installed.covered_until()), keys::time_text(until), days);
  return report;
}

// `approved`: the SHA-256 of the file as it is to be.
base::Result<Report> import(const Options& options, const std::string& approved) {
  const dns::Name apex = to_name(options.zone);
  const base::Time now = base::SystemClock().now();
  TLD_TRY(const auto policy, read_policy(options.policy));
  TLD_TRY(auto read, load_signed_keys(options.file, apex, options.form(), policy));
  if (sha256_text(read.octets) != approved) {
    return base::refused(options.file + " has just changed");
  }
  std::string signer;
  if (!options.signers.empty()) {
    TLD_TRY(signer, verify_signature("SKR-SIGNATURE", options.file, read.octets, options.signers,
                                     signed_keys_namespace));
  }
  const std::string octets = our_form(options, read, now);
  TLD_TRY(const auto fresh, keys::SignedKeys::parse(octets, apex, options.file));
  TLD_TRY(check_request(options, fresh, policy));
  TLD_TRY(const auto in_use, load_in_use(options, apex));
  TLD_TRY(const auto zsks, read_dnskeys(options.zsks, apex));
  TLD_TRY(auto output, OutputFile::create(options.install));
  TLD_TRY(const std::string text,
          keys::take_over(fresh, octets,
                          {in_use ? &in_use->value : nullptr, now, zsks, options.ds_at_parent}));
  TLD_TRY(const auto installed, keys::SignedKeys::parse(text, apex, options.install));
  TLD_TRY(check_register(options, installed, policy, zsks, now));
  if (in_use) {
    TLD_TRY(keep(options, in_use->octets, now));
  }
  output.stream() << text;
  TLD_TRY(output.commit());
  return report_of(options, read.octets, installed, signer, now, zsks);
}

constexpr std::size_t max_approved = 4 << 20;  // as the reader

// Where this machine has adopted people, nothing is put in place without them. What they sign is
// the file that the ceremony has made.
base::Result<Report> import_approved(const Chosen& chosen, const Options& options) {
  TLD_TRY(const std::string octets, keys::read_input_file(options.file, max_approved));
  const std::string sha256 = sha256_text(octets);
  TLD_TRY(auto begun, begin_approved(chosen,
                                     {to_name(options.zone).text(), "skr-import", sha256,
                                      base::SystemClock().now()},
                                     options.file + " to " + options.install, options.approvals));
  return begun.act.end(without_exceptions([&] { return import(options, sha256); }));
}

void add_options(CLI::App* command, Options& options) {
  command->add_option("FILE", options.file, "The signed-key file from the ceremony")->required();
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command
      ->add_option("--install", options.install,
                   "Where the server reads it: signed-keys in tld.yaml; what is there is the file "
                   "that it must follow")
      ->required();
  command->add_flag("--first", options.first, "There is no file in use yet");
  command
      ->add_option("--zsk", options.zsks, "Files with the DNSKEY record of each ZSK that signs now")
      ->required();
  command->add_option("--request", options.request, "The request that it must answer");
  command->add_option("--without", options.without,
                      "With --request: DNSKEY files of ZSKs that an emergency file leaves out");
  command->add_option("--signers", options.signers,
                      "Allowed signers (ssh-keygen): demand a signature FILE.sig by one of them");
  command->add_option("--approval", options.approvals,
                      "Approvals (tldctl approve skr-import FILE), where people were adopted here");
  command->add_flag("--ds-at-parent", options.ds_at_parent,
                    "The DS of a KSK that comes is at the parent already: KSKs may be swapped");
  command->add_option("--keep", options.keep, "How many files that were in use to keep")
      ->capture_default_str();
  command
      ->add_option("--dialect", options.dialect,
                   "The file's form: ours, or knot (then --policy says what it lacks)")
      ->check(CLI::IsMember({"ours", "knot"}));
  command->add_option("--register", options.key_register,
                      "The zone's key register: refuse a file by which a key would come or go too "
                      "early, or whose keys it does not know");
  command->add_option("--policy", options.policy,
                      "With --register and --dialect knot: the policy (YAML); default: built-in "
                      "values");
}

}  // namespace

void add_skr(CLI::App& app, Chosen& chosen) {
  CLI::App* skr = app.add_subcommand("skr", "Take what a ceremony has signed into use");
  skr->require_subcommand(1);
  CLI::App* command = add_command(
      *skr, chosen, "import",
      {"Put a signed-key file in place for the server",
       "Checks a signed-key file as the server will (SKR-... in docs/ceremony.md), and\n"
       "that it follows the one in use so that nothing in caches breaks (SKR-CHAIN), then\n"
       "puts it where the server reads it: whole or not at all. A file that starts later\n"
       "is joined to what is left of the one in use. Shows how long the keys last.",
       "  tldctl skr import --zone kz. --zsk /etc/tld/kz-zsk.dnskey --request kz.ksr \\\n"
       "    --install /var/lib/tld/kz.skr kz-next.skr"});
  const auto options = std::make_shared<Options>();
  add_options(command, *options);
  add_audit_option(command, chosen);
  on_chosen(
      command, chosen, [options, &chosen] { return import_approved(chosen, *options); },
      [options]() -> std::string {
        if (options->without.empty() || !options->request.empty()) return "";
        return "--without is about a --request";
      });
}

}  // namespace tld::cli
