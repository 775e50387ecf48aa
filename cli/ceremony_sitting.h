// SPDX-License-Identifier: GPL-2.0-only
//
// What tldctl ceremony run and hold do, but for their options and reports: what a sitting has
// before it, what is checked, what is signed. The order is: prepare_sitting, plan_sitting,
// sign_all, write_trust_anchor.
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
#include "cli/output_file.h"
#include "hsm/token_keys.h"
#include "keys/key_signing_request.h"
#include "keys/knot_dialect.h"
#include "keys/policy.h"
#include "keys/response.h"
#include "keys/signed_keys.h"

namespace tld::cli {

// A KSK, and in which slots it is listed and signs.
struct KskUse {
  std::string id;      // base16; or
  std::string dnskey;  // the file with its DNSKEY record, by which it is found in the token
  base::Time from = base::Time::min(), until = base::Time::max();
  bool announced = true;
};

struct SittingOptions {
  std::string zone, policy, request, previous, signers, horizon, output, trust_anchor, key_register,
      dialect = "ours";
  std::vector<std::string> foreign, emergency_for;
  std::vector<KskUse> ksks;
  bool ds_at_parent = false;
  Place place = Place::replaced;   // of the outputs
  ReadFile read = read_from_disk;  // of each file but the outputs

  Dialect form() const { return dialect == "knot" ? Dialect::knot : Dialect::ours; }
};

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

struct PlannedSitting {
  std::vector<keys::KskTerm> ksks;
  keys::SigningPlan plan;
};
// Finds the KSKs, which sign in `session`: it must outlive them. Checks the request by policy, time
// and the file of the last ceremony (KSR-... of docs/ceremony.md), and, with a register, what
// neither request nor token tells: a key that the register does not have, that comes or goes too
// early, was retired, or has no proved backup (KEY-...). refused, CEREMONY-KSK: the token has no
// key of that DNSKEY record. Nothing is signed.
base::Result<PlannedSitting> plan_sitting(const SittingOptions& options, const Sitting& sitting,
                                          hsm::Session& session);

std::vector<dns::Dnskey> dnskeys_of(const std::vector<keys::KskTerm>& terms);

struct Made {
  std::string file, sha256;
  std::optional<std::uint16_t> without;  // key tag of the ZSK that an emergency file leaves out
};

// The signed-key file and its emergency files: all are signed before the first takes its place.
// `made` gets each that has, also where a later one fails.
base::Status sign_all(const SittingOptions& options, const Sitting& sitting,
                      const keys::SigningPlan& plan, std::vector<Made>& made);

std::string emergency_file(const std::string& output, const dns::Dnskey& stolen);

// The KSKs' DNSKEY and DS records; nullopt where the options name no file for them.
base::Result<std::optional<Made>> write_trust_anchor(const SittingOptions& options,
                                                     const Sitting& sitting,
                                                     const std::vector<keys::KskTerm>& ksks);

}  // namespace tld::cli
