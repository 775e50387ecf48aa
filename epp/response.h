// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: responses (RFC 5730 §2.6).
//
// Thread rule: pure functions.
#pragma once

#include <string>

#include "base/clock.h"
#include "epp/apply.h"
#include "epp/code.h"

namespace tld::epp {

struct TransactionIds {
  std::string client;  // "" when there is none
  std::string server;
};

// Code 1000; with creData when something was created. `note` goes behind the message.
std::string done_response(const Done& done, const std::string& note, base::Time now,
                          const TransactionIds& ids);
// With the offending element, and why, in extValue.
std::string refused_response(const Refusal& refusal, const TransactionIds& ids);

}  // namespace tld::epp
