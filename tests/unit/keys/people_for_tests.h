// SPDX-License-Identifier: GPL-2.0-only
//
// Six people, two of each role, with real OpenSSH keys (made once per test program).
#pragma once

#include <string>

#include "keys/approval.h"
#include "keys/people.h"
#include "tests/unit/keys/record_directory.h"

namespace tld::keys::testing {

inline constexpr base::Time people_time{std::chrono::seconds{1'800'000'000}};  // 2027-01-15

// The private key's file of that name; it is made when it is first asked for.
std::string private_key(const std::string& name, const std::string& type = "ed25519");
std::string public_key(const std::string& name, const std::string& type = "ed25519");

// A person in YAML; `more` are further lines, indented by four.
std::string person_yaml(const std::string& name, const std::string& role,
                        const std::string& more = "");
// officers ann and amy, operators bob and ben, observers wit and win; valid 2026 and 2027.
std::string six_people();
People people_from(const std::string& yaml);
// The rule that the first fault names: "PEOPLE-FEW"; "" when all is right.
std::string rule_broken(const std::string& yaml);

std::string approve(const std::string& person, const ApprovalRequest& request);
Approval approval_of(const std::string& text, const std::string& source = "file");

}  // namespace tld::keys::testing
