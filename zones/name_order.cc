// SPDX-License-Identifier: GPL-2.0-only
#include "zones/name_order.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <string>

namespace tld::zones {
namespace {

struct Key {
  std::uint64_t prefix = 0;  // the first eight octets behind what all keys share
  std::size_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t number = 0;
};

std::uint64_t prefix_of(std::string_view octets) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < octets.size() ? static_cast<unsigned char>(octets[i]) : 0u);
  }
  return prefix;
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<std::size_t>(end - a.begin());
}

struct LabelStarts {
  explicit LabelStarts(dns::NameView name) : wire(name.wire()) {
    for (std::size_t at = 0; wire[at] != 0; at += static_cast<unsigned char>(wire[at]) + 1u) {
      starts[count++] = static_cast<std::uint8_t>(at);
    }
  }
  // Gives `add` the octets of one label in a sort key.
  template <class Add>
  void encode(std::size_t label, const Add& add) const {
    const std::size_t start = starts[label];
    for (const char c : wire.substr(start + 1, static_cast<unsigned char>(wire[start]))) {
      if (c == 0 || c == 1) add('\1');
      add(c == 0 ? '\1' : c == 1 ? '\2' : c);
    }
    add('\0');
  }

  std::string_view wire;
  std::size_t count = 0;
  std::array<std::uint8_t, dns::max_name_octets / 2 + 1> starts;
};

// How many octets at the start all keys have in common: the apex, in a zone.
std::size_t shared_by_all(const std::string& octets, const std::vector<Key>& keys) {
  const auto view = [&](const Key& key) {
    return std::string_view(octets).substr(key.offset, key.size);
  };
  if (keys.empty()) return 0;
  std::string_view shared = view(keys.front());
  for (const Key& key : keys) shared = shared.substr(0, shared_prefix(shared, view(key)));
  return shared.size();
}

}  // namespace

void append_sort_key(dns::NameView name, std::string& key) {
  const LabelStarts labels(name);
  std::size_t count = labels.count;
  while (count > 0) {
    labels.encode(--count, [&](char c) { key += c; });
  }
}

SortKeyPrefix sort_key_prefix(dns::NameView name, std::size_t skipped) {
  SortKeyPrefix prefix{};
  std::size_t used = 0;
  const auto add = [&](char c) {
    if (used < 16) {
      prefix[used / 8] |= std::uint64_t{static_cast<unsigned char>(c)} << (56 - 8 * (used % 8));
    }
    ++used;
  };
  const LabelStarts labels(name);
  std::size_t count = labels.count - std::min(skipped, labels.count);
  while (count > 0 && used < 16) labels.encode(--count, add);
  return prefix;
}

std::vector<std::uint32_t> canonical_permutation(
    std::size_t count, const std::function<dns::NameView(std::uint32_t)>& name) {
  std::string octets;
  std::vector<Key> keys(count);
  for (std::uint32_t number = 0; number < count; ++number) {
    Key& key = keys[number];
    key.offset = octets.size();
    append_sort_key(name(number), octets);
    key.size = static_cast<std::uint32_t>(octets.size() - key.offset);
    key.number = number;
  }
  const std::size_t shared = shared_by_all(octets, keys);
  const auto tail = [&](const Key& key) {
    return std::string_view(octets).substr(key.offset + shared, key.size - shared);
  };
  for (Key& key : keys) key.prefix = prefix_of(tail(key));
  const auto before = [&](const Key& a, const Key& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : tail(a) < tail(b);
  };
  if (!std::is_sorted(keys.begin(), keys.end(), before)) {
    std::sort(keys.begin(), keys.end(), before);
  }
  std::vector<std::uint32_t> order(count);
  std::transform(keys.begin(), keys.end(), order.begin(),
                 [](const Key& key) { return key.number; });
  return order;
}

}  // namespace tld::zones
