// SPDX-License-Identifier: GPL-2.0-only
//
// The people in the room of a ceremony: what they are told (stderr) and what they answer, a line of
// stdin. What comes from a script or a file is made safe for their terminal.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <string>

namespace tld::cli {

inline constexpr std::size_t max_room_note = 1000;  // octets; a longer note is asked for again

struct RoomAnswer {
  bool goes_on = false;
  std::string text;  // a note for the transcript, or why they stopped; "" if they said nothing
};

// One line.
void tell_room(const std::string& line);

// Waits for a line. An empty one goes on; `note: TEXT` does too. One whose first word is `stop`, in
// any case and whatever punctuation is around it, does not, nor does the end of input. All else is
// asked again. On a terminal, what was typed before the question is thrown away.
RoomAnswer ask_room();

}  // namespace tld::cli
