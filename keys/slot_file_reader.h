// SPDX-License-Identifier: GPL-2.0-only
//
// Reads the text of a signed-key file or of a key signing request, line by line: one grammar, with
// another word in the headers. Internal to keys/.
//
// Thread rule: one reader, one thread, one text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/record_line.h"
#include "keys/slot.h"

namespace tld::keys {

// What differs between the two. Names of rules begin with `prefix`.
struct SlotFileKind {
  const char* word;  // in the headers
  const char* prefix;
  const char* apex_rule;
  bool dnskey_only;  // no CDS, no CDNSKEY, and a DNSKEY RRset may have no signature
  static const SlotFileKind response, request;
};

// What every header of such a file starts with.
std::string header_start(const SlotFileKind& kind);

class SlotFileReader {
 public:
  static constexpr std::size_t max_octets = 4 << 20;
  static constexpr std::size_t max_line_octets = 8192;
  static constexpr std::size_t max_records_per_rrset = 32;
  static constexpr std::size_t max_rrsigs_per_rrset = 8;

  SlotFileReader(const SlotFileKind& kind, dns::NameView apex, const std::string& source);
  // Errors are invalid_input, "SOURCE:LINE: RULE: ...", with PREFIX-SIZE, -SYNTAX, -TRUNCATED,
  // -POLICY-LINE and the apex rule.
  base::Result<SlotFile> read(std::string_view text);

 private:
  base::Status take_line(std::string_view line);
  base::Status take_policy(std::string_view line);
  base::Status take_header(std::string_view line);
  base::Status take_record(std::string_view line);
  base::Status add_data(const RecordLine& record);
  base::Status add_rrsig(const RecordLine& record);
  SignedRRset& rrset_of(dns::RRType type);  // of the slot being read
  base::Status take_end(std::string_view rest);
  base::Status start_slot(std::string_view time);
  base::Status finish_slot();
  base::Status finish_rrset(SignedRRset& signed_rrset) const;
  base::Error fault(const char* rule, const std::string& why) const;  // `rule` without its prefix
  base::Error wrong_apex(const char* what, const dns::Name& name) const;

  const SlotFileKind& kind_;
  std::string header_start_;
  SlotFile result_;
  std::size_t line_ = 0;
  std::size_t policy_lines_ = 0;
  bool ended_ = false;
};

}  // namespace tld::keys
