// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ceremony_sitting.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/duration.h"
#include "cli/allowed_signers.h"
#include "cli/arguments.h"
#include "cli/progress.h"
#include "keys/ceremony.h"
#include "keys/key_register.h"
#include "keys/key_steps.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

base::Result<std::string> knot_text(const keys::SigningPlan& plan, base::Time now) {
  TLD_TRY(const auto slots, keys::sign_slots(plan));
  std::string text = keys::knot_response_text(slots, now);
  TLD_TRY(const auto read_back,
          keys::read_knot_response(text, plan.apex, plan.policy, "the new signed-key file"));
  TLD_TRY(read_back.check(plan.slots.front().zsks, plan.slots.front().start));
  return text;
}

base::Result<std::string> sign(keys::SigningPlan plan, const SittingOptions& options,
                               const Sitting& sitting, const std::vector<dns::Dnskey>& without) {
  ProgressBar bar("signing", "signatures");
  plan.progress = bar.callback();
  if (options.form() == Dialect::knot) return knot_text(plan, sitting.now);
  TLD_TRY(std::string text, keys::signed_keys_file(plan, sitting.now));
  TLD_TRY(const auto answer, keys::SignedKeys::parse(text, sitting.apex));
  TLD_TRY(keys::check_answer(answer, sitting.request.value, without));
  return text;
}

// --- what is checked ---

// By its DNSKEY record: the file's key, with the flags of a KSK.
base::Result<hsm::KeyId> id_of(const SittingOptions& options, const dns::Name& apex,
                               const std::string& file, hsm::Session& session) {
  TLD_TRY(const auto dnskeys, read_dnskeys({file}, apex, options.read));
  TLD_TRY(const auto held, hsm::list_keys(session));
  const auto found = std::ranges::find_if(held, [&dnskeys](const hsm::KeyInfo& key) {
    return keys::dnskey_of(key.public_key, true) == dnskeys.front();
  });
  if (found != held.end()) return found->id;
  return base::refused("CEREMONY-KSK: the token has no key for the KSK of " + file);
}

base::Result<std::vector<keys::KskTerm>> find_ksks(const SittingOptions& options,
                                                   const dns::Name& apex, hsm::Session& session) {
  std::vector<keys::KskTerm> terms;
  for (const KskUse& use : options.ksks) {
    TLD_TRY(const auto id, use.dnskey.empty() ? base::Result<hsm::KeyId>(to_key_id(use.id))
                                              : id_of(options, apex, use.dnskey, session));
    TLD_TRY(const auto key, hsm::find_key(session, id));
    keys::KskTerm term;
    term.ksk = {key.info.public_key,
                [&session, key](const std::string& message) { return session.sign(key, message); }};
    term.from = use.from;
    term.until = use.until;
    term.announced = use.announced;
    terms.push_back(std::move(term));
  }
  return terms;
}

base::Status check_request(const SittingOptions& options, const Sitting& sitting,
                           const std::vector<keys::KskTerm>& ksks) {
  keys::RequestContext context;
  context.policy = sitting.policy;
  context.now = sitting.now;
  context.previous = sitting.previous ? &sitting.previous->value : nullptr;
  context.ksks = dnskeys_of(ksks);
  context.foreign = sitting.foreign;
  context.ds_at_parent = options.ds_at_parent;
  if (!options.horizon.empty()) {
    TLD_TRY(context.horizon, base::parse_duration(options.horizon));
  }
  return sitting.request.value.check(context);
}

base::Status check_register(const SittingOptions& options, const Sitting& sitting,
                            const std::vector<keys::KskTerm>& ksks, const keys::SigningPlan& plan) {
  if (options.key_register.empty()) return base::ok();
  TLD_TRY(const auto held, read_register(options.key_register, sitting.apex, options.read));
  TLD_TRY(keys::check_by_register(plan, held.keys(), sitting.now));
  for (const dns::Dnskey& ksk : dnskeys_of(ksks)) {
    const auto place = held.find(ksk.fingerprint());
    if (!place) {
      return base::refused("KEY-UNKNOWN: the register does not have KSK " +
                           sha256_text(ksk.wire()));
    }
    TLD_TRY(held.may_sign(*place));
    TLD_TRY(keys::check_backup(sitting.policy, held.keys()[*place]));
  }
  for (const keys::ManagedKey& key : held.keys()) {
    if (std::ranges::count(sitting.request.value.keys(), key.dnskey) == 0) continue;
    if (key.has(keys::KeyEventKind::removed)) {
      return base::refused("KEY-RETIRED: " + key.describe() +
                           ": it was removed, and is not to be listed again");
    }
    if (key.has(keys::KeyEventKind::published)) continue;
    TLD_TRY(keys::check_backup(sitting.policy, key));
  }
  return base::ok();
}

}  // namespace

std::string emergency_file(const std::string& output, const dns::Dnskey& stolen) {
  return fmt::format("{}.emergency-{}", output, stolen.key_tag());
}

base::Result<Sitting> prepare_sitting(const SittingOptions& options) {
  const dns::Name apex = to_name(options.zone);
  TLD_TRY(const auto policy, read_policy(options.policy, options.read));
  TLD_TRY(auto request, load_request(options.request, apex, options.form(), policy, options.read));
  Sitting sitting{apex, policy, base::SystemClock().now(), std::move(request), {}, {}, {}, {}};
  if (!options.signers.empty()) {
    TLD_TRY(sitting.signer,
            verify_signature("KSR-SIGNATURE", options.request, sitting.request.octets,
                             options.signers, request_namespace, options.read));
  }
  if (!options.previous.empty()) {
    TLD_TRY(auto previous,
            load_signed_keys(options.previous, apex, options.form(), policy, options.read));
    sitting.previous = std::move(previous);
  }
  TLD_TRY(sitting.foreign, read_dnskeys(options.foreign, apex, options.read));
  TLD_TRY(sitting.stolen, read_dnskeys(options.emergency_for, apex, options.read));
  return sitting;
}

std::vector<dns::Dnskey> dnskeys_of(const std::vector<keys::KskTerm>& terms) {
  std::vector<dns::Dnskey> ksks;
  for (const keys::KskTerm& term : terms) ksks.push_back(keys::dnskey_of(term.ksk.key, true));
  return ksks;
}

base::Result<PlannedSitting> plan_sitting(const SittingOptions& options, const Sitting& sitting,
                                          hsm::Session& session) {
  TLD_TRY(auto ksks, find_ksks(options, sitting.apex, session));
  TLD_TRY(check_request(options, sitting, ksks));
  const keys::SignedKeys* previous = sitting.previous ? &sitting.previous->value : nullptr;
  TLD_TRY(auto plan, keys::plan_response(sitting.request.value, sitting.policy, ksks, previous,
                                         options.ds_at_parent));
  TLD_TRY(check_register(options, sitting, ksks, plan));
  return PlannedSitting{std::move(ksks), std::move(plan)};
}

// All places are opened first and all files are signed before the first takes its name.
base::Status sign_all(const SittingOptions& options, const Sitting& sitting,
                      const keys::SigningPlan& plan, std::vector<Made>& made) {
  struct Output {
    OutputFile file;
    std::string text;
    Made made;
  };
  std::vector<Output> outputs;
  const auto add = [&](const keys::SigningPlan& each, const std::string& file,
                       const std::vector<dns::Dnskey>& without) -> base::Status {
    TLD_TRY(auto output, open_output_file(file, options.place));
    TLD_TRY(auto text, sign(each, options, sitting, without));
    Made one{file, sha256_text(text), {}};
    if (!without.empty()) one.without = without.front().key_tag();
    outputs.push_back({std::move(output), std::move(text), std::move(one)});
    return base::ok();
  };
  TLD_TRY(add(plan, options.output, {}));
  for (const dns::Dnskey& stolen : sitting.stolen) {
    TLD_TRY(const auto without, keys::plan_emergency(plan, stolen));
    TLD_TRY(add(without, emergency_file(options.output, stolen), {stolen}));
  }
  for (Output& output : outputs) {
    output.file.stream() << output.text;
    TLD_TRY(output.file.commit());
    made.push_back(std::move(output.made));
  }
  return base::ok();
}

base::Result<std::optional<Made>> write_trust_anchor(const SittingOptions& options,
                                                     const Sitting& sitting,
                                                     const std::vector<keys::KskTerm>& ksks) {
  if (options.trust_anchor.empty()) return std::optional<Made>();
  std::string text;
  for (const keys::KskTerm& term : ksks) {
    TLD_TRY(const std::string one,
            keys::trust_anchor_text(sitting.apex, term.ksk.key, sitting.policy));
    text += one;
  }
  TLD_TRY(write_output_file(options.trust_anchor, text, options.place));
  return std::optional(Made{options.trust_anchor, sha256_text(text), {}});
}

}  // namespace tld::cli
