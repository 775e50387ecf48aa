// SPDX-License-Identifier: GPL-2.0-only
//
// Octets → a tree. Everything that is no well-formed XML 1.0 with namespaces in UTF-8 is refused by
// expat; what EPP has no use for and attackers have is refused here: a DOCTYPE (and with it every
// entity but the five of XML itself), deep nesting, large frames.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "epp/code.h"
#include "epp/element.h"

namespace tld::epp {

inline constexpr std::size_t max_frame_octets = 65536;  // 16 DS with keys of RSA 4096 take 20,000
inline constexpr std::size_t max_depth = 12;            // secDNS:pubKey of a keyData in a dsData: 8

struct Document {
  Element root;
  std::size_t octets = 0;  // up to and with the root's end tag
};

// The first document in `octets`; what comes behind it is not looked at. Refused: 2001.
Answer<Document> read_document(std::string_view octets);

// The document that `octets` are, with nothing but white space around it. Refused: 2001.
Answer<Element> read_frame(std::string_view octets);

// RFC 5734 §4: four octets, the length of all in network order, in front of each frame. The first
// frame's XML is taken away from the front of `octets`. nullopt: the length does not fit what is
// there or the limit; there is no way to tell where the next frame would start.
std::optional<std::string_view> take_framed(std::string_view& octets);
std::string framed(std::string_view xml);

std::string_view without_leading_space(std::string_view octets);

}  // namespace tld::epp
