// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ceremony run
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/ceremony_sitting.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/token_session.h"
#include "keys/response.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* act_name = "ceremony";
constexpr const char* use_of_the_ksk = "activation";

struct Options : SittingOptions {
  std::string request_sha256, ksk_token;
  std::vector<std::string> ksk_ids, from, until, announce, approvals;
  bool first = false;
};

// --- options of the form ID=TIME ---

std::string term_id(const std::string& text) {
  return text.substr(0, text.find('='));
}

// Why it is none; "" where it is one.
std::string wrong_term(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos) return "must be ID=YYYYMMDDHHMMSS";
  const auto time = keys::time_from_text(std::string_view(text).substr(at + 1));
  return time ? "" : time.error().message;
}

base::Time time_of(const std::vector<std::string>& terms, const std::string& id,
                   base::Time otherwise) {
  const auto term = std::ranges::find(terms, id, term_id);
  return term == terms.end() ? otherwise : to_time(term->substr(id.size() + 1));
}

std::vector<KskUse> ksks_of(const Options& options) {
  std::vector<KskUse> all;
  for (const std::string& id : options.ksk_ids) {
    KskUse use;
    use.id = id;
    use.from = time_of(options.from, id, use.from);
    use.until = time_of(options.until, id, use.until);
    use.announced = options.announce.empty() || std::ranges::count(options.announce, id) != 0;
    all.push_back(std::move(use));
  }
  return all;
}

std::string misuse(const Options& options) {
  const auto unknown = [&](const std::string& text) {
    return std::ranges::count(options.ksk_ids, term_id(text)) == 0;
  };
  for (const auto* terms : {&options.from, &options.until, &options.announce}) {
    const auto found = std::ranges::find_if(*terms, unknown);
    if (found != terms->end()) return "no --ksk-id is " + term_id(*found);
  }
  if (options.first != options.previous.empty()) {
    return "give --previous with the file of the last ceremony, or --first";
  }
  return "";
}

// --- the report: what the people in the room read aloud and write down ---

ordered_json bundles_json(const Sitting& sitting) {
  ordered_json json = ordered_json::array();
  for (const keys::Slot& bundle : sitting.request.value.bundles()) {
    ordered_json tags = ordered_json::array();
    for (const dns::Dnskey& key : bundle.dnskeys) tags.push_back(key.key_tag());
    json.push_back({{"start", keys::time_text(bundle.start)}, {"zsk_key_tags", tags}});
  }
  return json;
}

std::string bundles_text(const Sitting& sitting) {
  std::string text;
  for (const keys::Slot& bundle : sitting.request.value.bundles()) {
    text += "  from " + keys::time_text(bundle.start) + " ";
    for (const dns::Dnskey& key : bundle.dnskeys) text += fmt::format(" {}", key.key_tag());
    text += "\n";
  }
  return text;
}

Report describe_request(const SittingOptions& options, const Sitting& sitting,
                        const std::vector<keys::KskTerm>& ksks) {
  const std::string sha256 = sha256_text(sitting.request.octets);
  Report report;
  report.json = {{"zone", sitting.apex.text()},   {"request", options.request},
                 {"request_sha256", sha256},      {"request_signer", sitting.signer},
                 {"keys", ordered_json::array()}, {"bundles", bundles_json(sitting)},
                 {"made", ordered_json::array()}};
  report.text = fmt::format("{}: key signing request of {}\n  SHA-256        {}\n", options.request,
                            sitting.apex.text(), sha256);
  if (!sitting.signer.empty()) report.text += "  signed by      " + sitting.signer + "\n";
  std::vector<dns::Dnskey> keys = dnskeys_of(ksks);
  std::ranges::copy(sitting.request.value.keys(), std::back_inserter(keys));
  for (const dns::Dnskey& key : keys) {
    report.json["keys"].push_back(key_json(key));
    report.text += key_line(key);
  }
  report.text += bundles_text(sitting);
  return report;
}

void describe_made(Report& report, const std::vector<Made>& all) {
  for (const Made& made : all) {
    report.json["made"].push_back({{"file", made.file}, {"sha256", made.sha256}});
    if (made.without) report.json["made"].back()["without_key_tag"] = *made.without;
    report.text += fmt::format("{}: signed{}\n  SHA-256        {}\n", made.file,
                               made.without ? fmt::format(", without ZSK {}", *made.without) : "",
                               made.sha256);
  }
}

base::Result<Report> run(Options options) {
  options.ksks = ksks_of(options);
  TLD_TRY(const Sitting sitting, prepare_sitting(options));
  TLD_TRY(auto token, TokenSession::open(options.ksk_token, false));
  TLD_TRY(const auto planned, plan_sitting(options, sitting, token.session()));
  const std::vector<keys::KskTerm>& ksks = planned.ksks;
  Report report = describe_request(options, sitting, ksks);
  if (options.request_sha256.empty()) {
    report.verdict =
        "nothing is signed yet: compare these sums with those of the people who made "
        "the request, then give theirs as --request-sha256";
    return report;
  }
  if (options.request_sha256 != sha256_text(sitting.request.octets)) {
    return base::refused("KSR-SHA256: " + options.request + " has the SHA-256 " +
                         sha256_text(sitting.request.octets));
  }
  std::vector<Made> made;
  TLD_TRY(sign_all(options, sitting, planned.plan, made));
  TLD_TRY(write_trust_anchor(options, sitting, ksks));
  describe_made(report, made);
  return report;
}

// What people sign is the request, for the ceremony and for the use of its KSK; where this machine
// has adopted people, nothing is signed without them. Showing the request needs nobody.
base::Result<Report> run_approved(const Chosen& chosen, const Options& options) {
  const std::string object = options.zone + " to " + options.output;
  if (options.request_sha256.empty()) {
    TLD_TRY(auto act, Act::begin(chosen, act_name, object));
    return act.end(without_exceptions([&] { return run(options); }));
  }
  TLD_TRY(auto begun, begin_approved(chosen,
                                     {to_name(options.zone).text(), act_name,
                                      options.request_sha256, base::SystemClock().now()},
                                     object, options.approvals, {}, {use_of_the_ksk}));
  return begun.act.end(without_exceptions([&] { return run(options); }));
}

void add_inputs(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--policy", options.policy, "The policy (YAML); default: built-in values");
  command->add_option("--request", options.request, "The key signing request")->required();
  command->add_option("--request-sha256", options.request_sha256,
                      "Its SHA-256 as those who made it say; without it nothing is signed");
  command->add_option(
      "--signers", options.signers,
      "Allowed signers (ssh-keygen): demand a signature REQUEST.sig by one of them");
  command->add_option(
      "--approval", options.approvals,
      "Approvals (tldctl approve ceremony REQUEST, and activation), where people were adopted");
  command->add_option("--previous", options.previous, "The file of the last ceremony");
  command->add_flag("--first", options.first, "There was no ceremony before");
  command->add_option(
      "--register", options.key_register,
      "A copy of the zone's key register: refuse slots by which a key would come or "
      "go too early, or with keys that it does not know, or has as retired or "
      "without backup");
  command->add_option("--foreign", options.foreign,
                      "Files of another operator's ZSKs that the request lists without proof");
  command->add_option("--horizon", options.horizon,
                      "How far ahead signatures may end; default: two spans and one validity");
  command
      ->add_option("--dialect", options.dialect,
                   "The form of request, file before, and output: ours, or knot")
      ->check(CLI::IsMember({"ours", "knot"}));
}

void add_keys(CLI::App* command, Options& options) {
  const auto term = CLI::Validator([](std::string& text) { return wrong_term(text); }, "ID=TIME");
  command
      ->add_option("--ksk-token", options.ksk_token,
                   "The token with the KSK, as a PKCS #11 URI with pin-source=file: (never a PIN)")
      ->required()
      ->check(token_uri());
  command
      ->add_option("--ksk-id", options.ksk_ids,
                   "A KSK's id; several in a KSK or algorithm roll: each signs each slot")
      ->required()
      ->check(key_id());
  command->add_option("--ksk-from", options.from, "Use that KSK for slots from that time on")
      ->check(term);
  command->add_option("--ksk-until", options.until, "Use that KSK for slots before that time only")
      ->check(term);
  command->add_option("--announce", options.announce,
                      "Ids of the KSKs that CDS and CDNSKEY name; default: each listed one");
  command->add_flag("--ds-at-parent", options.ds_at_parent,
                    "The DS of a KSK that comes is at the parent already: KSKs may be swapped");
  command->add_option("--emergency-for", options.emergency_for,
                      "DNSKEY files: for each make OUTPUT.emergency-KEYTAG without that ZSK");
  command->add_option("--output", options.output, "The signed-key file to write")->required();
  command->add_option("--trust-anchor", options.trust_anchor,
                      "Also write the KSKs' DNSKEY and DS records, for validators and the parent");
}

}  // namespace

void add_ceremony_run(CLI::App& ceremony, Chosen& chosen) {
  CLI::App* command = add_command(
      ceremony, chosen, "run",
      {"Answer a key signing request with the KSK",
       "Checks a key signing request by the policy and against the file of the last\n"
       "ceremony (KSR-... in docs/ceremony.md), shows the SHA-256 of it and of each key,\n"
       "and, once --request-sha256 says that they were compared, signs the slots it asks\n"
       "for. Needs no network and no store. The file is read back and checked as the\n"
       "server will check it before it takes its name.",
       "  tldctl ceremony run --zone kz. --policy policy.yaml --request kz.ksr \\\n"
       "    --previous kz.skr --ksk-id 0123456789abcdef0123456789abcdef \\\n"
       "    --ksk-token "
       "'pkcs11:token=tld-ksk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "ksk.pin' \\\n"
       "    --output kz-next.skr --request-sha256 SUM"});
  const auto options = std::make_shared<Options>();
  add_inputs(command, *options);
  add_keys(command, *options);
  add_audit_option(command, chosen);
  on_chosen(
      command, chosen, [options, &chosen] { return run_approved(chosen, *options); },
      [options] { return misuse(*options); });
}

}  // namespace tld::cli
