// SPDX-License-Identifier: GPL-2.0-only
//
// Type Bit Maps field, RFC 4034 §4.1.2.
#include "dns/rdata.h"
#include "dns/wire.h"

namespace tld::dns {
namespace {

void add_window(std::set<RRType>& types, unsigned window, std::string_view bits) {
  for (unsigned i = 0; i < bits.size() * 8; ++i) {
    const bool present = (static_cast<unsigned char>(bits[i / 8]) & 0x80u >> i % 8) != 0;
    if (present) types.insert(types.end(), static_cast<RRType>(window << 8 | i));
  }
}

}  // namespace

std::string type_bitmap(const std::set<RRType>& types) {
  std::string out;
  int window = -1;
  std::size_t start = 0;  // of the current window block: number, length, bits
  for (const RRType type : types) {
    if (number(type) >> 8 != window) {
      window = number(type) >> 8;
      start = out.size();
      out += {static_cast<char>(window), '\0'};
    }
    const unsigned low = number(type) & 0xff;
    out.resize(start + 2 + low / 8 + 1);  // types ascend, so this never shrinks
    out.back() = static_cast<char>(out.back() | 0x80 >> low % 8);
    out[start + 1] = static_cast<char>(low / 8 + 1);
  }
  return out;
}

base::Result<std::set<RRType>> types_of_bitmap(std::string_view bitmap) {
  std::set<RRType> types;
  int last_window = -1;
  for (Reader in(bitmap); !in.complete();) {
    const int window = in.u8();
    const std::string_view bits = in.counted();
    if (in.failed()) return base::invalid_input("type bitmap ends inside a window");
    if (window <= last_window) return base::invalid_input("type bitmap windows do not ascend");
    if (bits.empty() || bits.size() > 32) {
      return base::invalid_input("type bitmap window has a length outside 1 to 32 octets");
    }
    if (bits.back() == 0) return base::invalid_input("type bitmap window ends in a zero octet");
    add_window(types, static_cast<unsigned>(window), bits);
    last_window = window;
  }
  return types;
}

}  // namespace tld::dns
