// SPDX-License-Identifier: GPL-2.0-only
//
// The named checks that stand between content and a zone. Each name is a line in docs/checks.md and
// never changes. CheckedContent can only be made here: what has not been checked cannot be built.
//
// Thread rule: a pure function and values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/name.h"
#include "zones/content.h"

namespace tld::zones {

struct Finding {
  std::string_view check;  // the check's name, e.g. "zone-cut"; static storage
  dns::Name owner;
  std::string text;  // what is wrong with it, for an operator; no trailing full stop
  std::size_t rrset =
      0;  // index into the content; content.size() when it is about something missing

  std::string message() const;  // "zone-cut: www.kz.: TXT below the delegation kz."
};

struct Placement;  // placement.h's: what each RRset is in the zone (data, cut, glue, orphan)
class NsTargets;   // ns_targets.h's: the name servers inside the zone

// Content that passed every check.
class CheckedContent {
 public:
  const ZoneContent& content() const { return content_; }

 private:
  CheckedContent(ZoneContent content, std::shared_ptr<const Placement> placement,
                 std::shared_ptr<const NsTargets> targets)
      : content_(std::move(content)),
        placement_(std::move(placement)),
        targets_(std::move(targets)) {}
  friend class Checker;      // check.cc's, the only maker
  friend class ZoneBuilder;  // build.cc's, the only reader of what was found on the way
  ZoneContent content_;
  std::shared_ptr<const Placement> placement_;
  std::shared_ptr<const NsTargets> targets_;
};

struct CheckReport {
  // The first max_findings of each; the counts are complete.
  static constexpr std::size_t max_findings = 100;
  std::vector<Finding> faults;    // any fault: the zone cannot be published
  std::vector<Finding> warnings;  // shown, not in the way
  std::uint64_t fault_count = 0;
  std::uint64_t warning_count = 0;
  std::uint64_t orphan_glue = 0;  // address RRsets below a cut that no NS needs: left out

  std::optional<CheckedContent> checked;  // engaged exactly when fault_count is 0

  bool passed() const { return checked.has_value(); }
  // "CHECK: OWNER: TEXT", one per line, faults only; for an Error's message.
  std::string faults_text() const;
};

CheckReport check(const ZoneContent& content);

// Every check's name, faults first; docs/checks.md has exactly these.
struct CheckName {
  std::string_view name;
  bool is_fault = true;  // else a warning
};
const std::vector<CheckName>& check_names();

}  // namespace tld::zones
