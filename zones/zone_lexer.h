// SPDX-License-Identifier: GPL-2.0-only
//
// Zone-file text (RFC 1035 §5.1) → entries: the tokens of one record or directive, whatever lines
// it spans, with comments and parentheses gone. Escapes are left in the tokens.
//
// Thread rule: used by one thread. Lifetime: tokens refer to the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tld::zones {

struct Token {
  std::string_view text;  // without the quotes
  bool quoted = false;
};

struct LexedEntry {
  std::uint32_t line = 0;      // of its first token, from 1
  bool leading_blank = false;  // the owner is left out
  std::vector<Token> tokens;
  std::string fault;  // not empty: what is wrong with the text; the tokens are not to be used
};

class ZoneLexer {
 public:
  // RDATA has at most 65,535 octets; nothing that stands for less than that is longer.
  static constexpr std::size_t max_entry_octets = 600'000;

  explicit ZoneLexer(std::string_view text) : text_(text) {}
  // The next entry; false at the end. After a fault it goes on with the next line.
  bool next(LexedEntry& entry);
  std::size_t offset() const { return at_; }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  void step(LexedEntry& entry);
  void take_blank(LexedEntry& entry);
  void take_word(LexedEntry& entry);
  void take_quoted(LexedEntry& entry);
  void skip_comment();
  void add(LexedEntry& entry, std::size_t begin, bool quoted);
  void fail(LexedEntry& entry, std::string fault);

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::size_t depth_ = 0;        // open parentheses
  std::uint32_t open_line_ = 0;  // where the first of them stands
  std::size_t entry_begin_ = 0;
};

}  // namespace tld::zones
