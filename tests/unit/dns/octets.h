// SPDX-License-Identifier: GPL-2.0-only
//
// Test octets written as text.
#pragma once

#include <random>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dns/name.h"

namespace tld::dns {

// Base16; spaces are ignored.
inline std::string hex(std::string text) {
  std::erase(text, ' ');
  return base::from_hex(text).value();
}

inline std::string base64(std::string text) {
  std::erase(text, ' ');
  return base::from_base64(text).value();
}

inline Name name(std::string_view text) {
  return Name::from_text(text).value();
}
inline std::string wire(std::string_view text) {
  return std::string(name(text).wire());
}

// A name of up to `labels` labels with octets between `first` and `last`; repeatable.
inline Name random_name(std::mt19937& random, int labels, int first, int last) {
  std::uniform_int_distribution<int> octet(first, last);
  std::uniform_int_distribution<int> count(0, labels);
  std::uniform_int_distribution<int> size(1, random() % 4 == 0 ? 63 : 3);
  Name made;
  for (int i = count(random); i > 0; --i) {
    std::string label(static_cast<std::size_t>(size(random)), '\0');
    for (char& c : label) c = static_cast<char>(octet(random));
    const auto longer = Name::child(label, made);
    if (!longer) break;  // 255 octets are full
    made = longer.value();
  }
  return made;
}

}  // namespace tld::dns
