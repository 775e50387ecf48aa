// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ksr create
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "cli/token_session.h"
#include "hsm/token_keys.h"
#include "keys/key_register.h"
#include "keys/key_schedule.h"
#include "keys/key_signing_request.h"
#include "keys/knot_dialect.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string zone, policy, start, after, key_register, output, dialect = "ours";
  std::vector<std::string> zsks, bundles, foreign, tokens;
};

// --- what the bundles list ---

// From `start` on, until the next one's start.
struct Listing {
  base::Time start;
  std::vector<std::string> files;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t to = 0; to != std::string::npos; from = to + 1) {
    to = text.find(at, from);
    parts.push_back(text.substr(from, to - from));
  }
  return parts;
}

constexpr std::size_t time_digits = 14;

std::string wrong_bundle(const std::string& text) {
  const auto time = keys::time_from_text(std::string_view(text).substr(0, time_digits));
  if (!time) return time.error().message;
  return text.size() > time_digits + 1 && text[time_digits] == ':' ? ""
                                                                   : "must be START:FILE,FILE...";
}

std::vector<Listing> listings_of(const Options& options, base::Time start) {
  if (options.bundles.empty()) return {{start, options.zsks}};
  std::vector<Listing> all;
  for (const std::string& text : options.bundles) {
    all.push_back({to_time(text.substr(0, time_digits)), split(text.substr(time_digits + 1), ',')});
  }
  std::ranges::sort(all, {}, &Listing::start);
  return all;
}

base::Result<std::vector<keys::KeyBundle>> bundles_of(const Options& options,
                                                      const keys::RequestInput& input,
                                                      base::Time start) {
  const keys::SignedKeysPolicy& policy = input.policy.signed_keys;
  const std::vector<Listing> listings = listings_of(options, start);
  std::vector<keys::KeyBundle> bundles;
  for (auto past = std::chrono::seconds{0}; past < policy.span; past += policy.slot) {
    const auto later = [&](const Listing& each) { return each.start <= start + past; };
    const auto listing = std::find_if(listings.rbegin(), listings.rend(), later);
    if (listing == listings.rend()) {
      return base::refused(
          fmt::format("no --bundle says what to list from {} on", keys::time_text(start + past)));
    }
    TLD_TRY(auto listed, read_dnskeys(listing->files, input.apex));
    bundles.push_back({start + past, std::move(listed)});
  }
  return bundles;
}

// A KSK signs in ceremonies only: an entry that calls its public key a ZSK's gets no signature.
base::Status check_no_ksk(const keys::Keys& held) {
  for (const keys::ManagedKey& ksk : held) {
    if (!ksk.is_ksk()) continue;
    const auto same = std::ranges::find_if(held, [&ksk](const keys::ManagedKey& key) {
      return !key.is_ksk() && key.dnskey.public_key == ksk.dnskey.public_key;
    });
    if (same == held.end()) continue;
    return base::refused(
        fmt::format("KSR-KSK: the register has one public key as KSK {} and ZSK {}",
                    ksk.dnskey.key_tag(), same->dnskey.key_tag()));
  }
  return base::ok();
}

// As the policy and what has happened to the keys have it.
base::Result<std::vector<keys::KeyBundle>> scheduled(const Options& options,
                                                     keys::RequestInput& input, base::Time start) {
  TLD_TRY(const auto held, keys::KeyRegister::read_file(options.key_register, input.apex));
  TLD_TRY(check_no_ksk(held.keys()));
  for (const keys::ManagedKey& key : held.keys()) {
    if (key.foreign) input.foreign.push_back(key.dnskey);
  }
  return keys::schedule(input.policy, held.keys(), start, start + input.policy.signed_keys.span);
}

// --- when ---

// The end of the last slot of the file before, so that its slots go on without a gap.
base::Result<base::Time> start_after(const std::string& file, const keys::RequestInput& input) {
  TLD_TRY(const auto before, load_signed_keys(file, input.apex, Dialect::ours, input.policy));
  return before.value.slots().back().start + input.policy.signed_keys.slot;
}

base::Result<base::Time> start_of(const Options& options, const keys::RequestInput& input) {
  if (!options.start.empty()) return to_time(options.start);
  if (!options.after.empty()) return start_after(options.after, input);
  return std::chrono::time_point_cast<std::chrono::seconds>(
      std::chrono::floor<std::chrono::days>(input.made_at));
}

// --- proofs ---

base::Status add_proofs(TokenSession& token, const std::vector<dns::Dnskey>& wanted,
                        keys::RequestInput& input) {
  TLD_TRY(const auto all, hsm::list_keys(token.session()));
  for (const hsm::KeyInfo& info : all) {
    const dns::Dnskey dnskey = keys::dnskey_of(info.public_key, false);
    if (std::ranges::count(wanted, dnskey) == 0) continue;
    TLD_TRY(const auto key, hsm::find_key(token.session(), info.id));
    input.zsks.push_back({dnskey, [&token, key](const std::string& message) {
                            return token.session().sign(key, message);
                          }});
  }
  return base::ok();
}

std::vector<dns::Dnskey> listed_in(const std::vector<keys::KeyBundle>& bundles) {
  std::vector<dns::Dnskey> all;
  for (const keys::KeyBundle& bundle : bundles) {
    for (const dns::Dnskey& key : bundle.dnskeys) {
      if (std::ranges::count(all, key) == 0) all.push_back(key);
    }
  }
  return all;
}

// --- the command ---

base::Result<std::string> make_text(const Options& options, keys::RequestInput& input) {
  std::vector<TokenSession> tokens;
  tokens.reserve(options.tokens.size());  // the proofs refer to them
  const std::vector<dns::Dnskey> listed = listed_in(input.bundles);
  for (const std::string& uri : options.tokens) {
    TLD_TRY(auto token, TokenSession::open(uri, false));
    tokens.push_back(std::move(token));
    TLD_TRY(add_proofs(tokens.back(), listed, input));
  }
  TLD_TRY(std::string text, keys::make_request(input));
  if (options.dialect != "knot") return text;
  TLD_TRY(const auto request, keys::KeySigningRequest::parse(text, input.apex));
  return keys::knot_request_text(request.bundles(), input.made_at);
}

Report report_of(const Options& options, const keys::RequestInput& input, const std::string& text) {
  const auto& first = input.bundles.front();
  const auto& last = input.bundles.back();
  Report report;
  report.json = {{"zone", input.apex.text()},
                 {"request", options.output},
                 {"sha256", sha256_text(text)},
                 {"first_start", keys::time_text(first.start)},
                 {"last_start", keys::time_text(last.start)},
                 {"bundles", input.bundles.size()},
                 {"keys", ordered_json::array()}};
  report.text = fmt::format(
      "{}: key signing request of {}\n  SHA-256        {}\n"
      "  bundles        {}, from {} to {}\n",
      options.output, input.apex.text(), sha256_text(text), input.bundles.size(),
      keys::time_text(first.start), keys::time_text(last.start));
  for (const dns::Dnskey& key : listed_in(input.bundles)) {
    report.json["keys"].push_back(key_json(key));
    report.text += key_line(key);
  }
  return report;
}

base::Result<Report> create(const Options& options) {
  keys::RequestInput input;
  input.apex = to_name(options.zone);
  input.made_at = base::SystemClock().now();
  TLD_TRY(input.policy, read_policy(options.policy));
  if (input.policy.keys.backup_required && options.key_register.empty()) {
    return base::refused(
        "KEY-BACKUP: the policy asks for proved backups, which a key register has: give "
        "--register");
  }
  TLD_TRY(input.foreign, read_dnskeys(options.foreign, input.apex));
  TLD_TRY(const base::Time start, start_of(options, input));
  TLD_TRY(input.bundles, options.key_register.empty() ? bundles_of(options, input, start)
                                                      : scheduled(options, input, start));
  TLD_TRY(auto output, OutputFile::create(options.output));
  TLD_TRY(const std::string text, make_text(options, input));
  output.stream() << text;
  TLD_TRY(output.commit());
  return report_of(options, input, text);
}

void add_options(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--policy", options.policy, "The policy (YAML); default: built-in values");
  command->add_option("--zsk", options.zsks, "Files with the DNSKEY records to list in every slot");
  command
      ->add_option("--bundle", options.bundles,
                   "START:FILE,FILE...: list these from that time (YYYYMMDDHHMMSS) on, until the "
                   "next --bundle's")
      ->check(CLI::Validator([](std::string& text) { return wrong_bundle(text); }, "START:FILES"));
  command->add_option("--register", options.key_register,
                      "The key register: list what the policy has in each slot");
  command->add_option("--foreign", options.foreign,
                      "Files of those among them that are another operator's: no proof is made");
  command
      ->add_option("--token", options.tokens,
                   "A token with ZSKs, as a PKCS #11 URI with pin-source=file: (never a PIN)")
      ->required()
      ->check(token_uri());
  CLI::Option* start = command->add_option("--start", options.start, "When the first slot starts")
                           ->check(start_time());
  command
      ->add_option(
          "--after", options.after,
          "The signed-key file before: start where its slots end. Default: today 00:00 UTC")
      ->excludes(start);
  command->add_option("--output", options.output, "The request to write")->required();
  command->add_option("--dialect", options.dialect, "Its form: ours, or knot for Knot's keymgr")
      ->check(CLI::IsMember({"ours", "knot"}));
}

}  // namespace

void add_ksr(CLI::App& app, Chosen& chosen) {
  CLI::App* ksr = app.add_subcommand("ksr", "Ask for the keys of the next months to be signed");
  ksr->require_subcommand(1);
  CLI::App* command = add_command(
      *ksr, chosen, "create",
      {"Make a key signing request",
       "Makes the request that is carried to the ceremony: which ZSKs each slot of the\n"
       "next signed-key file is to list, and for each slot a signature by each of them,\n"
       "as proof that the token here holds it (docs/ceremony.md). Read its SHA-256 to\n"
       "the people at the ceremony.",
       "  tldctl ksr create --zone kz. --policy policy.yaml \\\n"
       "    --bundle 20260401000000:a.dnskey --bundle 20260421000000:a.dnskey,b.dnskey \\\n"
       "    --start 20260401000000 --output kz.ksr \\\n"
       "    --token "
       "'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "zsk.pin'"});
  const auto options = std::make_shared<Options>();
  add_options(command, *options);
  on_act(
      command, chosen, "ksr-create", [options] { return options->zone + " to " + options->output; },
      [options] { return create(*options); },
      [options]() -> std::string {
        const int ways =
            !options->zsks.empty() + !options->bundles.empty() + !options->key_register.empty();
        return ways == 1 ? "" : "give one of --register, --bundle and --zsk";
      });
}

}  // namespace tld::cli
