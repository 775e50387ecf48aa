// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/question.h"

#include <algorithm>

namespace tld::plugin {
namespace {

constexpr std::chrono::milliseconds longest_wait{20};

}  // namespace


void Question::restart() {
  pinned_.clear();
  goes_on_at_.reset();
  wait_until_.reset();
  now_ = server_.clock().now();
}

// A question that ended looks the same as one that goes on: its pins are good for a second more at
// most, and are of one version all the same.
bool Question::goes_on_with(dns::NameView name) const {
  return goes_on_at_ && goes_on_at_->name.view().is_at_or_below(name) &&
         (goes_on_at_->there || goes_on_at_->name.view() != name) &&
         server_.clock().now() - now_ <= std::chrono::seconds{1};
}

void Question::follow(const dns::Name& cname_target) { goes_on_at_ = {cname_target, true}; }

const PinnedZone* Question::begin(dns::NameView name) {
  if (!goes_on_with(name)) restart();
  goes_on_at_ = {dns::Name(name), false};
  ServedZone* const served = server_.zone_above(name);
  return served != nullptr ? pin(*served) : nullptr;
}

const PinnedZone* Question::begin_transfer(dns::NameView apex) {
  restart();
  ServedZone* const served = server_.zone_at(apex);
  return served != nullptr ? pin(*served) : nullptr;
}

const PinnedZone* Question::seen(const ServedZone* served) const {
  const auto found = std::find_if(seen_.begin(), seen_.end(),
                                  [&](const PinnedZone& z) { return z.served == served; });
  return found != seen_.end() ? &*found : nullptr;
}

const PinnedZone* Question::zone_by_id(int zone_id) const {
  for (const ServedZone* served : pinned_) {
    if (served->id() == zone_id) return seen(served);
  }
  return pinned_.empty() ? nullptr : seen(pinned_.back());
}

const PinnedZone* Question::zone_for(int zone_id, dns::NameView name) {
  const ServedZone* last = nullptr;
  for (const ServedZone* served : pinned_) {
    if (!name.is_at_or_below(served->apex())) continue;
    last = served;
    if (served->id() == zone_id) break;
  }
  if (last != nullptr) return seen(last);
  // A name outside what is pinned: an additional name in another of our zones.
  if (pinned_.empty()) now_ = server_.clock().now();
  ServedZone* const served = server_.zone_above(name);
  return served != nullptr ? pin(*served) : nullptr;
}

const PinnedZone* Question::pin(ServedZone& served) {
  auto found = std::find_if(seen_.begin(), seen_.end(),
                            [&](const PinnedZone& z) { return z.served == &served; });
  if (found == seen_.end()) {
    seen_.push_back({&served, 0, nullptr, nullptr, {}, nullptr});
    found = seen_.end() - 1;
  }
  const bool pinned = std::find(pinned_.begin(), pinned_.end(), &served) != pinned_.end();
  if (pinned) return &*found;
  refresh(*found);
  pinned_.push_back(&served);
  return &*found;
}

void Question::refresh(PinnedZone& seen) {
  const std::uint64_t generation = seen.served->generation();
  if (seen.generation != generation || !seen.publication) {
    seen.publication = seen.served->publication();
    seen.signed_keys = seen.served->signed_keys();
    seen.generation = generation;
    seen.zsks = seen.publication ? seen.signed_zone().served_dnskeys() : std::vector<dns::Dnskey>();
  }
  if (!seen.publication || !seen.signed_keys) {
    server_.counters().servfail_not_loaded.fetch_add(1, std::memory_order_relaxed);
    throw CannotAnswer{"zone " + seen.served->apex().text() + " is not loaded yet"};
  }
  seen.slot = seen.signed_keys->at(now_, seen.zsks);
}

base::Deadline Question::wait_until() {
  if (!wait_until_) wait_until_ = std::chrono::steady_clock::now() + longest_wait;
  return *wait_until_;
}

}  // namespace tld::plugin
