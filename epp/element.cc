// SPDX-License-Identifier: GPL-2.0-only
#include "epp/element.h"

#include <algorithm>

#include "base/xml_text.h"

namespace tld::epp {
namespace {

struct Prefix {
  std::string_view space, prefix;
};
constexpr Prefix prefixes[] = {{uri::epp, "epp"},           {uri::domain, "domain"},
                               {uri::host, "host"},         {uri::secdns_1_1, "secDNS"},
                               {uri::secdns_1_0, "secDNS"}, {uri::xsi, "xsi"}};

std::string_view prefix_of(std::string_view space) {
  const auto* known = std::ranges::find(prefixes, space, &Prefix::space);
  return known == std::end(prefixes) ? "ext" : known->prefix;
}

std::string qualified(const Element& element) {
  if (element.space.empty()) return element.name;
  return std::string(prefix_of(element.space)) + ":" + element.name;
}

std::string declaration(const Element& element) {
  if (element.space.empty()) return "";
  return " xmlns:" + std::string(prefix_of(element.space)) + "=\"" +
         base::xml_escaped(element.space) + "\"";
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// At most max_shown_text octets of whole UTF-8 characters.
std::string_view shortened(std::string_view text) {
  if (text.size() <= max_shown_text) return text;
  std::size_t end = max_shown_text;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// `around` is the namespace that is declared already; `levels` of children are written.
void append(std::string& out, const Element& element, std::string_view around, int levels) {
  const std::string name = qualified(element);
  out += "<" + name;
  if (element.space != around) out += declaration(element);
  for (const Attribute& attribute : element.attributes) {
    if (!attribute.space.empty()) continue;  // xsi:schemaLocation: says nothing about the fault
    out += " " + attribute.name + "=\"" + base::xml_escaped(shortened(attribute.value)) + "\"";
  }
  out += ">";
  const bool secret = element.is(uri::domain, "authInfo") || element.is(uri::domain, "pw");
  if (!secret && !is_blank(element.text)) out += base::xml_escaped(shortened(element.text));
  if (!secret && levels > 0) {
    for (const Element& child : element.children) append(out, child, element.space, levels - 1);
  }
  out += "</" + name + ">";
}

}  // namespace

const std::string* Element::attribute(std::string_view a_name) const {
  for (const Attribute& one : attributes) {
    if (one.space.empty() && one.name == a_name) return &one.value;
  }
  return nullptr;
}

std::string to_xml(const Element& element) {
  std::string out;
  append(out, element, "", 2);
  return out;
}

}  // namespace tld::epp
