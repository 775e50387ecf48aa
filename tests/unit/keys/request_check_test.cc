// SPDX-License-Identifier: GPL-2.0-only
//
// The named checks of requests: each by one that is well-formed, truly signed, and wrong in one
// thing.
#include <map>

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using testing::first_start;
using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;
using testing::make_key_of_any_tag;
using testing::RequestDraft;
using ::testing::StartsWith;

TEST(RequestCheck, AGoodRequestPasses) {
  EXPECT_EQ(RequestDraft{}.refusal(), "");
}

TEST(RequestCheck, RefusalsAreOfKindRefused) {
  const RequestDraft draft;
  RequestContext context = draft.context();
  context.now += days{30};
  const auto request = KeySigningRequest::parse(draft.text(), draft.apex, "kz.ksr").value();
  EXPECT_EQ(request.check(context).error().kind, base::ErrorKind::refused);
}

// Each line of the request's policy is held against the ceremony's own.
TEST(RequestCheck, PolicyOtherThanOurs) {
  const RequestDraft draft;
  const std::pair<const char*, void (*)(Policy&)> changes[] = {
      {"kz.ksr: KSR-POLICY-ALG", [](Policy& p) { p.algorithm = testing::rsa; }},
      {"kz.ksr: KSR-POLICY-KEYS", [](Policy& p) { p.signed_keys.dnskey_ttl /= 2; }},
      {"kz.ksr: KSR-POLICY-SIG-VALIDITY", [](Policy& p) { p.signed_keys.validity += days{1}; }},
      {"kz.ksr: KSR-POLICY-SIG-VALIDITY",
       [](Policy& p) { p.signed_keys.inception_offset += hours{1}; }},
      {"kz.ksr: KSR-POLICY-CDS",
       [](Policy& p) {
         p.signed_keys.cds_digest_types = {2, 4};
       }},
      {"KSR-BUNDLE-CYCLE", [](Policy& p) { p.signed_keys.span += p.signed_keys.slot; }},
      {"kz.ksr: KSR-POLICY-BUNDLE-INTERVALS", [](Policy& p) { p.signed_keys.slot /= 2; }},
  };
  for (const auto& [rule, change] : changes) {
    RequestContext context = draft.context();
    change(context.policy);
    EXPECT_THAT(draft.refusal(context), HasSubstr(rule));
  }
}

TEST(RequestCheck, AlgorithmWithoutAKsk) {
  RequestDraft draft;
  draft.next_zsk = make_key(testing::rsa);
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-POLICY-ALG"));
  RequestContext context = draft.context();
  context.ksks.push_back(make_key(testing::rsa).ksk());
  EXPECT_EQ(draft.refusal(context), "");
}

TEST(RequestCheck, TtlOtherThanThePolicys) {
  RequestDraft draft;
  draft.spoil_data = [](std::size_t index, dns::RRset& rrset) {
    if (index == 1) rrset.ttl = 60;
  };
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-POLICY-KEYS"));
  draft.spoil_data = {};
  draft.spoil_bundle = [](std::size_t, Slot& slot) { slot.rrsets[0].rrset.ttl = 60; };
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-POLICY-KEYS"));
}

TEST(RequestCheck, MoreKeysThanAreSigned) {
  RequestDraft draft;
  RequestContext context = draft.context();
  draft.spoil_data = [&](std::size_t index, dns::RRset& rrset) {
    while (index == 2 && rrset.rdatas.size() <= max_zsks_per_bundle) {
      context.foreign.push_back(make_key().zsk());
      rrset.rdatas.push_back(context.foreign.back().wire());
      dns::canonicalise(rrset.rdatas);
    }
  };
  EXPECT_THAT(draft.refusal(context), HasSubstr("KSR-POLICY-KEYS: the bundle lists 9 keys"));
}

TEST(RequestCheck, BundlesInWrongOrder) {
  for (const seconds shift : {seconds{0}, seconds{-1}}) {
    RequestDraft draft;
    draft.bundles = draft.asked();
    draft.bundles[2].start = draft.bundles[1].start + shift;
    EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-UNIQUE"));
  }
}

TEST(RequestCheck, KeysThatCannotBeUsed) {
  const std::pair<const char*, void (*)(Dnskey&)> faults[] = {
      {"KSK", [](Dnskey& key) { key.flags = 257; }},
      {"revoked", [](Dnskey& key) { key.flags |= Dnskey::flag_revoke; }},
      {"protocol", [](Dnskey& key) { key.protocol = 2; }},
      {"not on the curve", [](Dnskey& key) { key.public_key.back() ^= 1; }},
  };
  for (const auto& [what, spoil] : faults) {
    RequestDraft draft;
    RequestContext context = draft.context();
    Dnskey key = make_key().zsk();
    spoil(key);
    context.foreign = {key};
    draft.spoil_data = [&key](std::size_t, dns::RRset& rrset) {
      rrset.rdatas.push_back(key.wire());
      dns::canonicalise(rrset.rdatas);
    };
    EXPECT_THAT(draft.refusal(context), HasSubstr("KSR-BUNDLE-KEYS")) << what;
  }
}

// The online key must not be the offline one.
TEST(RequestCheck, KskGivenAsZsk) {
  RequestDraft draft;
  draft.next_zsk = draft.ksk;
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-KEYS"));
}

// Two keys with one tag, in two bundles, or in the file before and in the request.
TEST(RequestCheck, TagThatAnotherKeyHasHad) {
  std::map<std::uint16_t, Key> by_tag;
  for (int i = 0; i < 20000; ++i) {
    const Key key = make_key_of_any_tag();
    const auto [other, fresh] = by_tag.emplace(key.zsk().key_tag(), key);
    if (fresh) continue;
    RequestDraft draft;
    draft.zsk = other->second;
    draft.next_zsk = key;
    EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-KEYS"));
    RequestDraft later;
    later.next_zsk = key;
    const SigningPlan before =
        testing::plan_of({&later.ksk}, {{other->second.zsk()}, {later.zsk.zsk()}});
    const auto previous =
        SignedKeys::parse(signed_keys_file(before, first_start()).value(), later.apex).value();
    RequestContext context = later.context();
    context.previous = &previous;
    EXPECT_THAT(later.refusal(context), HasSubstr("KSR-BUNDLE-KEYS"));
    return;
  }
  FAIL() << "no two keys with one tag among 20,000";
}

TEST(RequestCheck, ProofMissing) {
  RequestDraft draft;
  draft.provers = {draft.zsk};
  EXPECT_THAT(draft.refusal(), StartsWith("kz.ksr:11: KSR-BUNDLE-POP"));
  RequestContext context = draft.context();
  context.foreign = {draft.next_zsk.zsk()};
  EXPECT_EQ(draft.refusal(context), "");
}

TEST(RequestCheck, ProofThatDoesNotVerify) {
  RequestDraft draft;
  draft.spoil_bundle = [](std::size_t index, Slot& slot) {
    if (index == 2) slot.rrsets[0].rrsigs[1].signature[9] ^= 1;
  };
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-POP"));
  draft.spoil_bundle = [](std::size_t index, Slot& slot) {
    if (index == 2) slot.rrsets[0].rrsigs[1].key_tag ^= 1;
  };
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-POP"));
}

// A key that was put in after the proofs were made.
TEST(RequestCheck, KeyAddedAfterwards) {
  RequestDraft draft;
  RequestContext context = draft.context();
  context.foreign = {make_key().zsk()};
  draft.spoil_bundle = [&](std::size_t, Slot& slot) {
    slot.rrsets[0].rrset.rdatas.push_back(context.foreign[0].wire());
    dns::canonicalise(slot.rrsets[0].rrset.rdatas);
  };
  EXPECT_THAT(draft.refusal(context), HasSubstr("KSR-BUNDLE-POP"));
}

// Proofs of one time must not serve for another: bundles cannot be moved.
TEST(RequestCheck, BundleMoved) {
  RequestDraft draft;
  draft.spoil_bundle = [](std::size_t, Slot& slot) { slot.start += seconds{1}; };
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-POP"));
}

TEST(RequestCheck, BundlesThatDoNotFitTheSlots) {
  RequestDraft draft;
  draft.bundles = draft.asked();
  draft.bundles[2].start += days{1};
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-CYCLE"));
  draft.bundles[2].start += days{30};
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-POLICY-SIG-OVERLAP"));
  draft.bundles = {};
  draft.bundles = draft.asked();
  draft.bundles[1].start += hours{1};
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-POLICY-BUNDLE-INTERVALS"));
  draft.bundles.pop_back();
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-BUNDLE-COUNT"));
}

// The last second at which the bundle before may still be replaced in time.
TEST(RequestCheck, OverlapToTheSecond) {
  for (const int late : {0, 1}) {
    RequestDraft draft;
    draft.bundles = draft.asked();
    draft.bundles[2].start = draft.bundles[1].start + hours{60} - hours{1} + seconds{late};
    EXPECT_THAT(draft.refusal(),
                HasSubstr(late == 0 ? "KSR-BUNDLE-CYCLE" : "KSR-POLICY-SIG-OVERLAP"));
  }
}

TEST(RequestCheck, ZsksThatAreSwappedFromOneBundleToTheNext) {
  RequestDraft draft;
  draft.bundles = draft.asked();
  draft.bundles[1].dnskeys = draft.bundles[2].dnskeys = {draft.next_zsk.zsk()};
  EXPECT_THAT(draft.refusal(), HasSubstr("KSR-CHAIN-KEYS"));
}

TEST(RequestCheck, Horizon) {
  const RequestDraft draft;
  const base::Time last = first_start() + days{2} + hours{60};
  RequestContext context = draft.context();
  context.now = last - 2 * days{3} - days{3};  // two spans and a validity
  EXPECT_EQ(draft.refusal(context), "");
  context.now -= seconds{1};
  EXPECT_THAT(draft.refusal(context), HasSubstr("KSR-POLICY-SIG-HORIZON"));
  context.horizon = days{9} + seconds{1};
  EXPECT_EQ(draft.refusal(context), "");
  context.now = first_start() + hours{60} - seconds{1};
  EXPECT_EQ(draft.refusal(context), "");
  context.now += seconds{1};
  EXPECT_THAT(draft.refusal(context), HasSubstr("KSR-POLICY-SIG-HORIZON"));
}

// --- the file before ---

struct Chain : RequestDraft {
  // Two slots up to the request's first bundle.
  SigningPlan plan = testing::plan_of({&ksk}, {{zsk.zsk()}, {zsk.zsk()}});

  explicit Chain(seconds before = days{2}) {
    for (PlannedSlot& slot : plan.slots) slot.start -= before;
  }
  std::string chained(bool ds_at_parent = false) const {
    const auto previous =
        SignedKeys::parse(signed_keys_file(plan, first_start()).value(), apex).value();
    RequestContext with = context();
    with.previous = &previous;
    with.ds_at_parent = ds_at_parent;
    return refusal(with);
  }
};

TEST(RequestCheck, ChainsToTheFileBefore) {
  EXPECT_EQ(Chain{}.chained(), "");
}

TEST(RequestCheck, FileBeforeWithoutOurKsk) {
  Chain chain;
  const Key other = make_key();
  chain.plan.ksks = {{other.info.public_key, testing::signer(other)}};
  EXPECT_THAT(chain.chained(), HasSubstr("KSR-PREVIOUS"));
  EXPECT_EQ(chain.chained(/*ds_at_parent=*/true), "");  // double-DS exchanges KSKs
}

TEST(RequestCheck, FileBeforeThatIsWrong) {
  const Chain chain;
  std::vector<Slot> slots = sign_slots(chain.plan).value();
  slots[1].rrsets[0].rrsigs[0].signature[0] ^= 1;
  const auto previous =
      SignedKeys::parse(signed_keys_text(chain.plan.policy, slots, first_start()), chain.apex)
          .value();
  RequestContext context = chain.context();
  context.previous = &previous;
  EXPECT_THAT(chain.refusal(context), HasSubstr("KSR-PREVIOUS"));
}

TEST(RequestCheck, ZskThatTheFileBeforeDoesNotList) {
  Chain chain;
  chain.plan.slots[1].zsks = {chain.next_zsk.zsk(), make_key().zsk()};
  EXPECT_THAT(chain.chained(), HasSubstr("KSR-CHAIN-KEYS"));
  chain.plan.slots[1].zsks.push_back(chain.zsk.zsk());
  EXPECT_EQ(chain.chained(), "");
}

// The slot that the first bundle takes over from counts, not the last one of the file.
TEST(RequestCheck, OverlappingFilesAreComparedWhereTheyMeet) {
  Chain chain{days{1}};
  chain.plan.slots[1].zsks = {make_key().zsk()};
  EXPECT_EQ(chain.chained(), "");
  chain.plan.slots[0].zsks = {make_key().zsk()};
  EXPECT_THAT(chain.chained(), HasSubstr("KSR-CHAIN-KEYS"));
}

TEST(RequestCheck, GapAfterTheFileBefore) {
  // Its last slot starts a day after its first and its signatures live for 60 hours more.
  EXPECT_EQ(Chain{hours{24 + 60 - 1}}.chained(), "");
  EXPECT_THAT(Chain{hours{24 + 60 - 1} + seconds{1}}.chained(), HasSubstr("KSR-CHAIN-OVERLAP"));
}

// An old request given again.
TEST(RequestCheck, RequestOfAnEarlierTime) {
  EXPECT_THAT(Chain{seconds{0}}.chained(), HasSubstr("KSR-CHAIN-OVERLAP"));
  EXPECT_THAT(Chain{-days{1}}.chained(), HasSubstr("KSR-CHAIN-OVERLAP"));
}

TEST(RequestCheck, RequestThatTheFileBeforeAnswers) {
  Chain chain;
  chain.plan = testing::plan_of({&chain.ksk}, {{}, {}, {}});
  const auto asked = chain.asked();
  for (std::size_t i = 0; i < 3; ++i) chain.plan.slots[i].zsks = asked[i].dnskeys;
  EXPECT_THAT(chain.chained(), HasSubstr("KSR-ID"));
}

}  // namespace
}  // namespace tld::keys
