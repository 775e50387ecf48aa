// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: elements read as the XML schemas describe them. A fault names the element.
//
// Thread rule: pure functions; a Sequence belongs to one thread and to the tree that it reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "epp/code.h"
#include "epp/element.h"

namespace tld::epp {

// The children of an element in the order of an xs:sequence, all in one namespace.
class Sequence {
 public:
  explicit Sequence(const Element& parent) : Sequence(parent, parent.space) {}
  Sequence(const Element& parent, std::string_view space) : parent_(parent), space_(space) {}

  // The next child if it has that name, else nullptr.
  const Element* optional(std::string_view name);
  std::vector<const Element*> all(std::string_view name);
  // 2003: it is nowhere among the children; 2001: something else stands in its place.
  Answer<const Element*> required(std::string_view name);
  // The next child, whatever it is; nullptr at the end.
  const Element* any();
  // 2001: there is a child more, or text between the children.
  Answer<void> end() const;

 private:
  const Element& parent_;
  std::string_view space_;
  std::size_t next_ = 0;
};

// Only the attributes that the schemas know are there, with values that they allow, and
// xsi:schemaLocation, in the whole tree: 2001, 2003.
Answer<void> check_attributes(const Element& root);

// The text of an element without children, white space collapsed as in xs:token. 2001: it has
// children; 2003: it is empty.
Answer<std::string> token(const Element& element);
// The same with a length in characters: 2005 otherwise.
Answer<std::string> token(const Element& element, std::size_t shortest, std::size_t longest);
// Decimal digits. 2005: it is no number; 2004: out of range.
Answer<std::uint32_t> number(const Element& element, std::uint32_t lowest, std::uint32_t highest);
Answer<bool> boolean(const Element& element);
Answer<bool> boolean(std::string_view text, const Element& element);
Answer<std::string> octets_of_hex(const Element& element);     // xs:hexBinary; 2005
Answer<std::string> octets_of_base64(const Element& element);  // xs:base64Binary; 2005

}  // namespace tld::epp
