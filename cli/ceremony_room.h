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

inline constexpr std::size_t max_room_note = 1000;  // octets; a longer one is asked for again

struct RoomAnswer {
  bool goes_on = false;
  std::string text;  // a note for the transcript, or why they stopped; "" if they said nothing
};

// One line.
void tell_room(const std::string& line);

// Waits for a line: an empty one goes on, `stop` or `stop: why` (in either case) does not, nor does
// the end of input; any other text goes on and is a note.
RoomAnswer ask_room();

}  // namespace tld::cli
