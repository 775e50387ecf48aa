// SPDX-License-Identifier: GPL-2.0-only
#include "keys/record_line.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Tokens = std::vector<std::string_view>;

constexpr std::size_t max_tokens = 16;

Tokens split(std::string_view line) {
  Tokens tokens;
  std::size_t at = 0;
  while (tokens.size() <= max_tokens) {
    const std::size_t begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    at = std::min(line.find_first_of(" \t", begin), line.size());
    tokens.push_back(line.substr(begin, at - begin));
  }
  return tokens;
}

bool is_plain_text(std::string_view line) {
  for (const char c : line) {
    if ((c < 0x20 || c > 0x7e) && c != '\t') return false;
  }
  return true;
}

// Reads the fields of one record, in order; the first fault is kept and the rest reads as zero.
class Fields {
 public:
  explicit Fields(Tokens tokens) : tokens_(std::move(tokens)) {}

  std::string_view text(const char* what) {
    if (next_ < tokens_.size()) return tokens_[next_++];
    fail(fmt::format("{} is missing", what));
    return {};
  }

  template <class Number>
  Number number(const char* what, std::uint32_t most) {
    const std::string_view token = text(what);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    const bool whole = error == std::errc() && end == token.data() + token.size();
    if (!whole || value > most || (token.size() > 1 && token[0] == '0')) {
      fail(fmt::format("{} must be a number from 0 to {}", what, most));
      return 0;
    }
    return static_cast<Number>(value);
  }
  std::uint8_t octet(const char* what) { return number<std::uint8_t>(what, 0xff); }
  std::uint16_t word(const char* what) { return number<std::uint16_t>(what, 0xffff); }

  template <class T>
  T take(const char* what, base::Result<T> value) {
    if (value) return std::move(value).value();
    fail(fmt::format("{}: {}", what, value.error().message));
    return T{};
  }

  std::uint32_t time(const char* what) {
    const base::Time value = take(what, time_from_text(text(what)));
    return static_cast<std::uint32_t>(value.time_since_epoch().count());
  }
  dns::Name name(const char* what) {
    const std::string_view token = text(what);
    if (!token.ends_with('.')) fail(fmt::format("{} must be absolute (end with a dot)", what));
    return take(what, dns::Name::from_text(token));
  }
  std::string base64(const char* what) {
    const std::string_view token = text(what);
    if (token.empty()) fail(fmt::format("{} is empty", what));
    return take(what, base::from_base64(token));
  }

  void finish() {
    if (next_ < tokens_.size()) fail("there is text behind the record");
  }
  void fail(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }
  const std::string& fault() const { return fault_; }

 private:
  Tokens tokens_;
  std::size_t next_ = 0;
  std::string fault_;
};

std::string read_dnskey(Fields& fields) {
  dns::Dnskey key;
  key.flags = fields.word("flags");
  key.protocol = fields.octet("protocol");
  key.algorithm = fields.octet("algorithm");
  key.public_key = fields.base64("public key");
  return key.wire();
}

std::string read_cds(Fields& fields) {
  dns::Ds ds;
  ds.key_tag = fields.word("key tag");
  ds.algorithm = fields.octet("algorithm");
  ds.digest_type = fields.octet("digest type");
  ds.digest = fields.take("digest", base::from_hex(fields.text("digest")));
  return ds.wire();
}

dns::RRType read_type(Fields& fields, const char* what) {
  const std::string_view token = fields.text(what);
  for (const auto type : {dns::RRType::DNSKEY, dns::RRType::CDS, dns::RRType::CDNSKEY}) {
    if (token == dns::to_text(type)) return type;
  }
  if (token == "RRSIG") return dns::RRType::RRSIG;
  fields.fail(fmt::format("{} must be DNSKEY, CDS, CDNSKEY or RRSIG", what));
  return dns::RRType::DNSKEY;
}

std::string read_rrsig(Fields& fields) {
  dns::Rrsig rrsig;
  rrsig.type_covered = read_type(fields, "type covered");
  if (rrsig.type_covered == dns::RRType::RRSIG) fields.fail("an RRSIG covers no RRSIG");
  rrsig.algorithm = fields.octet("algorithm");
  rrsig.labels = fields.octet("labels");
  rrsig.original_ttl = fields.number<std::uint32_t>("original TTL", dns::max_ttl);
  rrsig.expiration = fields.time("expiration");
  rrsig.inception = fields.time("inception");
  rrsig.key_tag = fields.word("key tag");
  rrsig.signer = fields.name("signer's name");
  rrsig.signature = fields.base64("signature");
  return rrsig.wire();
}

std::string read_rdata(dns::RRType type, Fields& fields) {
  if (type == dns::RRType::RRSIG) return read_rrsig(fields);
  return type == dns::RRType::CDS ? read_cds(fields) : read_dnskey(fields);
}

}  // namespace

base::Result<RecordLine> read_record_line(std::string_view line) {
  if (!is_plain_text(line)) return base::invalid_input("there is an octet that is no ASCII text");
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return base::invalid_input("the line must start with the owner name");
  }
  Fields fields(split(line));
  RecordLine record;
  record.owner = fields.name("owner name");
  record.ttl = fields.number<std::uint32_t>("TTL", dns::max_ttl);
  if (fields.text("class") != "IN") fields.fail("class must be IN");
  record.type = read_type(fields, "type");
  record.rdata = read_rdata(record.type, fields);
  fields.finish();
  if (!fields.fault().empty()) return base::invalid_input(fields.fault());
  return record;
}

std::string record_line(const RecordLine& record) {
  return fmt::format("{} {} IN {} {}", record.owner.text(), record.ttl, dns::to_text(record.type),
                     dns::rdata_text(record.type, record.rdata));
}

}  // namespace tld::keys
