// SPDX-License-Identifier: GPL-2.0-only
//
// Numbers and counted strings in network byte order, written to and read from octet strings.
//
// Thread rule: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tld::hsm {

template <class Number>
void put(std::string& out, Number number) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xff);
  }
}

// Length in two octets, then the text. REQUIRES: at most 65535 octets.
inline void put_counted(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

// Reads from the front. After a read beyond the end, good() is false and everything reads as zero.
class OctetReader {
 public:
  explicit OctetReader(std::string_view octets) : rest_(octets) {}

  bool good() const { return good_; }
  bool at_end() const { return good_ && rest_.empty(); }

  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    for (const char c : octets(sizeof(Number))) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<Number>(value);
  }
  std::string_view octets(std::size_t count) {
    if (count > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::string_view counted() { return octets(number<std::uint16_t>()); }
  std::string_view rest() { return octets(rest_.size()); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace tld::hsm
