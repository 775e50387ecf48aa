// SPDX-License-Identifier: GPL-2.0-only
//
// A new key inside a token, and the file with its DNSKEY record: what tldctl key generate and a
// ceremony's step key-generate do.
//
// Thread rule: one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "cli/token_session.h"
#include "dns/rdata.h"
#include "hsm/key.h"

namespace tld::cli {

struct KeyGeneration {
  std::string token;      // its URI
  std::string algorithm;  // a name that algorithm_name() takes
  std::string zone, role = "zsk";
  std::string dnskey;                // the file to write; "": none
  Place place = Place::replaced;     // of that file
  std::string policy, key_register;  // files; "": the built-in values, none
  std::optional<bool> wrappable;     // not given: as the policy says
  ReadFile read = read_from_disk;    // of policy and register
  // May the key be made in this token? Asked before it is.
  std::function<base::Status(const TokenSession&)> accept_token;
};

struct GeneratedKey {
  hsm::KeyInfo info;
  dns::Dnskey dnskey;
  bool wrappable = false;
  unsigned destroyed = 0;     // keys with a used tag that were made before it
  std::string dnskey_sha256;  // of the file's octets; "" without a file
};

// The file's place is opened first: a key must not be made and then lack the file that names it.
// Errors are those of the token, the policy and the register; KEY-TAG-USED (keys/new_key.h).
base::Result<GeneratedKey> generate_key(const KeyGeneration& wanted);

// What was made, for people, scripts and the audit log.
Report generated_report(const KeyGeneration& wanted, const GeneratedKey& key);

}  // namespace tld::cli
