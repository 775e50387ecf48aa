// SPDX-License-Identifier: GPL-2.0-only
#include "zones/rdata_parser.h"

#include <arpa/inet.h>

#include <charconv>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "zones/rdata_ldns.h"

namespace tld::zones {
namespace {

using base::Result;

base::Error wrong_field_count(dns::RRType type, std::size_t wanted, std::size_t given) {
  return base::invalid_input(to_text(type) + " has " + std::to_string(wanted) + " field" +
                             (wanted == 1 ? "" : "s") + ", not " + std::to_string(given));
}

template <class Number>
Result<Number> number_field(std::string_view text, const char* what) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
  return base::invalid_input(std::string(what) + " \"" + std::string(text) +
                             "\" is not a number that fits");
}

Result<std::string> parse_address(int family, std::size_t octets, std::string_view text) {
  std::string address(octets, '\0');
  if (inet_pton(family, std::string(text).c_str(), address.data()) == 1) return address;
  return base::invalid_input("\"" + std::string(text) + "\" is not an IPv" +
                             (family == AF_INET ? "4" : "6") + " address");
}

Result<std::string> parse_hex(std::span<const Token> tokens) {
  std::string hex;
  for (const Token& token : tokens) hex += token.text;
  auto octets = base::from_hex(hex);
  if (octets.has_error()) return octets.error().in("hexadecimal digits");
  return octets;
}

// RFC 3597 §5: \# length hex...
Result<std::string> parse_generic(std::span<const Token> tokens) {
  if (tokens.size() < 2) return base::invalid_input("\\# without a length");
  TLD_TRY(const auto length, number_field<std::uint16_t>(tokens[1].text, "length"));
  TLD_TRY(std::string octets, parse_hex(tokens.subspan(2)));
  if (octets.size() == length) return octets;
  return base::invalid_input("\\# announces " + std::to_string(length) + " octets, and " +
                             std::to_string(octets.size()) + " follow");
}

Result<std::string> parse_ds(std::span<const Token> tokens) {
  if (tokens.size() < 4) return wrong_field_count(dns::RRType::DS, 4, tokens.size());
  dns::Ds ds;
  TLD_TRY(ds.key_tag, number_field<std::uint16_t>(tokens[0].text, "key tag"));
  TLD_TRY(ds.algorithm, number_field<std::uint8_t>(tokens[1].text, "algorithm"));
  TLD_TRY(ds.digest_type, number_field<std::uint8_t>(tokens[2].text, "digest type"));
  TLD_TRY(ds.digest, parse_hex(tokens.subspan(3)));
  return ds.wire();
}

bool is_one_name(dns::RRType type) {
  return type == dns::RRType::NS || type == dns::RRType::CNAME || type == dns::RRType::PTR;
}

}  // namespace

RdataParser::RdataParser(dns::NameView origin) : origin_(origin) {}
RdataParser::~RdataParser() = default;

void RdataParser::set_origin(dns::NameView origin) {
  origin_ = dns::Name(origin);
  ldns_.reset();
}

Result<std::string> RdataParser::parse(dns::RRType type, std::span<const Token> tokens) {
  std::string wire;
  if (!tokens.empty() && tokens[0].text == "\\#" && !tokens[0].quoted) {
    TLD_TRY(wire, parse_generic(tokens));
  } else if (type == dns::RRType::A || type == dns::RRType::AAAA) {
    if (tokens.size() != 1) return wrong_field_count(type, 1, tokens.size());
    const bool v4 = type == dns::RRType::A;
    return parse_address(v4 ? AF_INET : AF_INET6, v4 ? 4 : 16, tokens[0].text);
  } else if (is_one_name(type)) {
    if (tokens.size() != 1) return wrong_field_count(type, 1, tokens.size());
    TLD_TRY(const auto name, dns::Name::from_text(tokens[0].text, origin_));
    return std::string(name.wire());
  } else if (type == dns::RRType::DS) {
    TLD_TRY(wire, parse_ds(tokens));
  } else {
    TLD_TRY(wire, parse_by_ldns(type, tokens));
  }
  return dns::canonical_rdata(type, wire);
}

Result<std::string> RdataParser::parse_text(dns::RRType type, std::string_view text) {
  if (text.find('\n') != std::string_view::npos) return base::invalid_input("a line break");
  ZoneLexer lexer(text);
  LexedEntry entry;
  lexer.next(entry);
  if (!entry.fault.empty()) return base::invalid_input(entry.fault);
  return parse(type, entry.tokens);
}

struct RdataParser::Ldns : LdnsRdata {
  using LdnsRdata::LdnsRdata;
};

Result<std::string> RdataParser::parse_by_ldns(dns::RRType type, std::span<const Token> tokens) {
  if (!ldns_) ldns_ = std::make_unique<Ldns>(origin_.view());
  return ldns_->parse(type, tokens);
}

}  // namespace tld::zones
