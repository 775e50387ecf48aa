// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ceremony run, but for its options and its report: what a sitting has before it, what is
// checked, what is signed. The order is: prepare_sitting, find_ksks, check_request, check_register,
// sign_all.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/key_files.h"
#include "hsm/token_keys.h"
#include "keys/key_signing_request.h"
#include "keys/knot_dialect.h"
#include "keys/policy.h"
#include "keys/response.h"
#include "keys/signed_keys.h"

namespace tld::cli {

struct SittingOptions {
  std::string zone, policy, request, request_sha256, previous, ksk_token, signers, horizon, output,
      trust_anchor, key_register, dialect = "ours";
  std::vector<std::string> ksk_ids, from, until, announce, foreign, emergency_for, approvals;
  bool first = false, ds_at_parent = false;

  Dialect form() const { return dialect == "knot" ? Dialect::knot : Dialect::ours; }
};

// Options of the form ID=TIME.
std::string term_id(const std::string& term);
std::string wrong_term(const std::string& term);  // why it is none; "" where it is one

struct Sitting {
  dns::Name apex;
  keys::Policy policy;
  base::Time now;
  Loaded<keys::KeySigningRequest> request;
  std::optional<Loaded<keys::SignedKeys>> previous;
  std::vector<dns::Dnskey> foreign, stolen;
  std::string signer;  // of the request; "" where no signature is asked for
};

// Reads all that the options name. Fails with `refused` where people's signature over the request
// is demanded and missing.
base::Result<Sitting> prepare_sitting(const SittingOptions& options);

// Each signs in `session`, which must outlive them.
base::Result<std::vector<keys::KskTerm>> find_ksks(const SittingOptions& options,
                                                   hsm::Session& session);

std::vector<dns::Dnskey> dnskeys_of(const std::vector<keys::KskTerm>& terms);

// The request by policy, time and the file of the last ceremony: KSR-... of docs/ceremony.md.
base::Status check_request(const SittingOptions& options, const Sitting& sitting,
                           const std::vector<keys::KskTerm>& ksks);

// What neither request nor token tells: a key that the register does not have, that comes or goes
// too early, was retired, or has no proved backup. Without a register: nothing.
base::Status check_register(const SittingOptions& options, const Sitting& sitting,
                            const std::vector<keys::KskTerm>& ksks, const keys::SigningPlan& plan);

struct Made {
  std::string file, sha256;
  std::optional<std::uint16_t> without;  // key tag of the ZSK that an emergency file leaves out
};

// The signed-key file and its emergency files: all of them, or none.
base::Result<std::vector<Made>> sign_all(const SittingOptions& options, const Sitting& sitting,
                                         const keys::SigningPlan& plan);

// The KSKs' DNSKEY and DS records, where the options name a file for them.
base::Status write_trust_anchor(const SittingOptions& options, const Sitting& sitting,
                                const std::vector<keys::KskTerm>& ksks);

}  // namespace tld::cli
