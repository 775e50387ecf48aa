// SPDX-License-Identifier: GPL-2.0-only
#include "cli/epp_frames.h"

namespace tld::cli {

FrameCounts answer_frames(epp::FrameReader frames, const epp::Settings& settings,
                          const epp::Begin& begin, const base::Clock& clock, const std::string& run,
                          const std::function<bool(const epp::Reply&)>& take) {
  FrameCounts counts;
  while (const auto frame = frames.next()) {
    const std::string server_id = run + "-" + std::to_string(counts.frames + 1);
    const epp::Reply reply = epp::answer(*frame, settings, begin, clock.now(), server_id);
    ++counts.frames;
    if (reply.code != epp::Code::done) ++counts.refused;
    if (reply.code == epp::Code::failed) ++counts.failed;
    counts.stopped = !take(reply);
    if (counts.stopped) break;
  }
  counts.lost = frames.lost();
  return counts;
}

}  // namespace tld::cli
