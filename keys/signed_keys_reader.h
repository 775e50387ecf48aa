// SPDX-License-Identifier: GPL-2.0-only
//
// Reads the text of a signed-key file, line by line. Internal to keys/.
//
// Thread rule: one reader, one thread, one text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/record_line.h"
#include "keys/signed_keys.h"

namespace tld::keys {

class SignedKeysReader {
 public:
  static constexpr std::size_t max_octets = 4 << 20;
  static constexpr std::size_t max_line_octets = 8192;
  static constexpr std::size_t max_records_per_rrset = 32;
  static constexpr std::size_t max_rrsigs_per_rrset = 8;

  SignedKeysReader(dns::NameView apex, const std::string& source);
  base::Result<SignedKeys> read(std::string_view text);

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
  base::Error fault(const char* rule, const std::string& why) const;

  SignedKeys result_;
  std::size_t line_ = 0;
  std::size_t policy_lines_ = 0;
  bool ended_ = false;
};

}  // namespace tld::keys
