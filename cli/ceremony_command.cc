// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ceremony demo: both sides of a ceremony in one step.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/token_session.h"
#include "dns/rrset.h"
#include "hsm/token_keys.h"
#include "keys/ceremony.h"
#include "keys/signed_keys.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string zone, ksk_token, ksk_id, policy, start, output, trust_anchor;
  std::vector<std::string> zsks;
};

// Midnight, so that slots begin where people expect it; policies of drills have slots of minutes.
base::Time default_start(const keys::Policy& policy, base::Time now) {
  if (policy.signed_keys.slot < std::chrono::days{1}) return now;
  return std::chrono::floor<std::chrono::days>(now);
}

base::Result<keys::CeremonyInput> prepare(const Options& options) {
  keys::CeremonyInput input;
  input.apex = to_name(options.zone);
  TLD_TRY(input.policy, read_policy(options.policy));
  TLD_TRY(input.zsks, read_dnskeys(options.zsks, input.apex));
  input.made_at = base::SystemClock().now();
  input.start =
      options.start.empty() ? default_start(input.policy, input.made_at) : to_time(options.start);
  return input;
}

struct Outputs {
  OutputFile signed_keys;
  std::optional<OutputFile> trust_anchor;
};

// Both before anything is signed, so that a wrong place is known first.
base::Result<Outputs> open_outputs(const Options& options) {
  TLD_TRY(auto signed_keys, OutputFile::create(options.output));
  Outputs outputs{std::move(signed_keys), std::nullopt};
  if (options.trust_anchor.empty()) return outputs;
  TLD_TRY(auto trust_anchor, OutputFile::create(options.trust_anchor));
  outputs.trust_anchor.emplace(std::move(trust_anchor));
  return outputs;
}

base::Status write_outputs(Outputs& outputs, const keys::CeremonyInput& input,
                           const std::string& text) {
  if (outputs.trust_anchor) {
    TLD_TRY(const auto anchor, keys::trust_anchor_text(input.apex, input.ksk, input.policy));
    outputs.trust_anchor->stream() << anchor;
    TLD_TRY(outputs.trust_anchor->commit());
  }
  outputs.signed_keys.stream() << text;
  return outputs.signed_keys.commit();
}

// --- the report: what the people in the room read aloud and write down ---

ordered_json slots_json(const keys::SignedKeys& keys) {
  ordered_json json = ordered_json::array();
  for (const keys::Slot& slot : keys.slots()) {
    json.push_back({{"start", keys::time_text(slot.start)},
                    {"inception", keys::time_text(slot.inception())},
                    {"expiration", keys::time_text(slot.expiration())}});
  }
  return json;
}

std::string keys_text(const keys::CeremonyInput& input, const dns::Dnskey& ksk) {
  std::string text = fmt::format("  KSK            key tag {}\n", ksk.key_tag());
  for (const dns::Dnskey& zsk : input.zsks) {
    text += fmt::format("  ZSK            key tag {}\n", zsk.key_tag());
  }
  return text;
}

ordered_json report_json(const Options& options, const keys::CeremonyInput& input,
                         const keys::SignedKeys& keys, const std::string& sha256,
                         const std::string& ds) {
  const dns::Dnskey ksk = keys::dnskey_of(input.ksk, true);
  ordered_json json = {{"zone", input.apex.text()},
                       {"signed_keys", options.output},
                       {"sha256", sha256},
                       {"ksk", {{"id", options.ksk_id}, {"key_tag", ksk.key_tag()}, {"ds", ds}}},
                       {"covered_from", keys::time_text(keys.covered_from())},
                       {"covered_until", keys::time_text(keys.covered_until())},
                       {"slots", slots_json(keys)}};
  for (const dns::Dnskey& zsk : input.zsks) json["zsk_key_tags"].push_back(zsk.key_tag());
  return json;
}

base::Result<Report> report_of(const Options& options, const keys::CeremonyInput& input,
                               const std::string& text) {
  TLD_TRY(const auto keys, keys::SignedKeys::parse(text, input.apex, options.output));
  const dns::Dnskey ksk = keys::dnskey_of(input.ksk, true);
  TLD_TRY(const auto ds, dns::make_ds(input.apex, ksk, dns::digest_sha256));
  const std::string ds_text = dns::rdata_text(dns::RRType::DS, ds.wire());
  const std::string sha256 = base::to_hex(base::as_octets(base::sha256(text)));
  Report report;
  report.json = report_json(options, input, keys, sha256, ds_text);
  report.evidence = {{"signed-keys-sha256", sha256}};
  report.text = fmt::format(
      "{}: signed keys of {}\n  SHA-256        {}\n  covers         {} to {}, {} slots\n{}"
      "  DS for parent  {} IN DS {}\n",
      options.output, input.apex.text(), sha256, keys::time_text(keys.covered_from()),
      keys::time_text(keys.covered_until()), keys.slots().size(), keys_text(input, ksk),
      input.apex.text(), ds_text);
  return report;
}

// --- the ceremony ---

base::Result<std::string> sign(keys::CeremonyInput& input, hsm::Session& session,
                               const hsm::TokenKey& ksk) {
  ProgressBar bar("signing", "signatures");
  input.ksk = ksk.info.public_key;
  input.sign = [&](const std::string& message) { return session.sign(ksk, message); };
  input.progress = bar.callback();
  return keys::hold_ceremony(input);
}

base::Result<Report> hold(const Options& options) {
  TLD_TRY(auto input, prepare(options));
  TLD_TRY(auto outputs, open_outputs(options));
  TLD_TRY(auto token, TokenSession::open(options.ksk_token, false));
  TLD_TRY(const auto ksk, hsm::find_key(token.session(), to_key_id(options.ksk_id)));
  TLD_TRY(const auto text, sign(input, token.session(), ksk));
  TLD_TRY(write_outputs(outputs, input, text));
  return report_of(options, input, text);
}

// Where people were adopted, a KSK signs with their approvals only.
base::Result<Report> hold_unapproved(const Chosen& chosen, const Options& options) {
  const std::string object = options.zone + " to " + options.output;
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  if (people) {
    return Act::refuse(chosen, "ceremony", object,
                       base::refused("this machine has adopted people, and a demonstration asks "
                                     "nobody: hold the ceremony with tldctl ceremony hold or "
                                     "ceremony run"));
  }
  TLD_TRY(auto act, Act::begin(chosen, "ceremony", object));
  return act.end(without_exceptions([&] { return hold(options); }));
}

void add_options(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command
      ->add_option("--ksk-token", options.ksk_token,
                   "The token with the KSK, as a PKCS #11 URI with pin-source=file: (never a PIN)")
      ->required()
      ->check(token_uri());
  command->add_option("--ksk-id", options.ksk_id, "The KSK's id, as tldctl key list shows it")
      ->required()
      ->check(key_id());
  command
      ->add_option("--zsk", options.zsks,
                   "Files with the DNSKEY record of each ZSK to publish (tldctl key generate "
                   "--dnskey)")
      ->required();
  command->add_option("--policy", options.policy, "The policy (YAML); default: built-in values");
  command
      ->add_option("--start", options.start,
                   "When the first slot starts, UTC; default: today 00:00, or now when slots are "
                   "shorter than a day")
      ->check(start_time());
  command->add_option("--output", options.output, "The signed-key file to write")->required();
  command->add_option("--trust-anchor", options.trust_anchor,
                      "Also write the KSK's DNSKEY and DS records, for validators and the parent");
}

}  // namespace

void add_ceremony(CLI::App& app, Chosen& chosen) {
  CLI::App* ceremony = app.add_subcommand("ceremony", "Sign the keys of the next months");
  ceremony->require_subcommand(1);
  add_ceremony_run(*ceremony, chosen);
  add_ceremony_check(*ceremony, chosen);
  add_ceremony_hold(*ceremony, chosen);
  CLI::App* command = add_command(
      *ceremony, chosen, "demo",
      {"Hold a ceremony in one step, for demonstrations and tests",
       "Signs the DNSKEY, CDS and CDNSKEY RRsets of the next months (90 days by default)\n"
       "with the KSK, into a signed-key file that the server loads: without a request,\n"
       "its proofs and checks, and with the same ZSKs in every slot. A real ceremony is\n"
       "tldctl ceremony run. Every signature is verified, and the file is read back and\n"
       "checked as the server will check it, before it is written. Refused where people\n"
       "were adopted (docs/people.md).",
       "  tldctl ceremony demo --zone kz. --zsk zsk.dnskey --policy policy.yaml \\\n"
       "    --ksk-id 0123456789abcdef0123456789abcdef \\\n"
       "    --ksk-token "
       "'pkcs11:token=tld-ksk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "ksk.pin' \\\n"
       "    --output kz.skr --trust-anchor kz.trust-anchor"});
  const auto options = std::make_shared<Options>();
  add_options(command, *options);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [&chosen, options] { return hold_unapproved(chosen, *options); });
}

}  // namespace tld::cli
