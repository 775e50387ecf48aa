// SPDX-License-Identifier: GPL-2.0-only
//
// What follows from a verifier's verdict: a version that never goes live, or one that is left
// again.
#include <fmt/format.h>

#include <utility>

#include "publish/follower.h"

namespace tld::publish {

using base::Status;

Status Follower::verify(const signer::SignedZone& zone) {
  if (!options_.verify) return base::ok();
  TLD_TRY(const std::string complaint, options_.verify(zone));
  if (complaint.empty()) return base::ok();
  ask_for_retreat({live_.current(), complaint, zone.zone().serial()});
  return base::refused("a verifier refuses it: " + complaint);
}

void Follower::retreat(const Publication& refused, std::shared_ptr<const Publication> accepted,
                       const std::string& complaint) {
  ask_for_retreat({std::move(accepted), complaint, refused.publication.serial});
  wake();
}

void Follower::ask_for_retreat(Retreat wanted) {
  const auto retreat = retreat_.lock();
  // What was refused before, again, while the store has yet to follow.
  if (*retreat && (*retreat)->served &&
      !dns::serial_less((*retreat)->refused_serial, wanted.refused_serial)) {
    return;
  }
  *retreat = std::move(wanted);
}

bool Follower::is_refused(const zones::Publication& publication) const {
  return refused_serial_ && !dns::serial_less(*refused_serial_, publication.serial);
}

std::optional<Follower::Retreat> Follower::begin_retreat() {
  const auto retreat = retreat_.lock();
  if (!*retreat) return std::nullopt;
  const auto live = live_.current();
  if (!std::exchange((*retreat)->begun, true)) {
    std::uint32_t& refused = (*retreat)->refused_serial;
    if (refused_serial_ && !dns::serial_less(*refused_serial_, refused)) {
      retreat->reset();  // the verifier was late
      return std::nullopt;
    }
    // What was made on top of it is no better.
    if (live && dns::serial_less(refused, live->publication.serial)) {
      refused = live->publication.serial;
    }
    const auto& to = (*retreat)->to;
    log_->write(base::Level::critical,
                fmt::format("tld: zone {}: incident: a verifier refuses serial {}: {}. {}, and the "
                            "zone is frozen: find the cause, then tldctl zone thaw",
                            zone_.apex.text(), refused, (*retreat)->complaint,
                            to     ? fmt::format("What was accepted last, serial {}, is served",
                                                 to->publication.serial)
                            : live ? "No version was accepted since the start, so it is served on"
                                   : "Nothing is served (SERVFAIL)"));
  }
  return **retreat;
}

// Right data first, under the serial they had, once: other keys may come while the store is away.
void Follower::go_back() {
  const auto wanted = begin_retreat();
  if (!wanted || wanted->served) return;
  refused_serial_ = wanted->refused_serial;
  if (wanted->to) {
    auto zone = wanted->to->signed_zone;
    if (zone->keys() != zone_.keys) zone = signer::SignedZone::with_keys(*zone, zone_.keys);
    latest_ = Version{wanted->to->publication, zone};
    if (live_.current()->signed_zone != wanted->to->signed_zone) {
      swap(zone, wanted->to->publication);
    }
    to_sign_.clear();
    not_live_.clear();
    compaction_.reset();
  }
  // Another one may have been asked for meanwhile: that is not begun.
  const auto retreat = retreat_.lock();
  if (*retreat && (*retreat)->begun) (*retreat)->served = true;
}

// The store gives them a serial above what was refused.
Status Follower::go_back_in_store() {
  const auto wanted = *retreat_.read();
  if (!wanted || !wanted->served) return base::ok();
  TLD_TRY(retreat_in_store(*wanted));
  const auto retreat = retreat_.lock();
  if (*retreat && (*retreat)->served) retreat->reset();
  return base::ok();
}

// Where the store cannot be written, the server that writes it retreats; here its publication is
// awaited.
Status Follower::retreat_in_store(const Retreat& retreat) {
  if (store_->mode() == zones::Store::Mode::read_only) return base::ok();
  const std::string reason = "verification: " + retreat.complaint;
  if (retreat.to) {
    const auto made =
        store_->roll_back(zone_.apex, retreat.to->publication.id,
                          {clock_->now(), options_.serial, retreat.refused_serial}, reason);
    if (made) return base::ok();
    if (made.error().retry_can_help()) return made.error();
  }
  return store_->freeze(zone_.apex, reason, clock_->now());
}

}  // namespace tld::publish
