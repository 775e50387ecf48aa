// SPDX-License-Identifier: GPL-2.0-only
//
// RDATA in presentation form → canonical octets. The types that fill a TLD zone are read here; ldns
// reads the others, behind a guard against what it lets pass.
//
// Thread rule: one RdataParser per thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zones/zone_lexer.h"

namespace tld::zones {

class RdataParser {
 public:
  explicit RdataParser(dns::NameView origin);
  ~RdataParser();
  RdataParser(const RdataParser&) = delete;
  RdataParser& operator=(const RdataParser&) = delete;

  void set_origin(dns::NameView origin);
  dns::NameView origin() const { return origin_; }

  // REQUIRES: tokens as ZoneLexer makes them.
  base::Result<std::string> parse(dns::RRType type, std::span<const Token> tokens);
  // The same from one line of text.
  base::Result<std::string> parse_text(dns::RRType type, std::string_view text);

 private:
  struct Ldns;
  base::Result<std::string> parse_by_ldns(dns::RRType type, std::span<const Token> tokens);

  dns::Name origin_;
  std::unique_ptr<Ldns> ldns_;
};

}  // namespace tld::zones
