// SPDX-License-Identifier: GPL-2.0-only
#include "epp/names.h"

#include <idn2.h>

#include <algorithm>

#include "epp/reader.h"

namespace tld::epp {
namespace {

bool is_ldh(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// What is wrong with the characters; "" if nothing is.
std::string character_fault(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return "a U-label is not accepted: send the A-label, xn--... (RFC 5891 section 4.4)";
    }
    if (c != '.' && !is_ldh(c)) return "only letters, digits, hyphens and dots make a name";
  }
  return "";
}

std::string hyphen_fault(dns::NameView name) {
  for (; !name.is_root(); name = name.parent()) {
    const std::string_view label = name.first_label();
    if (label.front() == '-' || label.back() == '-') {
      return "a label begins or ends with a hyphen (RFC 1123 section 2.1)";
    }
  }
  return "";
}

}  // namespace

Answer<NameAt> read_name(const Element& element) {
  TLD_TRY(const std::string text, token(element));
  if (std::string fault = character_fault(text); !fault.empty()) {
    return Refusal(Code::parameter_syntax, std::move(fault), &element);
  }
  auto name = dns::Name::from_text(text);
  if (!name) return Refusal(Code::parameter_syntax, name.error().message, &element);
  if (name.value().is_root()) {
    return Refusal(Code::parameter_syntax, "the root is no object of a registry", &element);
  }
  if (std::string fault = hyphen_fault(name.value()); !fault.empty()) {
    return Refusal(Code::parameter_syntax, std::move(fault), &element);
  }
  return NameAt{std::move(name).value(), &element};
}

Answer<void> check_a_labels(const NameAt& name) {
  for (dns::NameView rest = name.name; !rest.is_root(); rest = rest.parent()) {
    const std::string label(rest.first_label());
    if (label.size() < 4 || label.compare(2, 2, "--") != 0) continue;
    if (!label.starts_with("xn--")) {
      return Refusal(Code::parameter_syntax,
                     label + ": labels with \"--\" there are reserved (RFC 5890 section 2.3.1)",
                     name.at);
    }
    std::uint8_t* again = nullptr;
    const int status =
        idn2_register_u8(nullptr, reinterpret_cast<const std::uint8_t*>(label.c_str()), &again, 0);
    idn2_free(again);
    if (status != IDN2_OK) {
      return Refusal(Code::parameter_syntax,
                     label + " is no A-label (RFC 5890): " + idn2_strerror(status), name.at);
    }
  }
  return boost::outcome_v2::success();
}

}  // namespace tld::epp
