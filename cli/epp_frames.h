// SPDX-License-Identifier: GPL-2.0-only
//
// Many EPP frames, one behind the other, each answered in turn: what `tldctl epp apply` does with
// its input, whatever the store is.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "epp/epp.h"

namespace tld::cli {

struct FrameCounts {
  std::uint64_t frames = 0;   // answered
  std::uint64_t refused = 0;  // with another code than 1000
  std::uint64_t failed = 0;   // of those, with 2400: the store did not take it
  bool lost = false;          // the input ends in what is no frame, or behind one
  bool stopped = false;       // `take` did not take a response: nothing behind it was carried out
};

// `take` gets each reply before the next frame is looked at; false: no more. svTRIDs are `run`, at
// most 40 characters, and a number.
FrameCounts answer_frames(epp::FrameReader frames, const epp::Settings& settings,
                          const epp::Begin& begin, const base::Clock& clock, const std::string& run,
                          const std::function<bool(const epp::Reply&)>& take);

}  // namespace tld::cli
