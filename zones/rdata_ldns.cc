// SPDX-License-Identifier: GPL-2.0-only
#include "zones/rdata_ldns.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace tld::zones {
namespace {

using dns::RRType;

base::Error in_type(dns::RRType type, const std::string& text) {
  return base::invalid_input(to_text(type) + ": " + text);
}

struct FreeRR {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};

// The greatest number a field of this kind holds; 0: no number, or ldns checks it itself.
std::uint64_t field_limit(ldns_rdf_type field) {
  switch (field) {
    case LDNS_RDF_TYPE_INT8:
    case LDNS_RDF_TYPE_ALG:
    case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
    case LDNS_RDF_TYPE_SELECTOR:
    case LDNS_RDF_TYPE_MATCHING_TYPE:
      return std::numeric_limits<std::uint8_t>::max();
    case LDNS_RDF_TYPE_INT16:
      return std::numeric_limits<std::uint16_t>::max();
    case LDNS_RDF_TYPE_INT32:
    case LDNS_RDF_TYPE_PERIOD:
      return std::numeric_limits<std::uint32_t>::max();
    default:
      return 0;
  }
}

// May the field take any number of tokens?
bool takes_many_tokens(ldns_rdf_type field) {
  switch (field) {
    case LDNS_RDF_TYPE_HEX:
    case LDNS_RDF_TYPE_LOC:
    case LDNS_RDF_TYPE_SVCPARAMS:
      return true;
    default:
      return false;
  }
}

bool number_fits(std::string_view text, std::uint64_t limit) {
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return text.find_first_of("-+") == std::string_view::npos;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= limit;
}

// ldns takes each name whose first label is "@" for the origin, however it is written.
bool is_misread_as_origin(std::string_view name) {
  for (const std::string_view label : {"@", "\\@", "\\064"}) {
    if (!name.starts_with(label) || name == "@") continue;
    if (name.size() == label.size() || name[label.size()] == '.') return true;
  }
  return false;
}

base::Status check_tokens(dns::RRType type, std::span<const Token> tokens,
                          const ldns_rr_descriptor& descriptor) {
  const std::size_t minimum = ldns_rr_descriptor_minimum(&descriptor);
  const std::size_t maximum = ldns_rr_descriptor_maximum(&descriptor);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i >= maximum) {
      return in_type(type, "\"" + std::string(tokens[i].text) + "\" stands behind the last field");
    }
    const ldns_rdf_type field = ldns_rr_descriptor_field_type(&descriptor, i);
    if (takes_many_tokens(field)) return base::ok();
    if (field == LDNS_RDF_TYPE_DNAME && is_misread_as_origin(tokens[i].text)) {
      return in_type(type, "a name with the first label @ cannot be given");
    }
    const std::uint64_t limit = field_limit(field);
    if (limit == 0 || number_fits(tokens[i].text, limit)) continue;
    return in_type(type, "\"" + std::string(tokens[i].text) + "\" is not a number that fits");
  }
  if (tokens.size() >= minimum) return base::ok();
  return in_type(type, "fields are missing: " + std::to_string(tokens.size()) + " of " +
                           std::to_string(minimum));
}

// Types without a name in RRType; their fields are numbers and names, as those of MX.
bool is_like_mx(RRType type) {
  switch (dns::number(type)) {
    case 17:  // RP
    case 18:  // AFSDB
    case 21:  // RT
    case 26:  // PX
    case 36:  // KX
      return true;
    default:
      return false;
  }
}

// The types whose text is given to ldns: all that dns::rdata_text() writes in a form of their own
// and that a zone of ours may have. Others (IPSECKEY, HIP, WKS ...) have no place in a TLD
// zone, and ldns's readers of them leak and assert on bad input: they can be given as RFC 3597 has
// it.
bool is_read_by_ldns(RRType type) {
  switch (type) {
    case RRType::SOA:
    case RRType::HINFO:
    case RRType::MX:
    case RRType::TXT:
    case RRType::LOC:
    case RRType::SRV:
    case RRType::NAPTR:
    case RRType::DNAME:
    case RRType::SSHFP:
    case RRType::TLSA:
    case RRType::SVCB:
    case RRType::HTTPS:
    case RRType::SPF:
    case RRType::CAA:
      return true;
    default:
      return is_like_mx(type);
  }
}

std::string line_for(dns::RRType type, std::span<const Token> tokens) {
  std::string line = ". 0 IN " + to_text(type);
  for (const Token& token : tokens) {
    line += ' ';
    if (token.quoted) line += '"';
    line += token.text;
    if (token.quoted) line += '"';
  }
  return line;
}

std::string wire_of(const ldns_rr& rr) {
  std::string wire;
  for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(&rr, i);
    if (ldns_rdf_data(field) == nullptr) continue;
    wire.append(reinterpret_cast<const char*>(ldns_rdf_data(field)), ldns_rdf_size(field));
  }
  return wire;
}

}  // namespace

void LdnsRdata::Free::operator()(ldns_struct_rdf* name) const {
  ldns_rdf_deep_free(name);
}

LdnsRdata::LdnsRdata(dns::NameView origin)
    : origin_(
          ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin.wire().size(), origin.wire().data())) {}

base::Result<std::string> LdnsRdata::parse(dns::RRType type, std::span<const Token> tokens) const {
  const ldns_rr_descriptor* descriptor = ldns_rr_descript(dns::number(type));
  if (!is_read_by_ldns(type) || descriptor == nullptr) {
    return in_type(type, "this type can only be given as \\# length hex");
  }
  TLD_TRY(check_tokens(type, tokens, *descriptor));
  ldns_rr* made = nullptr;
  const ldns_status status =
      ldns_rr_new_frm_str(&made, line_for(type, tokens).c_str(), 0, origin_.get(), nullptr);
  const std::unique_ptr<ldns_rr, FreeRR> rr(status == LDNS_STATUS_OK ? made : nullptr);
  if (!rr) return in_type(type, ldns_get_errorstr_by_id(status));
  return wire_of(*rr);
}

}  // namespace tld::zones
