// SPDX-License-Identifier: GPL-2.0-only
#include "dns/name.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "dns/text.h"

namespace tld::dns {
namespace {

std::size_t octet_at(std::string_view octets, std::size_t at) {
  return static_cast<unsigned char>(octets[at]);
}

// Where the labels of a valid name start, the root label left out.
struct Labels {
  explicit Labels(std::string_view name) : wire(name) {
    for (std::size_t at = 0; wire[at] != 0; at += octet_at(wire, at) + 1) {
      starts[count++] = static_cast<std::uint8_t>(at);
    }
  }
  std::string_view operator[](std::size_t i) const {
    return wire.substr(starts[i] + 1u, octet_at(wire, starts[i]));
  }

  std::string_view wire;
  std::size_t count = 0;
  std::array<std::uint8_t, max_name_octets / 2 + 1> starts;
};

std::strong_ordering order_of(int comparison) {
  return comparison <=> 0;
}

}  // namespace

std::size_t NameView::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != 0; at += octet_at(wire_, at) + 1) ++count;
  return count;
}

std::string_view NameView::first_label() const {
  return wire_.substr(1, octet_at(wire_, 0));
}

NameView NameView::parent() const {
  assert(!is_root());
  return NameView(wire_.substr(octet_at(wire_, 0) + 1));
}

bool NameView::is_at_or_below(NameView ancestor) const {
  if (!wire_.ends_with(ancestor.wire_)) return false;
  // The same octets at the end are an ancestor only when they start at a label of ours.
  const std::size_t start = wire_.size() - ancestor.wire_.size();
  std::size_t at = 0;
  while (at < start) at += octet_at(wire_, at) + 1;
  return at == start;
}

std::strong_ordering canonical_order(NameView a, NameView b) {
  const Labels left(a.wire());
  const Labels right(b.wire());
  const std::size_t common = std::min(left.count, right.count);
  for (std::size_t i = 1; i <= common; ++i) {
    // string_view compares octets as unsigned, and a prefix before what it is a prefix of.
    const int comparison = left[left.count - i].compare(right[right.count - i]);
    if (comparison != 0) return order_of(comparison);
  }
  return left.count <=> right.count;
}

std::size_t name_length(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size() && octet_at(octets, at) <= max_label_octets) {
    const std::size_t label = octet_at(octets, at);
    at += label + 1;
    if (at > max_name_octets) return 0;
    if (label == 0) return at;
  }
  return 0;
}

base::Result<Name> Name::from_wire(std::string_view wire) {
  if (wire.empty() || name_length(wire) != wire.size()) {
    return base::invalid_input("octets are not one uncompressed domain name");
  }
  std::string folded(wire);
  // Length octets are at most 63, below 'A': folding leaves them alone.
  std::transform(folded.begin(), folded.end(), folded.begin(), fold);
  return Name(std::move(folded));
}

base::Result<Name> Name::child(std::string_view label, NameView parent) {
  if (label.empty() || label.size() > max_label_octets) {
    return base::invalid_input("a label has 1 to 63 octets, not " + std::to_string(label.size()));
  }
  const std::size_t size = 1 + label.size() + parent.wire().size();
  if (size > max_name_octets) {
    return base::invalid_input("a label of " + std::to_string(label.size()) + " octets below " +
                               parent.text() + " makes a name longer than 255 octets");
  }
  std::string wire;
  wire.reserve(size);
  wire += static_cast<char>(label.size());
  for (const char c : label) wire += fold(c);
  wire += parent.wire();
  return Name(std::move(wire));
}

}  // namespace tld::dns
