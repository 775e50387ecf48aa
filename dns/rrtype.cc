// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rrtype.h"

#include <algorithm>
#include <charconv>

#include "dns/text.h"

namespace tld::dns {
namespace {

struct Mnemonic {
  std::uint16_t number;
  std::string_view text;
};

// By number. The IANA registry's data types and ANY; the last two are PowerDNS's own.
constexpr Mnemonic mnemonics[] = {
    {1, "A"},           {2, "NS"},          {3, "MD"},        {4, "MF"},      {5, "CNAME"},
    {6, "SOA"},         {7, "MB"},          {8, "MG"},        {9, "MR"},      {10, "NULL"},
    {11, "WKS"},        {12, "PTR"},        {13, "HINFO"},    {14, "MINFO"},  {15, "MX"},
    {16, "TXT"},        {17, "RP"},         {18, "AFSDB"},    {19, "X25"},    {20, "ISDN"},
    {21, "RT"},         {22, "NSAP"},       {23, "NSAP-PTR"}, {24, "SIG"},    {25, "KEY"},
    {26, "PX"},         {27, "GPOS"},       {28, "AAAA"},     {29, "LOC"},    {30, "NXT"},
    {33, "SRV"},        {35, "NAPTR"},      {36, "KX"},       {37, "CERT"},   {38, "A6"},
    {39, "DNAME"},      {42, "APL"},        {43, "DS"},       {44, "SSHFP"},  {45, "IPSECKEY"},
    {46, "RRSIG"},      {47, "NSEC"},       {48, "DNSKEY"},   {49, "DHCID"},  {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},       {53, "SMIMEA"},   {55, "HIP"},    {59, "CDS"},
    {60, "CDNSKEY"},    {61, "OPENPGPKEY"}, {62, "CSYNC"},    {63, "ZONEMD"}, {64, "SVCB"},
    {65, "HTTPS"},      {99, "SPF"},        {104, "NID"},     {105, "L32"},   {106, "L64"},
    {107, "LP"},        {108, "EUI48"},     {109, "EUI64"},   {255, "ANY"},   {256, "URI"},
    {257, "CAA"},       {65401, "ALIAS"},   {65402, "LUA"},
};
static_assert(std::ranges::is_sorted(mnemonics, {}, &Mnemonic::number));

bool same_folded(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, fold, fold);
}

}  // namespace

std::string to_text(RRType type) {
  const auto* found = std::ranges::lower_bound(mnemonics, number(type), {}, &Mnemonic::number);
  if (found != std::end(mnemonics) && found->number == number(type))
    return std::string(found->text);
  return "TYPE" + std::to_string(number(type));  // RFC 3597 §5
}

base::Result<RRType> rrtype_from_text(std::string_view text) {
  for (const Mnemonic& known : mnemonics) {
    if (same_folded(known.text, text)) return static_cast<RRType>(known.number);
  }
  std::uint16_t value = 0;
  if (text.size() > 4 && same_folded(text.substr(0, 4), "TYPE")) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 4, end, value);
    if (error == std::errc() && stop == end) return static_cast<RRType>(value);
  }
  return base::invalid_input(quoted(text.substr(0, 40)) +
                             " is not an RR type (a mnemonic, or TYPE and a number up to 65535)");
}

}  // namespace tld::dns
