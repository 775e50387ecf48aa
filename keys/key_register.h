// SPDX-License-Identifier: GPL-2.0-only
//
// A zone's keys, all that were ever held, and their events: a text file to which lines are only
// ever added. One JSON object a line, each in its one canonical form:
//
//   {"register":"pdns-tld keys 1","zone":"kz."}
//   {"key":"SHA-256 OF THE DNSKEY RDATA","dnskey":"256 3 13 BASE64","foreign":false,"id":"CKA_ID"}
//   {"event":"generated","key":"SHA-256 ...","time":"20260101000000"}
//   {"event":"backup-proved","key":"SHA-256 ...","time":"20260101000000","token":"SERIAL"}
//   {"event":"ds-seen","key":"SHA-256 ...","time":"20260301000000","ds-ttl":86400}
//
// A key's line is followed at once by its `generated`. Events are facts: the register checks that
// they can have happened (their order, their times), not that they were wise (key_steps.h). The
// file is taken as hostile. Errors are invalid_input, "SOURCE:LINE: CHECK: ...":
//
//   REGISTER-SIZE    file above 4 MiB, line above 8 KiB
//   REGISTER-SYNTAX  a line is not one of the above in exactly that form
//   REGISTER-ZONE    it is another zone's
//   REGISTER-KEY     the fingerprint is not the DNSKEY's; it cannot be used; it is known already
//   KEY-TAG-USED     a key of this zone has or had its tag, or its tag when revoked (RFC 5011
//                    §2.1), in either form: make another key
//   REGISTER-EVENT   an event of a key that is not there, out of order, or twice
//   REGISTER-FUTURE  leave_out_future(): an event is later than now
//   REGISTER-APPEND  replace_file(): the file has lines that the new one lacks
//
// Thread rule: a value; any number of writers of a file, also in other processes.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "keys/managed_key.h"

namespace tld::keys {

struct RegisterKey;
struct RegisterEvent;

// refused: KEY-TAG-USED. REQUIRES: `keys` does not have this key.
base::Status check_unused_tag(const Keys& keys, const dns::Dnskey& dnskey);

// Clocks differ: what is later than now by no more has happened.
inline constexpr std::chrono::minutes clock_tolerance{1};

class KeyRegister {
 public:
  explicit KeyRegister(const dns::Name& apex);  // empty

  static base::Result<KeyRegister> parse(std::string_view text, dns::NameView apex,
                                         const std::string& source = "key register");
  // not_found: there is no such file; unavailable: it cannot be read now.
  static base::Result<KeyRegister> read_file(const std::filesystem::path& path, dns::NameView apex);

  // A key that was made, adopted, or is another operator's. Returns its place. invalid_input:
  // REGISTER-KEY; refused: KEY-TAG-USED.
  base::Result<std::size_t> add_key(const dns::Dnskey& dnskey, bool foreign, const std::string& id,
                                    base::Time generated);
  // A fact. REQUIRES: its key is in keys(). invalid_input: REGISTER-EVENT.
  base::Status add_event(const KeyStep& event, base::Time time);

  // Events later than `now` have not happened: keys() is without them from here on, text() is not,
  // so nothing may be added. (`generated` stays: it does nothing.) refused, REGISTER-FUTURE: names
  // one; ok: there are none.
  base::Status leave_out_future(base::Time now);

  const dns::Name& apex() const { return apex_; }
  const Keys& keys() const { return keys_; }
  // By the SHA-256 of its DNSKEY RDATA; nothing when it was never held.
  std::optional<std::size_t> find(const base::Sha256& fingerprint) const;
  // May it sign? Never one that was retired, or removed without having been used; nor a foreign
  // one. (An algorithm roll removes DNSKEYs that still sign.) refused: KEY-RETIRED, KEY-FOREIGN.
  base::Status may_sign(std::size_t key) const;

  const std::string& text() const { return text_; }
  // Whole or not at all (temporary file, fsync, rename), mode 0644. REGISTER-APPEND when what is
  // there is not the beginning of this, under a lock on the directory; so two writers cannot lose
  // each other's lines unseen. unavailable: it cannot be written, or that lock was held for
  // seconds.
  base::Status replace_file(const std::filesystem::path& path) const;

 private:
  base::Status take_line(std::string_view line);
  base::Status take_key(const RegisterKey& key);
  base::Status take_event(const RegisterEvent& line);

  dns::Name apex_;
  Keys keys_;
  std::string text_;
  bool expects_generated_ = false;  // the last line was a key's
};

}  // namespace tld::keys
