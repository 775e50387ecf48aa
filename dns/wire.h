// SPDX-License-Identifier: GPL-2.0-only
//
// Inside dns/ only: reading and writing the fields of RDATA, in network byte order.
//
// Thread rule: values. Lifetime: a Reader refers to the octets that it was made with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/name.h"

namespace tld::dns {

inline void put_u8(std::string& out, std::uint8_t value) {
  out += static_cast<char>(value);
}
inline void put_u16(std::string& out, std::uint16_t value) {
  put_u8(out, static_cast<std::uint8_t>(value >> 8));
  put_u8(out, static_cast<std::uint8_t>(value));
}
inline void put_u32(std::string& out, std::uint32_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 16));
  put_u16(out, static_cast<std::uint16_t>(value));
}

// A number of 1 to 4 octets. REQUIRES: octets.size() <= 4.
inline std::uint32_t number_of(std::string_view octets) {
  std::uint32_t value = 0;
  for (const char c : octets) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Reads fields one after the other. What cannot be read fails the reader for good and reads as
// empty or 0, so that one question at the end, complete(), is enough.
class Reader {
 public:
  explicit Reader(std::string_view octets) : left_(octets) {}

  bool failed() const { return failed_; }
  std::size_t left() const { return left_.size(); }
  bool complete() const { return !failed_ && left_.empty(); }

  std::string_view octets(std::size_t count) {
    if (count > left_.size()) return fail();
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  std::string_view rest() { return octets(left_.size()); }
  // What follows a length octet, without it.
  std::string_view counted() { return octets(u8()); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number_of(octets(1))); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number_of(octets(2))); }
  std::uint32_t u32() { return number_of(octets(4)); }
  // One uncompressed name, as it stands.
  std::string_view name_octets() {
    const std::size_t length = name_length(left_);
    return length == 0 ? fail() : octets(length);
  }
  Name name() {
    base::Result<Name> name = Name::from_wire(name_octets());
    return name ? std::move(name).value() : Name();  // name_octets() has failed the reader
  }

 private:
  std::string_view fail() {
    failed_ = true;
    left_ = {};
    return {};
  }

  std::string_view left_;
  bool failed_ = false;
};

}  // namespace tld::dns
