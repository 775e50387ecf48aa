// SPDX-License-Identifier: GPL-2.0-only
//
// A frame as a tree of elements. Names are told apart by namespace URI, never by prefix.
//
// Thread rule: values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tld::epp {

namespace uri {
inline constexpr std::string_view epp = "urn:ietf:params:xml:ns:epp-1.0";            // RFC 5730
inline constexpr std::string_view domain = "urn:ietf:params:xml:ns:domain-1.0";      // RFC 5731
inline constexpr std::string_view host = "urn:ietf:params:xml:ns:host-1.0";          // RFC 5732
inline constexpr std::string_view secdns_1_1 = "urn:ietf:params:xml:ns:secDNS-1.1";  // RFC 5910
inline constexpr std::string_view secdns_1_0 = "urn:ietf:params:xml:ns:secDNS-1.0";  // RFC 4310
inline constexpr std::string_view xsi = "http://www.w3.org/2001/XMLSchema-instance";
}  // namespace uri

struct Attribute {
  std::string space;  // "" for most: attributes take no default namespace
  std::string name;
  std::string value;
};

struct Element {
  std::string space;                  // namespace URI; "" for none
  std::string name;                   // without prefix
  std::vector<Attribute> attributes;  // without namespace declarations
  std::string text;                   // all character data directly inside, UTF-8
  std::vector<Element> children;

  bool is(std::string_view a_space, std::string_view a_name) const {
    return space == a_space && name == a_name;
  }
  // The attribute without namespace of that name; nullptr: there is none.
  const std::string* attribute(std::string_view a_name) const;
};

// `element` as XML on one line that stands for itself, with a prefix of ours declared on it, for a
// response: two levels of children (a dsData with its keyData), texts no longer than this, and no
// password.
inline constexpr std::size_t max_shown_text = 1024;
std::string to_xml(const Element& element);

}  // namespace tld::epp
