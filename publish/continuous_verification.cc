// SPDX-License-Identifier: GPL-2.0-only
#include "publish/continuous_verification.h"

#include <fmt/format.h>

namespace tld::publish {

ContinuousVerification::ContinuousVerification(Options options, dns::Name apex,
                                               const LiveZone& live, ZoneVerifier& verifier,
                                               std::shared_ptr<base::Log> log,
                                               OnMismatch on_mismatch)
    : options_(options),
      apex_(std::move(apex)),
      live_(live),
      verifier_(verifier),
      log_(std::move(log)),
      on_mismatch_(std::move(on_mismatch)) {
  thread_ = std::thread([this] { run(); });
}

ContinuousVerification::~ContinuousVerification() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool ContinuousVerification::sleep(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_.load(); });
}

void ContinuousVerification::run() {
  for (;;) {
    const auto current = live_.current();
    const bool ready = current && current->signed_zone->is_signed();
    if (!ready) {
      if (!sleep(options_.look_again)) return;
      continue;
    }
    try {
      look();
    } catch (const std::exception& error) {
      note_failure(error.what());
    }
    if (!sleep(options_.interval)) return;
  }
}

void ContinuousVerification::look() {
  const auto pinned = live_.current();
  auto complaint = verifier_.complaint_about(*pinned->signed_zone, stopping_);
  // Once more: a file that was damaged on its way is no fault of the zone.
  if (complaint && !complaint.value().empty()) {
    complaint = verifier_.complaint_about(*pinned->signed_zone, stopping_);
  }
  if (stopping_) return;
  if (!complaint) return note_failure(complaint.error().message);
  failure_.clear();
  if (complaint.value().empty()) {
    accepted_ = pinned;
    return;
  }
  on_mismatch_({pinned, accepted_, complaint.value()});
}

void ContinuousVerification::note_failure(const std::string& why) {
  if (why == failure_) return;
  failure_ = why;
  log_->write(base::Level::error,
              fmt::format("tld: zone {}: verification: what is served could not be judged: {}. It "
                          "is served on; it is tried again every {} s",
                          apex_.text(), why,
                          std::chrono::ceil<std::chrono::seconds>(options_.interval).count()));
}

}  // namespace tld::publish
