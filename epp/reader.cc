// SPDX-License-Identifier: GPL-2.0-only
#include "epp/reader.h"

#include <algorithm>

#include "base/bytes.h"

namespace tld::epp {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, is_space);
}

std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Which attribute may stand where. `values` between bars; empty: any.
struct AttributeRule {
  std::string_view space, element, attribute;
  bool required;
  std::string_view values;
};
constexpr std::string_view domain_statuses =
    "|clientDeleteProhibited|clientHold|clientRenewProhibited|clientTransferProhibited|"
    "clientUpdateProhibited|inactive|ok|pendingCreate|pendingDelete|pendingRenew|pendingTransfer|"
    "pendingUpdate|serverDeleteProhibited|serverHold|serverRenewProhibited|"
    "serverTransferProhibited|serverUpdateProhibited|";
constexpr std::string_view host_statuses =
    "|clientDeleteProhibited|clientUpdateProhibited|linked|ok|pendingCreate|pendingDelete|"
    "pendingTransfer|pendingUpdate|serverDeleteProhibited|serverUpdateProhibited|";
constexpr AttributeRule attribute_rules[] = {
    {uri::domain, "period", "unit", true, "|y|m|"},
    {uri::domain, "contact", "type", false, "|admin|billing|tech|"},
    {uri::domain, "status", "s", true, domain_statuses},
    {uri::domain, "status", "lang", false, ""},
    {uri::domain, "hostAddr", "ip", false, "|v4|v6|"},
    {uri::domain, "pw", "roid", false, ""},
    {uri::host, "addr", "ip", false, "|v4|v6|"},
    {uri::host, "status", "s", true, host_statuses},
    {uri::host, "status", "lang", false, ""},
    {uri::secdns_1_0, "update", "urgent", false, "|true|false|1|0|"},
    {uri::secdns_1_1, "update", "urgent", false, "|true|false|1|0|"},
};

Answer<void> check_attribute(const Element& element, const Attribute& attribute) {
  if (attribute.space == uri::xsi && attribute.name == "schemaLocation") {
    return boost::outcome_v2::success();
  }
  for (const AttributeRule& rule : attribute_rules) {
    if (!element.is(rule.space, rule.element) || !attribute.space.empty() ||
        attribute.name != rule.attribute) {
      continue;
    }
    const std::string wanted = "|" + attribute.value + "|";
    const bool fits = attribute.value.find('|') == std::string::npos &&
                      rule.values.find(wanted) != std::string_view::npos;
    if (rule.values.empty() || fits) return boost::outcome_v2::success();
    return Refusal(Code::syntax, "attribute " + attribute.name + " has a value of no meaning",
                   &element);
  }
  return Refusal(Code::syntax, "attribute " + attribute.name + " does not belong there", &element);
}

}  // namespace

const Element* Sequence::optional(std::string_view name) {
  if (next_ == parent_.children.size() || !parent_.children[next_].is(space_, name)) {
    return nullptr;
  }
  return &parent_.children[next_++];
}

std::vector<const Element*> Sequence::all(std::string_view name) {
  std::vector<const Element*> found;
  while (const Element* one = optional(name)) found.push_back(one);
  return found;
}

Answer<const Element*> Sequence::required(std::string_view name) {
  if (const Element* found = optional(name)) return found;
  const auto is_it = [&](const Element& child) { return child.is(space_, name); };
  if (std::none_of(parent_.children.begin(), parent_.children.end(), is_it)) {
    return Refusal(Code::parameter_missing, "element " + std::string(name) + " is missing",
                   &parent_);
  }
  // All others are optional, so what stands here comes too early, or it stands here twice.
  if (next_ == parent_.children.size()) {
    return Refusal(Code::syntax, "element " + std::string(name) + " is out of order", &parent_);
  }
  return Refusal(Code::syntax, "element " + std::string(name) + " has to come before this one",
                 &parent_.children[next_]);
}

const Element* Sequence::any() {
  return next_ == parent_.children.size() ? nullptr : &parent_.children[next_++];
}

Answer<void> Sequence::end() const {
  if (next_ < parent_.children.size()) {
    return Refusal(Code::syntax, "this element is not known, out of order or there too often",
                   &parent_.children[next_]);
  }
  if (!is_blank(parent_.text)) {
    return Refusal(Code::syntax, "text stands where only elements can", &parent_);
  }
  return boost::outcome_v2::success();
}

Answer<void> check_attributes(const Element& root) {
  for (const Attribute& attribute : root.attributes) {
    TLD_TRY(check_attribute(root, attribute));
  }
  for (const AttributeRule& rule : attribute_rules) {
    if (rule.required && root.is(rule.space, rule.element) &&
        root.attribute(rule.attribute) == nullptr) {
      return Refusal(Code::parameter_missing,
                     "attribute " + std::string(rule.attribute) + " is missing", &root);
    }
  }
  for (const Element& child : root.children) {
    TLD_TRY(check_attributes(child));
  }
  return boost::outcome_v2::success();
}

Answer<std::string> token(const Element& element) {
  if (!element.children.empty()) {
    return Refusal(Code::syntax, "an element stands where only text can", &element);
  }
  std::string text = collapsed(element.text);
  if (text.empty()) return Refusal(Code::parameter_missing, "the element is empty", &element);
  return text;
}

Answer<std::string> token(const Element& element, std::size_t shortest, std::size_t longest) {
  TLD_TRY(std::string text, token(element));
  const std::size_t length = characters(text);
  if (length >= shortest && length <= longest) return text;
  return Refusal(Code::parameter_syntax,
                 "it has " + std::to_string(length) + " characters instead of " +
                     std::to_string(shortest) + " to " + std::to_string(longest),
                 &element);
}

Answer<std::uint32_t> number(const Element& element, std::uint32_t lowest, std::uint32_t highest) {
  TLD_TRY(const std::string text, token(element));
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    return Refusal(Code::parameter_syntax, "it is not a whole number", &element);
  }
  std::uint64_t value = 0;
  for (const char digit : text) {
    // Beyond 2^32 it is out of range whatever follows.
    if (value <= 0xffffffff) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value >= lowest && value <= highest) return static_cast<std::uint32_t>(value);
  return Refusal(Code::parameter_range,
                 "it must be from " + std::to_string(lowest) + " to " + std::to_string(highest),
                 &element);
}

Answer<bool> boolean(std::string_view text, const Element& element) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return Refusal(Code::parameter_syntax, "it is neither true nor false", &element);
}

Answer<bool> boolean(const Element& element) {
  TLD_TRY(const std::string text, token(element));
  return boolean(text, element);
}

Answer<std::string> octets_of_hex(const Element& element) {
  TLD_TRY(const std::string text, token(element));
  auto octets = base::from_hex(text);
  if (!octets) return Refusal(Code::parameter_syntax, octets.error().message, &element);
  return std::move(octets).value();
}

Answer<std::string> octets_of_base64(const Element& element) {
  TLD_TRY(std::string text, token(element));
  std::erase(text, ' ');  // xs:base64Binary may be broken into lines
  auto octets = base::from_base64(text);
  if (!octets) return Refusal(Code::parameter_syntax, octets.error().message, &element);
  return std::move(octets).value();
}

}  // namespace tld::epp
