// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "dns/rdata.h"
#include "zones/check_rules.h"
#include "zones/rdata_parser.h"
#include "zones/zone_lexer.h"

namespace tld::zones {
namespace {

using base::Result;
using dns::RRType;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_word(std::string_view text, std::string_view upper_case) {
  return std::equal(text.begin(), text.end(), upper_case.begin(), upper_case.end(),
                    [](char a, char b) { return upper(a) == b; });
}

bool starts_with_digit(std::string_view text) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

std::uint64_t seconds_of_unit(char c) {
  switch (upper(c)) {
    case 'S':
      return 1;
    case 'M':
      return 60;
    case 'H':
      return 3600;
    case 'D':
      return 86400;
    case 'W':
      return 604800;
    default:
      return 0;
  }
}

// Seconds, or BIND's units: 1h30m. nullopt: not a TTL.
std::optional<std::uint64_t> parse_ttl(std::string_view text) {
  if (!starts_with_digit(text) || text.size() > 40) return std::nullopt;
  std::uint64_t total = 0;
  std::uint64_t number = 0;
  bool open = false;  // digits without a unit behind them yet
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = std::min<std::uint64_t>(number * 10 + static_cast<unsigned>(c - '0'), 1u << 31);
      open = true;
      continue;
    }
    if (!open || seconds_of_unit(c) == 0) return std::nullopt;
    total += number * seconds_of_unit(c);
    number = 0;
    open = false;
  }
  return total + number;
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text.substr(0, 80)) + "\"";
}

class ZoneFileReader {
 public:
  ZoneFileReader(std::string_view text, std::string_view name, dns::NameView apex,
                 const Progress& progress)
      : text_(text), name_(name), progress_(progress), lexer_(text), rdata_(apex), builder_(apex) {}

  Result<ImportedZone> run() {
    LexedEntry entry;
    for (std::uint64_t entries = 0; lexer_.next(entry); ++entries) {
      if (progress_ && entries % 8192 == 0) progress_(lexer_.offset(), text_.size());
      read_entry(entry);
    }
    if (progress_) progress_(text_.size(), text_.size());
    TLD_TRY(auto made, builder_.finish());
    for (const TtlConflict& conflict : made.ttl_conflicts) note_ttl_conflict(conflict);
    if (fault_count_ > 0) return base::invalid_input(faults_text());
    const auto soa = made.content.find(made.content.apex(), RRType::SOA);
    std::uint32_t serial = 0;
    if (soa) {
      const auto value = dns::Soa::from_wire(*soa->rdata.begin());
      if (value.has_value()) serial = value.value().serial;
    }
    return ImportedZone{std::move(made.content), std::move(made.lines), records_,
                        made.duplicates,         std::move(dropped_),   serial};
  }

 private:
  struct Header {
    std::optional<std::uint32_t> ttl;
    RRType type = RRType::A;
    std::size_t rdata_at = 0;  // the first token of the RDATA
  };

  void read_entry(const LexedEntry& entry) {
    const base::Status status =
        entry.fault.empty() ? read_lexed(entry) : base::Status(base::invalid_input(entry.fault));
    if (status.has_error()) fault(entry.line, status.error().message);
  }

  base::Status read_lexed(const LexedEntry& entry) {
    const Token& first = entry.tokens[0];
    if (!entry.leading_blank && !first.quoted && first.text.starts_with('$')) {
      return read_directive(entry.tokens);
    }
    std::size_t at = 0;
    if (!entry.leading_blank) {
      TLD_TRY(take_owner(first));
      at = 1;
    } else if (!owner_) {
      return base::invalid_input("no owner name: none stands before this record either");
    }
    TLD_TRY(const Header header, read_header(entry.tokens, at));
    return read_record(entry, header);
  }

  base::Status take_owner(const Token& token) {
    if (token.quoted) return base::invalid_input("a quoted string where an owner name belongs");
    if (owner_ && token.text == owner_text_) return base::ok();
    owner_.reset();  // a record without owner must not inherit from before a fault
    TLD_TRY(owner_, dns::Name::from_text(token.text, rdata_.origin()));
    owner_text_ = token.text;
    return base::ok();
  }

  // [TTL] [class] type, or [class] [TTL] type.
  Result<Header> read_header(const std::vector<Token>& tokens, std::size_t at) {
    Header header;
    bool class_seen = false;
    for (; at < tokens.size(); ++at) {
      const std::string_view text = tokens[at].text;
      if (!header.ttl && starts_with_digit(text)) {
        TLD_TRY(header.ttl, ttl_value(text));
      } else if (!class_seen && is_class(text)) {
        if (!is_word(text, "IN") && !is_word(text, "CLASS1")) {
          return base::invalid_input("class " + std::string(text) + ": only IN is served");
        }
        class_seen = true;
      } else {
        break;
      }
    }
    if (at >= tokens.size()) return base::invalid_input("the record has no type");
    TLD_TRY(header.type, record_type(tokens[at]));
    header.rdata_at = at + 1;
    return header;
  }

  static bool is_class(std::string_view text) {
    return is_word(text, "IN") || is_word(text, "CH") || is_word(text, "HS") ||
           is_word(text, "CS") || (text.size() > 5 && is_word(text.substr(0, 5), "CLASS"));
  }

  static Result<RRType> record_type(const Token& token) {
    auto type = dns::rrtype_from_text(token.text);
    if (type.has_error() || token.quoted) {
      return base::invalid_input(quoted(token.text) + " is not a record type");
    }
    if (type.value() == RRType::ALIAS || type.value() == RRType::LUA) {
      return base::invalid_input("type-refused: " + to_text(type.value()) +
                                 " records are no DNS data and cannot be signed ahead");
    }
    return type;
  }

  static Result<std::uint32_t> ttl_value(std::string_view text) {
    const auto seconds = parse_ttl(text);
    if (!seconds) return base::invalid_input(quoted(text) + " is not a TTL");
    if (*seconds <= dns::max_ttl) return static_cast<std::uint32_t>(*seconds);
    return base::invalid_input("ttl-range: TTL " + std::string(text) +
                               " is above 2147483647 s (RFC 2181 section 8)");
  }

  // RFC 2308 §4: $TTL; without it RFC 1035 §5.1: the last TTL that was given.
  Result<std::uint32_t> ttl_of(const Header& header) {
    if (header.ttl) last_ttl_ = header.ttl;
    if (header.ttl) return *header.ttl;
    if (default_ttl_) return *default_ttl_;
    if (last_ttl_) return *last_ttl_;
    return base::invalid_input("no TTL: give the record one, or a $TTL before it");
  }

  base::Status read_record(const LexedEntry& entry, const Header& header) {
    ++records_;
    TLD_TRY(const std::uint32_t ttl, ttl_of(header));
    if (is_made_by_the_signer(header.type)) {
      ++dropped_[header.type];
      return base::ok();
    }
    const std::span<const Token> tokens(entry.tokens);
    TLD_TRY(const std::string rdata, rdata_.parse(header.type, tokens.subspan(header.rdata_at)));
    builder_.add(*owner_, header.type, ttl, rdata, entry.line);
    return base::ok();
  }

  base::Status read_directive(const std::vector<Token>& tokens) {
    const std::string_view name = tokens[0].text;
    if (is_word(name, "$INCLUDE") || is_word(name, "$GENERATE")) {
      return base::invalid_input(std::string(name) +
                                 " is not supported: give one file with every record in it");
    }
    const bool origin = is_word(name, "$ORIGIN");
    if (!origin && !is_word(name, "$TTL")) {
      return base::invalid_input("unknown directive " + quoted(name));
    }
    if (tokens.size() != 2) {
      return base::invalid_input(std::string(name) + " takes one value");
    }
    if (!origin) {
      TLD_TRY(default_ttl_, ttl_value(tokens[1].text));
      return base::ok();
    }
    TLD_TRY(const auto made, dns::Name::from_text(tokens[1].text, rdata_.origin()));
    rdata_.set_origin(made);
    owner_text_ = {};  // the same text may be another name now
    return base::ok();
  }

  void note_ttl_conflict(const TtlConflict& conflict) {
    fault(conflict.other_line,
          "ttl-single: " + conflict.owner.text() + " " + to_text(conflict.type) + ": TTL " +
              std::to_string(conflict.other_ttl) + ", but " + std::to_string(conflict.ttl) +
              " on line " + std::to_string(conflict.line) +
              " (RFC 2181 section 5.2: one TTL per RRset)");
  }

  void fault(std::uint32_t line, std::string reason) {
    ++fault_count_;
    if (faults_.size() < max_zone_file_faults) faults_.emplace_back(line, std::move(reason));
  }

  std::string faults_text() {
    std::stable_sort(faults_.begin(), faults_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string text;
    for (const auto& [line, reason] : faults_) {
      text += (text.empty() ? "" : "\n") + name_ + ":" + std::to_string(line) + ": " + reason;
    }
    if (fault_count_ > faults_.size()) {
      text += "\n" + name_ + ": and " + std::to_string(fault_count_ - faults_.size()) + " more";
    }
    return text;
  }

  std::string_view text_;
  std::string name_;
  const Progress& progress_;
  ZoneLexer lexer_;
  RdataParser rdata_;
  ContentBuilder builder_;
  std::optional<dns::Name> owner_;
  std::string_view owner_text_;  // what owner_ was made from; empty: from elsewhere
  std::optional<std::uint32_t> default_ttl_, last_ttl_;
  std::uint64_t records_ = 0;
  std::map<RRType, std::uint64_t> dropped_;
  std::vector<std::pair<std::uint32_t, std::string>> faults_;
  std::uint64_t fault_count_ = 0;
};

Result<std::string> read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    const std::string reason = path.string() + ": " + std::strerror(errno);
    return errno == ENOENT ? base::not_found(reason) : base::unavailable(reason);
  }
  std::string text(static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0)), '\0');
  file.seekg(0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file) return text;
  return base::unavailable(path.string() + ": cannot be read whole");
}

}  // namespace

Result<ImportedZone> read_zone_text(std::string_view text, std::string_view name,
                                    dns::NameView apex, const Progress& progress) {
  return ZoneFileReader(text, name, apex, progress).run();
}

Result<ImportedZone> read_zone_file(const std::filesystem::path& path, dns::NameView apex,
                                    const Progress& progress) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return base::invalid_input(path.string() + " is a directory, not a zone file");
  }
  TLD_TRY(const std::string text, read_whole(path));
  return read_zone_text(text, path.string(), apex, progress);
}

}  // namespace tld::zones
