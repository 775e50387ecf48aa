// SPDX-License-Identifier: GPL-2.0-only
#include "keys/knot_dialect.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "keys/policy_lines.h"
#include "keys/record_line.h"
#include "keys/slot_file_reader.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

// A record's fields in front of base64 or base16, which may come in pieces: owner, TTL, class, type
// and so many of the RDATA.
std::size_t leading_fields(std::string_view type) {
  if (type == "RRSIG") return 4 + 8;
  return 4 + 3;  // DNSKEY, CDNSKEY, CDS; the reader refuses other types
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Knot's text in our own form, line by line; what it does not recognise is refused here, and what
// the fields say is left to the reader of our form.
class Translation {
 public:
  Translation(const SlotFileKind& kind, const Policy& policy, const std::string& source)
      : kind_(kind), start_(header_start(kind)), source_(source), out_(policy_lines(policy)) {}

  base::Result<std::string> translate(std::string_view text) {
    if (text.size() > SlotFileReader::max_octets) return fault("SIZE", "larger than 4 MiB");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return fault("TRUNCATED", "the last line is not whole");
      const std::string_view line = text.substr(0, end);
      TLD_TRY(line.starts_with(start_) ? take_header(line.substr(start_.size())) : take_part(line));
      text.remove_prefix(end + 1);
    }
    if (open_) return fault("TRUNCATED", "a parenthesis is not closed");
    return std::move(out_);
  }

 private:
  base::Error fault(const char* rule, const std::string& why) const {
    return base::invalid_input(
        fmt::format("{}:{}: {}-{}: {}", source_, line_, kind_.prefix, rule, why));
  }

  base::Status take_header(std::string_view rest) {
    if (open_) return fault("SYNTAX", "a header inside parentheses");
    // When and by whom it was made is a note that nothing depends on.
    if (rest.starts_with("generated at ")) {
      out_ += start_ + "generated at 19700101000000 by pdns-tld knot\n";
      return base::ok();
    }
    const std::string_view digits = rest.substr(0, rest.find(' '));
    std::uint32_t seconds = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (!is_number(digits) || digits[0] == '0' || read.ec != std::errc()) {
      return fault("SYNTAX", "the header must have seconds from 1 to 4294967295");
    }
    out_ += start_ + time_text(base::Time{std::chrono::seconds{seconds}}) + "\n";
    return base::ok();
  }

  base::Status take_part(std::string_view line) {
    if (line.starts_with(';')) return fault("SYNTAX", "expected \"" + start_ + "...\" here");
    line = line.substr(0, line.find(';'));  // no field of these types can hold one
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    if (open_ != goes_on) {
      return fault("SYNTAX", "a record starts with its owner, and goes on in parentheses only");
    }
    for (const char c : line) {
      if (c == '(' || c == ')') {
        if (open_ == (c == '(')) return fault("SYNTAX", "parentheses do not match");
        open_ = c == '(';
      }
      record_ += c == '(' || c == ')' ? ' ' : c;
    }
    if (record_.size() > SlotFileReader::max_line_octets) {
      return fault("SIZE", "a record of more than 8 KiB");
    }
    if (open_) {
      record_ += ' ';
    } else {
      finish_record();
    }
    return base::ok();
  }

  void finish_record() {
    std::vector<std::string> fields = split(record_);
    record_.clear();
    if (fields.size() > 2 && fields[2] != "IN") fields.insert(fields.begin() + 2, "IN");
    const std::size_t leading = fields.size() > 3 ? leading_fields(fields[3]) : 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      out_ += (i == 0 || i > leading ? "" : " ") + fields[i];
    }
    out_ += '\n';
  }

  static std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> fields;
    for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
      const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
      fields.emplace_back(text.substr(at, end - at));
      at = end;
    }
    return fields;
  }

  const SlotFileKind& kind_;
  const std::string start_, source_;
  std::size_t line_ = 0;
  bool open_ = false;
  std::string record_, out_;
};

base::Result<SlotFile> read(const SlotFileKind& kind, std::string_view text, dns::NameView apex,
                            const Policy& policy, const std::string& source) {
  TLD_TRY(policy.check());
  TLD_TRY(const std::string ours, Translation(kind, policy, source).translate(text));
  TLD_TRY(auto file, SlotFileReader(kind, apex, source).read(ours));
  file.irregular = true;
  return file;
}

// So that signatures overlap where keys stay for longer than a slot.
std::vector<Slot> with_slots_between(const std::vector<Slot>& bundles, const Policy& policy) {
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    Slot slot = bundles[i];
    const base::Time end = i + 1 < bundles.size() ? bundles[i + 1].start : slot.start;
    do {
      slots.push_back(slot);
      slot.start += policy.signed_keys.slot;
    } while (slot.start < end && slots.size() <= max_slots);
  }
  return slots;
}

std::string header(const SlotFileKind& kind, base::Time start) {
  const std::string digits = time_text(start);
  return fmt::format("{}{} ({}-{}-{}T{}:{}:{}Z) =========\n", header_start(kind),
                     start.time_since_epoch().count(), digits.substr(0, 4), digits.substr(4, 2),
                     digits.substr(6, 2), digits.substr(8, 2), digits.substr(10, 2),
                     digits.substr(12, 2));
}

std::string text_of(const SlotFileKind& kind, std::span<const Slot> slots, bool with_signatures,
                    base::Time made_at) {
  std::string text;
  for (const Slot& slot : slots) {
    text += header(kind, slot.start);
    for (const SignedRRset& each : slot.rrsets) {
      const dns::RRset& rrset = each.rrset;
      for (const std::string& rdata : rrset.rdatas) {
        text += record_line({rrset.owner, rrset.ttl, rrset.type, rdata}) + "\n";
      }
      if (!with_signatures) continue;
      for (const dns::Rrsig& rrsig : each.rrsigs) {
        text += record_line({rrset.owner, rrset.ttl, dns::RRType::RRSIG, rrsig.wire()}) + "\n";
      }
    }
  }
  return text + fmt::format("{}generated at {} by pdns-tld {}\n", header_start(kind),
                            time_text(made_at), TLD_VERSION);
}

}  // namespace

base::Result<KeySigningRequest> read_knot_request(std::string_view text, dns::NameView apex,
                                                  const Policy& policy, const std::string& source) {
  TLD_TRY(auto file, read(SlotFileKind::request, text, apex, policy, source));
  file.slots = with_slots_between(file.slots, policy);
  if (file.slots.size() > max_slots) {
    return base::invalid_input(
        fmt::format("{}: KSR-SIZE: it asks for more than {} slots", source, max_slots));
  }
  return KeySigningRequest(std::move(file));
}

base::Result<SignedKeys> read_knot_response(std::string_view text, dns::NameView apex,
                                            const Policy& policy, const std::string& source) {
  TLD_TRY(auto file, read(SlotFileKind::response, text, apex, policy, source));
  return SignedKeys(std::move(file));
}

std::string knot_request_text(std::span<const Slot> bundles, base::Time made_at) {
  return text_of(SlotFileKind::request, bundles, false, made_at);
}

std::string knot_response_text(std::span<const Slot> slots, base::Time made_at) {
  return text_of(SlotFileKind::response, slots, true, made_at);
}

}  // namespace tld::keys
