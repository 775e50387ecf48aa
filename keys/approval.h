// SPDX-License-Identifier: GPL-2.0-only
//
// Approvals: a person's signature (ssh_signature.h) over a statement of what may be done to which
// octets until when. An act goes ahead when the rule for it is met by valid people; then the audit
// log remembers each statement, so that none is used again (AuditLog::append, APPROVAL-REPLAYED).
//
// The file is text, one meaning one text: seven lines, then the armoured signature over them.
//   tld-approval 1
//   zone: kz.
//   act: zone-approve
//   object: SHA-256 of what is approved, base16
//   person: ann
//   serial: 128 random bits, base16
//   valid: 2026-11-22T10:00:00Z to 2026-11-29T10:00:00Z
//
// Thread rule: values and pure functions.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/people.h"

namespace tld::keys {

inline constexpr const char* approval_namespace = "tld-approval@pdns-tld";
inline constexpr std::chrono::seconds max_approval_lifetime = std::chrono::days{30};
inline constexpr const char* no_zone = "-";  // of an act that is no zone's

struct ApprovalStatement {
  std::string zone = no_zone;  // absolute name, or no_zone
  std::string act;             // one of approved_acts()
  std::string object;          // SHA-256, base16
  std::string person;
  std::string serial;  // makes each statement another one
  base::Time from{}, until{};
};
std::string to_text(const ApprovalStatement& statement);
std::string random_serial();

// The text of an approval, signed with that person's key.
base::Result<std::string> make_approval(const ApprovalStatement& statement,
                                        const std::filesystem::path& key);

struct Approval {
  std::string source;  // the file's name, for messages
  ApprovalStatement statement;
  std::string text;       // the octets that are signed
  std::string signature;  // armoured

  // invalid_input, "SOURCE: APPROVAL-SYNTAX: ...". The signature is not looked at.
  static base::Result<Approval> parse(std::string_view text, const std::string& source);
  static base::Result<Approval> read_file(const std::filesystem::path& path);
};

// What is to be done.
struct ApprovalRequest {
  std::string zone = no_zone;
  std::string act;     // one of approved_acts()
  std::string object;  // SHA-256, base16
  base::Time now{};
};

struct Approver {
  std::string person;
  Role role = Role::observer;
  std::string statement;  // SHA-256 of the statement, for the audit log
};

// All approvals must be in order, and together meet the rule for the act. refused,
// "SOURCE: RULE: ...":
//   APPROVAL-OTHER-ZONE, -OTHER-ACT, -OTHER-OBJECT  it is for something else
//   APPROVAL-EXPIRED         not valid now, or for longer than max_approval_lifetime
//   APPROVAL-PERSON          nobody of that name
//   APPROVAL-PERSON-EXPIRED  the person's time is over, or has not begun
//   APPROVAL-TWO-ROLES       the person is there in another role too
//   APPROVAL-TWICE           the person has approved already
//   APPROVAL-SIGNATURE       not signed by that person
// and without SOURCE:
//   APPROVAL-QUORUM          too few people
//   APPROVAL-ROLE            enough people, but too few of a role
//   APPROVAL-OBSERVER        no observer countersigned, or too few
base::Result<std::vector<Approver>> check_approvals(const People& people,
                                                    const ApprovalRequest& request,
                                                    const std::vector<Approval>& approvals);

// refused, "SOURCE: APPROVAL-OTHER-ACT: ...": one is for none of `acts`.
base::Status check_acts_of(const std::vector<Approval>& approvals,
                           const std::vector<std::string>& acts);
std::vector<Approval> approvals_for(const std::string& act, const std::vector<Approval>& approvals);
// Several acts on one object: check_acts_of(), then each act's rule by the approvals that are for
// it. `request.act` is not looked at.
base::Result<std::vector<Approver>> check_approvals_of_acts(const People& people,
                                                            ApprovalRequest request,
                                                            const std::vector<std::string>& acts,
                                                            const std::vector<Approval>& approvals);

}  // namespace tld::keys
