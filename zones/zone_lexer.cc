// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone_lexer.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tld::zones {
namespace {

enum class Octet : std::uint8_t { word, blank, newline, comment, open, close, quote, bad };

constexpr std::array<Octet, 256> make_octets() {
  std::array<Octet, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = i < 0x20 || i >= 0x7f ? Octet::bad : Octet::word;
  }
  table[' '] = table['\t'] = Octet::blank;
  table['\n'] = Octet::newline;
  table[';'] = Octet::comment;
  table['('] = Octet::open;
  table[')'] = Octet::close;
  table['"'] = Octet::quote;
  return table;
}
constexpr std::array<Octet, 256> octets = make_octets();

Octet octet_class(char c) {
  return octets[static_cast<unsigned char>(c)];
}

std::string bad_octet(char c) {
  std::array<char, 80> text{};
  const auto value = static_cast<unsigned>(static_cast<unsigned char>(c));
  std::snprintf(text.data(), text.size(), "octet 0x%02x stands bare: write it as \\%03u", value,
                value);
  return text.data();
}

}  // namespace

bool ZoneLexer::next(LexedEntry& entry) {
  entry.tokens.clear();
  entry.fault.clear();
  entry.leading_blank = false;
  depth_ = 0;
  while (!at_end()) {
    if (entry.tokens.empty() && depth_ == 0) {  // the start of a line, or of what is in it
      entry.line = line_;
      entry_begin_ = at_;
      if (at_ == 0 || text_[at_ - 1] == '\n') {
        entry.leading_blank = octet_class(text_[at_]) == Octet::blank;
      }
    }
    if (depth_ == 0 && text_[at_] == '\n') {
      ++at_;
      ++line_;
      if (!entry.tokens.empty()) return true;
      continue;
    }
    step(entry);
    if (!entry.fault.empty()) return true;
  }
  if (depth_ > 0) {
    entry.line = open_line_;
    entry.fault = "this parenthesis is not closed";
  }
  return !entry.tokens.empty() || !entry.fault.empty();
}

void ZoneLexer::step(LexedEntry& entry) {
  const char c = text_[at_];
  switch (octet_class(c)) {
    case Octet::word:
      return take_word(entry);
    case Octet::quote:
      return take_quoted(entry);
    case Octet::comment:
      return skip_comment();
    case Octet::newline:  // inside parentheses
      ++line_;
      break;
    case Octet::open:
      if (depth_++ == 0) open_line_ = line_;
      break;
    case Octet::close:
      if (depth_ == 0) return fail(entry, "a closing parenthesis without an opening one");
      --depth_;
      break;
    case Octet::blank:
      break;
    case Octet::bad:
      if (c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') break;
      return fail(entry, bad_octet(c));
  }
  ++at_;
}

void ZoneLexer::take_word(LexedEntry& entry) {
  const std::size_t begin = at_;
  while (!at_end() && octet_class(text_[at_]) == Octet::word) {
    if (text_[at_] == '\\') {
      ++at_;
      if (at_end() || octet_class(text_[at_]) == Octet::newline) {
        return fail(entry, "a backslash at the end of a line");
      }
      if (octet_class(text_[at_]) == Octet::bad) return fail(entry, bad_octet(text_[at_]));
    }
    ++at_;
  }
  add(entry, begin, false);
}

void ZoneLexer::take_quoted(LexedEntry& entry) {
  const std::size_t begin = ++at_;
  while (!at_end() && text_[at_] != '"') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    const Octet octet = octet_class(text_[at_]);
    if (octet == Octet::newline) return fail(entry, "a quoted string is not closed on its line");
    // UTF-8 in a quoted string is data; control characters are not.
    const auto value = static_cast<unsigned char>(text_[at_]);
    if (octet == Octet::bad && value < 0x80) return fail(entry, bad_octet(text_[at_]));
    ++at_;
  }
  if (at_end()) return fail(entry, "a quoted string is not closed on its line");
  add(entry, begin, true);
  ++at_;
}

void ZoneLexer::skip_comment() {
  at_ = std::min(text_.find('\n', at_), text_.size());
}

void ZoneLexer::add(LexedEntry& entry, std::size_t begin, bool quoted) {
  if (entry.tokens.empty()) entry.line = line_;
  entry.tokens.push_back({text_.substr(begin, at_ - begin), quoted});
  if (at_ - entry_begin_ > max_entry_octets) fail(entry, "a record longer than DNS can carry");
}

void ZoneLexer::fail(LexedEntry& entry, std::string fault) {
  // The line of the fault, when the record began earlier, is where to look.
  entry.line = line_;
  entry.fault = std::move(fault);
  depth_ = 0;
  at_ = std::min(text_.find('\n', std::min(at_, text_.size())), text_.size());
  if (!at_end()) {
    ++at_;
    ++line_;
  }
}

}  // namespace tld::zones
