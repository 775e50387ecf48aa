// SPDX-License-Identifier: GPL-2.0-only
#include "keys/parent_ds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "keys/next_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

// RFC 8624 §3.3: SHA-1 tells whose DS it is, but nobody should rely on it.
bool is_relied_on(const dns::Ds& ds) {
  return ds.digest_type == dns::digest_sha256 || ds.digest_type == dns::digest_sha384;
}

bool is_of(const dns::Ds& ds, dns::NameView apex, const ManagedKey& key) {
  const auto ours = dns::make_ds(apex, key.dnskey, ds.digest_type);
  return key.is_ksk() && ours && ours.value().wire() == ds.wire();
}

std::string text_of(const std::string& rdata) {
  return dns::rdata_text(dns::RRType::DS, rdata);
}

class Judge {
 public:
  Judge(dns::NameView apex, const Keys& keys, const std::vector<ParentAnswer>& answers)
      : apex_(apex), keys_(keys), answers_(answers) {}

  ParentVerdict judge() && {
    if (answers_.empty()) verdict_.faults.emplace_back("PARENT-NO-SERVERS: nobody was asked");
    for (const ParentAnswer& answer : answers_) look_at(answer);
    if (established()) note_events();
    note_ttls();
    return std::move(verdict_);
  }

 private:
  // Has this DS RRset one of the key? `relied_on`: one that validators rely on.
  bool has(const ParentAnswer& answer, const ManagedKey& key, bool relied_on) const {
    return std::ranges::any_of(answer.ds, [&](const std::string& rdata) {
      const auto ds = dns::Ds::from_wire(rdata);
      return ds && is_of(ds.value(), apex_, key) && (!relied_on || is_relied_on(ds.value()));
    });
  }
  bool is_expected(const std::string& rdata) const {
    const auto ds = dns::Ds::from_wire(rdata);
    return ds && std::ranges::any_of(keys_, [&](const ManagedKey& key) {
             return is_of(ds.value(), apex_, key) && key.has(Kind::ds_submitted) &&
                    !key.has(Kind::ds_gone);
           });
  }
  void fault(const char* check, const ParentAnswer& answer, const std::string& why) {
    verdict_.faults.push_back(fmt::format("{}: {}: {}", check, answer.server, why));
  }

  void look_at(const ParentAnswer& answer) {
    if (!answer.fault.empty()) {
      all_sound_ = false;
      return fault("PARENT-NO-ANSWER", answer, answer.fault);
    }
    for (const std::string& rdata : answer.ds) {
      if (is_expected(rdata)) continue;
      all_sound_ = false;
      fault("PARENT-UNEXPECTED-DS", answer,
            "DS " + text_of(rdata) + " is of no key whose DS was submitted");
    }
    for (const ManagedKey& key : keys_) {
      if (is_wanted_at_parent(key) && !has(answer, key, true)) {
        fault("PARENT-LACKS-DS", answer, "no DS (SHA-256 or SHA-384) of " + key.describe());
      }
      if (ds_place(key) == DsPlace::withdrawn && has(answer, key, false)) {
        fault("PARENT-KEEPS-DS", answer, "still has the DS of " + key.describe());
      }
    }
  }

  bool established() const {
    return !answers_.empty() && all_sound_ &&
           std::ranges::all_of(answers_, [this](const ParentAnswer& answer) {
             return answer.ds == answers_.front().ds;
           });
  }
  seconds highest_ttl(const ManagedKey& key) const {
    seconds highest{0};
    for (const ParentAnswer& answer : answers_) {
      if (answer.fault.empty() && has(answer, key, false)) {
        highest = std::max(highest, answer.ds_ttl);
      }
    }
    return highest;
  }

  void note_events() {
    const ParentAnswer& all = answers_.front();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const DsPlace place = ds_place(keys_[i]);
      if (place == DsPlace::submitted && has(all, keys_[i], true)) {
        verdict_.events.push_back({i, Kind::ds_seen, highest_ttl(keys_[i])});
      }
      if (place == DsPlace::withdrawn && !has(all, keys_[i], false)) {
        verdict_.events.push_back({i, Kind::ds_gone});
      }
    }
  }
  void note_ttls() {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const bool told = std::ranges::any_of(verdict_.events, [i](const KeyStep& event) {
        return event.key == i && event.kind == Kind::ds_seen;
      });
      const bool may_be_there =
          keys_[i].has(Kind::ds_submitted) && !keys_[i].has(Kind::ds_gone) && !told;
      const seconds ttl = highest_ttl(keys_[i]);
      if (may_be_there && ttl > keys_[i].highest_ds_ttl()) {
        verdict_.ttls.push_back({i, Kind::ds_ttl_seen, ttl});
      }
    }
  }

  const dns::NameView apex_;
  const Keys& keys_;
  const std::vector<ParentAnswer>& answers_;
  bool all_sound_ = true;
  ParentVerdict verdict_;
};

}  // namespace

const char* to_string(DsPlace place) {
  static constexpr std::array<const char*, 5> names = {"not submitted", "submitted, not seen yet",
                                                       "at the parent",
                                                       "withdrawn, not seen gone yet", "gone"};
  return names.at(static_cast<std::size_t>(place));
}

DsPlace ds_place(const ManagedKey& key) {
  if (key.has(Kind::ds_gone)) return DsPlace::gone;
  if (key.has(Kind::ds_withdrawn)) return DsPlace::withdrawn;
  if (key.has(Kind::ds_seen)) return DsPlace::at_parent;
  return key.has(Kind::ds_submitted) ? DsPlace::submitted : DsPlace::not_submitted;
}

bool is_wanted_at_parent(const ManagedKey& key) {
  const DsPlace place = ds_place(key);
  return place == DsPlace::submitted || place == DsPlace::at_parent;
}

std::optional<DsRequest> next_ds_request(const Policy& policy, const Keys& keys, base::Time now) {
  for (const Proposal& proposal : next_steps(policy, keys, now)) {
    DsRequest request{{}, {}, proposal.time, proposal.waits_for};
    for (const KeyStep& step : proposal.steps) {
      if (step.kind == Kind::ds_submitted) request.submit.push_back(step.key);
      if (step.kind == Kind::ds_withdrawn) request.withdraw.push_back(step.key);
    }
    if (!request.submit.empty() || !request.withdraw.empty()) return request;
  }
  return std::nullopt;
}

std::string ds_attestation(const dns::Name& apex, const Keys& keys, const KeySteps& steps,
                           base::Time time) {
  std::string facts;
  for (const KeyStep& step : steps) {
    if (step.kind != Kind::ds_seen && step.kind != Kind::ds_gone) continue;
    const base::Sha256 fingerprint = keys.at(step.key).dnskey.fingerprint();
    facts +=
        fmt::format("{}: {}", to_string(step.kind), base::to_hex(base::as_octets(fingerprint)));
    if (step.kind == Kind::ds_seen) facts += fmt::format(" ttl {}", step.ds_ttl.count());
    facts += "\n";
  }
  if (facts.empty()) return "";
  return fmt::format("tld-ds-attestation 1\nzone: {}\nday: {}\nat: all servers of the parent\n{}",
                     apex.text(), readable_time(time).substr(0, 10), facts);
}

ParentVerdict judge_parent(dns::NameView apex, const Keys& keys,
                           const std::vector<ParentAnswer>& answers) {
  return Judge(apex, keys, answers).judge();
}

}  // namespace tld::keys
