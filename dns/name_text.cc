// SPDX-License-Identifier: GPL-2.0-only
//
// Names in presentation form, RFC 1035 §5.1.
#include "dns/name.h"
#include "dns/text.h"

namespace tld::dns {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

base::Error fault(std::string_view text, const char* what) {
  constexpr std::size_t enough = 300;  // untrusted text can be of any length
  return base::invalid_input(quoted(text.substr(0, enough)) + " is not a domain name: " + what);
}

base::Result<char> decimal_escape(std::string_view text, std::size_t& at) {
  if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) {
    return fault(text, "a backslash and a digit need two more digits (\\DDD)");
  }
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return fault(text, "\\DDD is at most \\255");
  at += 3;
  return static_cast<char>(value);
}

// The octet that stands at `at`, its escape undone; `at` moves behind it.
base::Result<char> read_octet(std::string_view text, std::size_t& at) {
  const char c = text[at++];
  if (c == '\\') {
    if (at == text.size()) return fault(text, "it ends in a backslash");
    return is_digit(text[at]) ? decimal_escape(text, at) : base::Result<char>(text[at++]);
  }
  const auto value = static_cast<unsigned char>(c);
  if (value <= ' ' || value == 0x7f) {
    return fault(text, "spaces and control characters must be written \\DDD");
  }
  return c;
}

// Fills in the length octet of the last label, which starts at `start`.
base::Status close_label(std::string_view text, std::string& wire, std::size_t start) {
  const std::size_t length = wire.size() - start - 1;
  if (length == 0) return fault(text, "it has an empty label");
  if (length > max_label_octets) return fault(text, "it has a label of more than 63 octets");
  wire[start] = static_cast<char>(length);
  return base::ok();
}

// Appends the labels of `text` to `wire`. After a final dot an empty label is left at the end: the
// root. Returns where the last label starts.
base::Result<std::size_t> read_labels(std::string_view text, std::string& wire) {
  std::size_t start = 0;
  wire.assign(1, '\0');
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      TLD_TRY(close_label(text, wire, start));
      start = wire.size();
      wire += '\0';
      ++at;
    } else {
      TLD_TRY(const char octet, read_octet(text, at));
      wire += fold(octet);
    }
  }
  return start;
}

}  // namespace

std::string NameView::text() const {
  if (is_root()) return ".";
  std::string out;
  out.reserve(wire_.size());
  for (NameView name = *this; !name.is_root(); name = name.parent()) {
    append_escaped(out, name.first_label(), ".\\\";()@$", false);
    out += '.';
  }
  return out;
}

base::Result<Name> Name::from_text(std::string_view text, NameView origin) {
  if (text.empty()) return fault(text, "it is empty (the root is written \".\")");
  if (text == "@") return Name(origin);
  if (text == ".") return Name();
  std::string wire;
  TLD_TRY(const std::size_t last, read_labels(text, wire));
  const bool absolute = wire.size() == last + 1;
  if (!absolute) {
    TLD_TRY(close_label(text, wire, last));
    wire += origin.wire();
  }
  if (wire.size() > max_name_octets) return fault(text, "it has more than 255 octets");
  return Name(std::move(wire));
}

}  // namespace tld::dns
