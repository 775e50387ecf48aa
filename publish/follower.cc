// SPDX-License-Identifier: GPL-2.0-only
#include "publish/follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "signer/filler.h"
#include "zones/check.h"
#include "zones/update.h"

namespace tld::publish {

using base::Status;
using std::chrono::milliseconds;

Follower::Follower(Options options, ZoneSetup zone, LiveZone& live, signer::SigningService& service,
                   std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log,
                   OnPublished on_published)
    : options_(std::move(options)),
      zone_(std::move(zone)),
      live_(live),
      service_(service),
      clock_(std::move(clock)),
      log_(std::move(log)),
      on_published_(std::move(on_published)),
      waiting_(Waiting{clock_->now(), "the first load from the store"}) {
  thread_ = std::thread([this] { run(); });
}

Follower::~Follower() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Follower::run() {
  while (!stopping_) {
    woken_ = false;
    const Status outcome = look_guarded();
    note(outcome);
    // A connection that failed is made anew; the file may have been replaced.
    if (outcome.has_error() && outcome.error().retry_can_help()) store_.reset();
    wait(outcome.has_error());
  }
}

void Follower::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void Follower::sleep_until(base::Deadline end) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, end, [this] { return stopping_ || woken_; });
}

// Until something may have changed in the store.
void Follower::wait(bool failed) {
  const auto now = std::chrono::steady_clock::now();
  if (failed || store_ == nullptr) return sleep_until(now + options_.retry_after);
  const bool follows_only = store_->mode() == zones::Store::Mode::read_only;
  if (!follows_only) sleep_until(last_publication_ + options_.interval);
  if (woken_) return;
  constexpr milliseconds at_most{100};  // so long an end of the server can be held up
  constexpr milliseconds where_nothing_tells{20};
  if (!store_->wait_for_commit(follows_only ? where_nothing_tells : at_most)) store_.reset();
}

// Memory or a thread that cannot be had must not end the server: the old version serves on, and
// what was half taken up is loaded anew.
Status Follower::look_guarded() {
  try {
    return look();
  } catch (const std::exception& error) {
    latest_.reset();
    return base::unavailable(std::string("publishing failed: ") + error.what());
  }
}

Status Follower::look() {
  go_back();  // this and the keys need no store
  const Status has_keys = take_keys();
  if (!store_) {
    TLD_TRY(store_, zones::Store::open(options_.store, zones::Store::Mode::read_write));
  }
  TLD_TRY(go_back_in_store());
  TLD_TRY(has_keys);
  TLD_TRY(follow());
  const Status published = publish();
  TLD_TRY(follow());
  const Status lives = go_live();
  go_back();  // from what a verifier has refused just now
  TLD_TRY(go_back_in_store());
  const Status compacted = finish_compaction();  // also of what cannot go live, and grows
  compact_when_worth_it();
  TLD_TRY(lives);
  TLD_TRY(compacted);
  TLD_TRY(published);
  return say_what_stands_in_the_way();
}

// --- publishing

// The store was put back to an older state than what this server has served.
bool Follower::is_overtaken() const {
  const auto live = live_.current();
  return live && latest_ && live->publication != latest_->publication &&
         !dns::serial_less(live->publication.serial, latest_->publication.serial);
}

bool Follower::is_due_again(base::Time now) const {
  if (!latest_) return false;
  const base::Time created = latest_->publication.created;
  return created + options_.republish_after <= now ||
         created.time_since_epoch().count() < wanted_since_;
}

Status Follower::publish() {
  if (store_->mode() == zones::Store::Mode::read_only) return base::ok();
  const auto now = std::chrono::steady_clock::now();
  if (now < last_publication_ + options_.interval) return base::ok();
  base::Time::rep wanted_since = wanted_since_;
  zones::PublishOptions options{clock_->now(), options_.serial, refused_serial_};
  if (is_overtaken()) {
    options.above = live_.current()->publication.serial;
    options.always = true;
  }
  if (latest_ && is_refused(latest_->publication)) {
    TLD_TRY(const auto frozen, store_->frozen(zone_.apex));
    options.always = !frozen;  // thawed: it is judged once more
  } else if (is_due_again(options.now)) {
    options.always = true;
  }
  const auto before = publications_.load();
  TLD_TRY(publish_with(options));
  // What was wanted by a clock that has been put back since would be wanted until then.
  const base::Time::rep made_at = options.now.time_since_epoch().count();
  if (publications_ != before && wanted_since > made_at) {
    wanted_since_.compare_exchange_strong(wanted_since, made_at);
  }
  return base::ok();
}

Status Follower::publish_with(const zones::PublishOptions& options) {
  TLD_TRY(const auto made,
          store_->publish(
              zone_.apex, options,
              [&](const zones::PendingChanges& pending) -> base::Result<zones::Decision> {
                if (pending.first) return decide(pending, nullptr, options_.rules);
                if (!latest_ || pending.last != latest_->publication) {
                  return base::unavailable("another publisher was faster");
                }
                return decide(pending, latest_->signed_zone->zone_pointer(), options_.rules);
              }));
  if (!made) return base::ok();
  last_publication_ = std::chrono::steady_clock::now();
  publications_.fetch_add(1, std::memory_order_relaxed);
  prune();
  return base::ok();
}

void Follower::prune() {
  const base::Time now = clock_->now();
  if (pruned_ && now < *pruned_ + std::chrono::hours{1}) return;
  pruned_ = now;
  if (const Status outcome = store_->prune(zone_.apex, now - options_.keep_publications);
      !outcome) {
    log_->write(base::Level::warning,
                fmt::format("tld: zone {}: old publications stay in the store: {}",
                            zone_.apex.text(), outcome.error().message));
  }
}

// --- following

Status Follower::follow() {
  if (!latest_) {
    TLD_TRY(const auto published, store_->last_publication(zone_.apex));
    if (published && options_.on_seen) options_.on_seen(published->created);
    return published ? load() : base::ok();
  }
  TLD_TRY(const auto last, store_->last_publication(zone_.apex));
  if (!last || *last == latest_->publication) return base::ok();
  if (options_.on_seen) options_.on_seen(last->created);
  TLD_TRY(const auto changes, store_->changes_since(zone_.apex, latest_->publication));
  return changes.whole ? load() : load_changes(changes);
}

Status Follower::load() {
  store_reads_.fetch_add(1, std::memory_order_relaxed);
  TLD_TRY(const auto loaded, store_->load_published(zone_.apex));
  const zones::CheckReport report = zones::check(loaded.content);
  if (!report.passed()) {
    return base::refused("what was published fails its checks: " + report.faults_text());
  }
  warn_of_ttl(loaded.content);
  zone_.build.serial = loaded.publication.serial;
  TLD_TRY(auto zone, zones::build(*report.checked, zone_.build));
  take_other_lineage(
      {loaded.publication,
       std::make_shared<signer::SignedZone>(std::move(zone), zone_.keys, zone_.policy, zone_.log)});
  return base::ok();
}

void Follower::take_other_lineage(Version next) {
  to_sign_.clear();
  not_live_.clear();
  if (const auto live = live_.current()) {
    to_sign_ = signer::carry_over(*live->signed_zone, *next.signed_zone);
  }
  latest_ = std::move(next);
}

Status Follower::load_changes(const zones::PublishedChanges& changes) {
  TLD_TRY(auto update, zones::update(latest_->signed_zone->zone_pointer(), changes.names,
                                     {changes.publication.serial}));
  if (!update.refusals.empty()) return load();  // not what the publisher saw: all of it anew
  if (update.rebuilt) {
    take_other_lineage(
        {changes.publication,
         std::make_shared<signer::SignedZone>(update.zone, zone_.keys, zone_.policy, zone_.log)});
    return base::ok();
  }
  latest_ =
      Version{changes.publication, signer::SignedZone::next(*latest_->signed_zone, update.zone)};
  to_sign_.insert(to_sign_.end(), update.to_sign.begin(), update.to_sign.end());
  wait_to_go_live(changes.names);
  return base::ok();
}

// In the order of their changes, each name once.
void Follower::wait_to_go_live(const std::vector<zones::NameData>& names) {
  std::set<std::string_view> again;
  for (const zones::NameData& name : names) again.insert(name.name.wire());
  std::erase_if(not_live_,
                [&](const auto& earlier) { return again.contains(earlier.name.wire()); });
  not_live_.insert(not_live_.end(), names.begin(), names.end());
}

// --- serving

Status Follower::go_live() {
  if (!latest_) return base::ok();
  const auto live = live_.current();
  if (live && live->publication == latest_->publication) return base::ok();
  if (is_overtaken()) {
    return base::refused(fmt::format(
        "the store's publication {} has serial {}, not above {}, which was served already: it was "
        "put back to an older state; a server that can write to it goes on above that serial",
        latest_->publication.id, latest_->publication.serial, live->publication.serial));
  }
  if (is_refused(latest_->publication)) {
    return base::refused(fmt::format("a verifier refuses serial {}: it never goes live",
                                     latest_->publication.serial));
  }
  TLD_TRY(sign(*latest_));
  TLD_TRY(verify(*latest_->signed_zone));
  swap(latest_->signed_zone, latest_->publication);
  to_sign_.clear();
  not_live_.clear();
  return base::ok();
}

// All that is new in it; of a first version nothing, unless it is to be verified as a whole.
Status Follower::sign(const Version& next) {
  const auto& zone = next.signed_zone;
  if (!live_.current()) {
    if (!options_.verify) return base::ok();
    to_sign_.clear();
    zone->zone().for_each_slot([&](zones::Slot slot) { to_sign_.push_back(slot); });
  }
  std::erase_if(to_sign_, [&](zones::Slot slot) { return !zone->zone().has_slot(slot); });
  const Status outcome =
      signer::sign_all(zone, to_sign_, service_, options_.signing_window, stopping_);
  if (outcome.has_error()) serve_what_needs_no_signature();
  return outcome;
}

namespace {

// `zone` with `change`; null when it cannot go in alone or a signature is needed for it. It is
// tried at each look as long as signatures cannot be had: only what goes in takes numbers of the
// lineage.
std::shared_ptr<const zones::Zone> without_a_signature(
    const std::shared_ptr<const zones::Zone>& zone, const zones::NameData& change) {
  const auto trial = zones::update(zone, {&change, 1}, {.trial = true});
  if (!trial || trial.value().rebuilt || !trial.value().refusals.empty() ||
      !trial.value().to_sign.empty()) {
    return nullptr;
  }
  const auto update = zones::update(zone, {&change, 1}, {});
  return update ? update.value().zone : nullptr;
}

}  // namespace

// Name by name on top of what is live, with its SOA: a change after which no RRset is to be signed.
void Follower::serve_what_needs_no_signature() {
  const auto live = live_.current();
  if (!live || options_.verify) return;
  auto zone = live->signed_zone->zone_pointer();
  for (const zones::NameData& name : not_live_) {
    if (zones::same_data(zones::name_data(*zone, name.name), name)) continue;
    if (auto next = without_a_signature(zone, name)) zone = std::move(next);
  }
  if (zone == live->signed_zone->zone_pointer()) return;
  swap(signer::SignedZone::next(*live->signed_zone, zone), live->publication);
}

// A secondary that is cut off serves on until the SOA's expire; the signatures it has then must
// still be valid. It may have been as much as a refresh behind.
void Follower::warn_of_expiry(const dns::Soa& soa) {
  const std::uint64_t needed = std::uint64_t{soa.expire} + soa.refresh;
  const bool fits = needed <= static_cast<std::uint64_t>(zone_.policy.refresh.count());
  if (fits || expiry_warned_of_ == needed) return;
  expiry_warned_of_ = needed;
  log_->write(
      base::Level::warning,
      fmt::format(
          "tld: zone {}: soa-expiry: SOA expire {} s + refresh {} s = {} s is more than the {} "
          "s (signatures.refresh) that a signature has left when it is made anew: a secondary "
          "that is cut off serves expired signatures before it gives up; lower the SOA's "
          "expire or raise signatures.refresh",
          zone_.apex.text(), soa.expire, soa.refresh, needed, zone_.policy.refresh.count()));
}

// It was published under another policy, or by a server without one: what serves is served on.
void Follower::warn_of_ttl(const zones::ZoneContent& content) {
  if (!options_.rules.max_zone_ttl) return;
  const auto longest = longest_ttl(content);
  if (longest <= *options_.rules.max_zone_ttl) return;
  log_->write(
      base::Level::error,
      fmt::format("tld: zone {}: max-zone-ttl: what is published has a TTL of {} s, above "
                  "the policy's zone.max-zone-ttl, {} s, on which the timing of key rolls "
                  "rests. It is served; raise max-zone-ttl, or lower the TTL and roll no "
                  "key before the old one has run out",
                  zone_.apex.text(), longest.count(), options_.rules.max_zone_ttl->count()));
}

void Follower::swap(std::shared_ptr<const signer::SignedZone> zone,
                    const zones::Publication& publication) {
  warn_of_expiry(zone->zone().soa());
  live_.swap_in(
      std::make_shared<Publication>(Publication{std::move(zone), publication, clock_->now()}));
  if (on_published_) on_published_(publication.serial);
}

// --- telling

Status Follower::say_what_stands_in_the_way() {
  if (!latest_) return base::unavailable("nothing was published yet");
  TLD_TRY(const auto frozen, store_->frozen(zone_.apex));
  if (frozen) {
    return base::refused("the zone is frozen (" + frozen->reason +
                         "): tldctl zone thaw lets changes go live again");
  }
  TLD_TRY(const auto hold, store_->hold(zone_.apex));
  if (hold) {
    return base::refused(fmt::format(
        "the brake holds what the registry has changed: {}; tldctl zone approve --hold "
        "{} lets it go live ({} of {} approvals)",
        hold->reason, hold->id, hold->approved_by.size(), options_.rules.brake.approvals));
  }
  return base::ok();
}

void Follower::note(const Status& outcome) {
  const auto waiting = waiting_.lock();
  if (outcome) {
    waiting->reset();
    return;
  }
  const std::string& why = outcome.error().message;
  const bool said = *waiting && (*waiting)->why == why;
  *waiting = Waiting{*waiting ? (*waiting)->since : clock_->now(), why, not_live_.size()};
  if (said) return;
  log_->write(
      base::Level::error,
      fmt::format("tld: zone {}: what the registry store {} has cannot go live: {}. What was "
                  "served before, if anything, is served on; it is tried again every {} ms",
                  zone_.apex.text(), options_.store.text(), why, options_.retry_after.count()));
}

}  // namespace tld::publish
