// SPDX-License-Identifier: GPL-2.0-only
//
// Domain names in uncompressed wire form (RFC 1035 §3.1), folded to lower case once when they are
// made, so that comparing octets is comparing names (RFC 4343).
//
// NameView refers to octets that somebody else keeps; Name keeps its own. Both always hold a valid
// absolute name: 1 to 255 octets, labels of 1 to 63 octets, the root label at the end.
//
// Thread rule: values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::dns {

inline constexpr std::size_t max_name_octets = 255;
inline constexpr std::size_t max_label_octets = 63;

class NameView {
 public:
  NameView() : wire_(root_wire()) {}
  // REQUIRES: `wire` came from a Name's or NameView's wire().
  static NameView trusted(std::string_view wire) { return NameView(wire); }

  std::string_view wire() const { return wire_; }
  bool is_root() const { return wire_.size() == 1; }
  std::size_t label_count() const;           // without the root label (RFC 4034 §3.1.3 counts so too)
  std::string_view first_label() const;      // without its length octet; empty for the root
  bool is_wildcard() const { return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*'; }
  NameView parent() const;                   // REQUIRES: !is_root()
  bool is_at_or_below(NameView ancestor) const;
  bool is_below(NameView ancestor) const { return *this != ancestor && is_at_or_below(ancestor); }
  std::string text() const;                  // presentation form with the final dot; escapes \. \\ \DDD

  friend bool operator==(NameView a, NameView b) { return a.wire_ == b.wire_; }

 private:
  explicit NameView(std::string_view wire) : wire_(wire) {}
  static std::string_view root_wire() { return std::string_view("\0", 1); }
  friend class Name;
  std::string_view wire_;
};

// Canonical DNS name order, RFC 4034 §6.1.
std::strong_ordering canonical_order(NameView a, NameView b);

class Name {
 public:
  Name() : wire_(1, '\0') {}  // the root
  explicit Name(NameView view) : wire_(view.wire()) {}

  // Octets of one uncompressed name and nothing behind it.
  static base::Result<Name> from_wire(std::string_view wire);
  // Presentation form (RFC 1035 §5.1: \X and \DDD). A name without final dot is taken relative to
  // `origin`; "@" is `origin`.
  static base::Result<Name> from_text(std::string_view text, NameView origin = NameView());

  operator NameView() const { return NameView(wire_); }  // lifetime: that of this Name
  NameView view() const { return NameView(wire_); }
  std::string_view wire() const { return wire_; }
  std::string text() const { return view().text(); }
  bool is_root() const { return view().is_root(); }

  // `label` (1 to 63 octets, folded here) in front of `parent`; invalid_input beyond 255 octets.
  static base::Result<Name> child(std::string_view label, NameView parent);

  friend bool operator==(const Name& a, const Name& b) { return a.wire_ == b.wire_; }

 private:
  explicit Name(std::string wire) : wire_(std::move(wire)) {}
  std::string wire_;
};

// Length in octets of the uncompressed name at the start of `octets`; 0 when there is none.
std::size_t name_length(std::string_view octets);

struct CanonicalLess {
  using is_transparent = void;
  bool operator()(NameView a, NameView b) const { return canonical_order(a, b) < 0; }
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(NameView name) const {
    return std::hash<std::string_view>{}(name.wire());
  }
};
struct NameEqual {
  using is_transparent = void;
  bool operator()(NameView a, NameView b) const { return a == b; }
};

}  // namespace tld::dns
