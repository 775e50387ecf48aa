// SPDX-License-Identifier: GPL-2.0-only
#include "keys/approval.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/bytes.h"
#include "base/duration.h"
#include "dns/name.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"
#include "keys/ssh_signature.h"

namespace tld::keys {
namespace {

constexpr std::size_t max_octets = 32'768;
constexpr std::string_view armour_start = "-----BEGIN SSH SIGNATURE-----\n";

base::Error syntax(const std::string& why) {
  return base::invalid_input("APPROVAL-SYNTAX: " + why);
}

// "KEY: VALUE\n" off the front.
base::Status take_field(std::string_view& rest, const char* key, std::string& value) {
  const std::string start = std::string(key) + ": ";
  const std::size_t end = rest.find('\n');
  if (!rest.starts_with(start) || end == std::string_view::npos) {
    return syntax(fmt::format("a line \"{}...\" is expected", start));
  }
  value = rest.substr(start.size(), end - start.size());
  rest.remove_prefix(end + 1);
  return base::ok();
}

base::Result<ApprovalStatement> read_statement(std::string_view text) {
  std::string_view rest = text;
  constexpr std::string_view first = "tld-approval 1\n";
  if (!rest.starts_with(first)) return syntax("it does not begin with \"tld-approval 1\"");
  rest.remove_prefix(first.size());
  ApprovalStatement statement;
  std::string valid;
  TLD_TRY(take_field(rest, "zone", statement.zone));
  TLD_TRY(take_field(rest, "act", statement.act));
  TLD_TRY(take_field(rest, "object", statement.object));
  TLD_TRY(take_field(rest, "person", statement.person));
  TLD_TRY(take_field(rest, "serial", statement.serial));
  TLD_TRY(take_field(rest, "valid", valid));
  const std::size_t to = valid.find(" to ");
  const auto from = utc_from_text(std::string_view(valid).substr(0, to));
  const auto until =
      utc_from_text(to == std::string::npos ? "" : std::string_view(valid).substr(to + 4));
  if (!from || !until) return syntax("valid: is not TIME to TIME");
  statement.from = from.value();
  statement.until = until.value();
  if (!rest.empty() || to_text(statement) != text) return syntax("a line too many");
  return statement;
}

base::Status check_values(const ApprovalStatement& statement) {
  const auto is_hex = [](const std::string& text, std::size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  if (!is_hex(statement.object, 64)) return syntax("object: is no SHA-256");
  if (!is_hex(statement.serial, 32)) return syntax("serial: is not 32 base16 digits");
  if (std::ranges::find(approved_acts(), statement.act) == approved_acts().end()) {
    return syntax("act: there is no such act");
  }
  if (statement.zone == no_zone) return base::ok();
  const auto zone = dns::Name::from_text(statement.zone);
  if (!zone || zone.value().text() != statement.zone) return syntax("zone: is no absolute name");
  return base::ok();
}

// --- one approval ---

base::Status check_matches(const ApprovalStatement& statement, const ApprovalRequest& request) {
  const auto other = [](const char* what, const std::string& is, const std::string& wanted) {
    return base::refused(
        fmt::format("APPROVAL-OTHER-{}: it is for {}, wanted is {}", what, is, wanted));
  };
  if (statement.zone != request.zone) return other("ZONE", statement.zone, request.zone);
  if (statement.act != request.act) return other("ACT", statement.act, request.act);
  if (statement.object != request.object) return other("OBJECT", statement.object, request.object);
  if (request.now < statement.from || request.now >= statement.until) {
    return base::refused(fmt::format("APPROVAL-EXPIRED: valid from {} to {}, now is {}",
                                     utc_text(statement.from), utc_text(statement.until),
                                     utc_text(request.now)));
  }
  if (statement.until - statement.from > max_approval_lifetime) {
    return base::refused("APPROVAL-EXPIRED: approvals are valid for at most " +
                         base::to_text(max_approval_lifetime));
  }
  return base::ok();
}

base::Result<Approver> check_one(const People& people, const ApprovalRequest& request,
                                 const Approval& approval) {
  TLD_TRY(check_matches(approval.statement, request));
  const std::string& name = approval.statement.person;
  const Person* person = people.find(name);
  if (person == nullptr) return base::refused("APPROVAL-PERSON: nobody is called " + name);
  if (!person->is_valid_at(request.now)) {
    return base::refused(fmt::format("APPROVAL-PERSON-EXPIRED: {} is {} from {} to {}", name,
                                     to_string(person->role), utc_text(person->valid_from),
                                     utc_text(person->expires)));
  }
  if (people.is_in_two_roles(*person)) {
    return base::refused("APPROVAL-TWO-ROLES: " + name + " is there in two roles");
  }
  auto verified = ssh_verify(approval.text, approval.signature, approval_namespace, person->keys);
  if (!verified && verified.error().retry_can_help()) return verified.error();
  if (!verified) {
    return base::refused(
        fmt::format("APPROVAL-SIGNATURE: not signed by {}: {}", name, verified.error().message));
  }
  return Approver{name, person->role, sha256_hex(approval.text)};
}

// --- all of them ---

base::Status check_rule(const std::vector<Approver>& approvers, const QuorumRule& rule,
                        const std::string& act) {
  const auto count = [&approvers](Role role) {
    return static_cast<std::size_t>(std::ranges::count(approvers, role, &Approver::role));
  };
  const std::size_t officers = count(Role::crypto_officer);
  const std::size_t operators = count(Role::crypto_operator);
  if (officers + operators < rule.total) {
    return base::refused(
        fmt::format("APPROVAL-QUORUM: {} asks for {} officers and operators, {} have approved", act,
                    rule.total, officers + operators));
  }
  if (officers < rule.officers || operators < rule.operators) {
    return base::refused(
        fmt::format("APPROVAL-ROLE: {} asks for {} crypto-officers and {} crypto-operators, {} and "
                    "{} have approved",
                    act, rule.officers, rule.operators, officers, operators));
  }
  if (count(Role::observer) < rule.observers) {
    return base::refused(
        fmt::format("APPROVAL-OBSERVER: {} asks for {} observers to countersign, {} have", act,
                    rule.observers, count(Role::observer)));
  }
  return base::ok();
}

}  // namespace

std::string to_text(const ApprovalStatement& statement) {
  return fmt::format(
      "tld-approval 1\nzone: {}\nact: {}\nobject: {}\nperson: {}\nserial: {}\nvalid: {} to {}\n",
      statement.zone, statement.act, statement.object, statement.person, statement.serial,
      utc_text(statement.from), utc_text(statement.until));
}

std::string random_serial() {
  std::array<unsigned char, 16> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random numbers");
  }
  return base::to_hex({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

base::Result<std::string> make_approval(const ApprovalStatement& statement,
                                        const std::filesystem::path& key) {
  TLD_TRY(check_values(statement));
  const std::string text = to_text(statement);
  TLD_TRY(const std::string signature, ssh_sign(text, approval_namespace, key));
  return text + signature;
}

base::Result<Approval> Approval::parse(std::string_view text, const std::string& source) {
  Approval approval;
  approval.source = source;
  const std::size_t end = text.find(armour_start);
  if (end == std::string_view::npos) return syntax("there is no signature in it").in(source);
  approval.text = text.substr(0, end);
  approval.signature = text.substr(end);
  auto statement = read_statement(approval.text);
  if (!statement) return statement.error().in(source);
  if (auto status = check_values(statement.value()); !status) return status.error().in(source);
  approval.statement = std::move(statement).value();
  return approval;
}

base::Result<Approval> Approval::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_octets));
  return parse(text, path.string());
}

base::Result<std::vector<Approver>> check_approvals(const People& people,
                                                    const ApprovalRequest& request,
                                                    const std::vector<Approval>& approvals) {
  std::vector<Approver> approvers;
  for (const Approval& approval : approvals) {
    auto approver = check_one(people, request, approval);
    if (!approver) return approver.error().in(approval.source);
    const std::string& name = approver.value().person;
    if (std::ranges::find(approvers, name, &Approver::person) != approvers.end()) {
      return base::refused(
          fmt::format("{}: APPROVAL-TWICE: {} has approved already", approval.source, name));
    }
    approvers.push_back(std::move(approver).value());
  }
  TLD_TRY(check_rule(approvers, people.rule_for(request.act), request.act));
  return approvers;
}

base::Status check_acts_of(const std::vector<Approval>& approvals,
                           const std::vector<std::string>& acts) {
  for (const Approval& approval : approvals) {
    if (std::ranges::count(acts, approval.statement.act) != 0) continue;
    return base::refused(fmt::format("{}: APPROVAL-OTHER-ACT: it is for {}, wanted is {}",
                                     approval.source, approval.statement.act,
                                     fmt::join(acts, " or ")));
  }
  return base::ok();
}

std::vector<Approval> approvals_for(const std::string& act,
                                    const std::vector<Approval>& approvals) {
  std::vector<Approval> found;
  std::ranges::copy_if(approvals, std::back_inserter(found),
                       [&act](const Approval& approval) { return approval.statement.act == act; });
  return found;
}

base::Result<std::vector<Approver>> check_approvals_of_acts(
    const People& people, ApprovalRequest request, const std::vector<std::string>& acts,
    const std::vector<Approval>& approvals) {
  TLD_TRY(check_acts_of(approvals, acts));
  std::vector<Approver> all;
  for (const std::string& act : acts) {
    request.act = act;
    TLD_TRY(const auto approvers, check_approvals(people, request, approvals_for(act, approvals)));
    all.insert(all.end(), approvers.begin(), approvers.end());
  }
  return all;
}

}  // namespace tld::keys
