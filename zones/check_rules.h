// SPDX-License-Identifier: GPL-2.0-only
//
// The rules behind check() and update(): each function is one named check, its name with
// underscores. A rule sees the content through CheckView, so that a whole zone and a zone with some
// changes are judged by the same code.
//
// Thread rule: used by one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "zones/check.h"
#include "zones/placement.h"

namespace tld::zones {

// Collects what the rules find, up to CheckReport::max_findings of each sort.
class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}
  void fault(std::string_view check, dns::NameView owner, std::size_t rrset, std::string text);
  void warning(std::string_view check, dns::NameView owner, std::size_t rrset, std::string text);

 private:
  CheckReport& report_;
};

// The content that is judged.
class CheckView {
 public:
  // What stands at a name server inside the zone.
  struct Host {
    bool has_address = false;
    bool is_cname = false;
  };

  virtual ~CheckView() = default;
  virtual dns::NameView apex() const = 0;
  virtual std::optional<ContentRRset> find(dns::NameView owner, dns::RRType type) const = 0;
  // REQUIRES: an NS RRset of the content names it.
  virtual Host host(dns::NameView name) const = 0;
};

// One RRset of the content and what a rule must know of its surroundings.
struct PlacedRRset {
  ContentRRset rrset;
  Place place = Place::authoritative;
  std::size_t index = 0;              // Finding::rrset
  std::optional<dns::RRType> beside;  // of another RRset of the same owner, if there is one
};

struct CheckContext {
  const CheckView& view;
  Findings& findings;
  std::size_t missing = 0;  // Finding::rrset of what is about something missing
};

// Made from the rest of a zone when it is signed, and never stored.
bool is_made_by_the_signer(dns::RRType type);

// All of those below: about the apex, once per zone, and about one RRset.
void check_apex(const CheckContext& context);
void check_rrset(const CheckContext& context, const PlacedRRset& placed);

void check_apex_length(const CheckContext& context);
void check_soa_single(const CheckContext& context);
void check_soa_timers(const CheckContext& context);
void check_ns_apex(const CheckContext& context);

void check_owner_in_zone(const CheckContext& context, const PlacedRRset& placed);
void check_soa_at_apex(const CheckContext& context, const PlacedRRset& placed);
void check_zone_cut(const CheckContext& context, const PlacedRRset& placed);
void check_cname_alone(const CheckContext& context, const PlacedRRset& placed);
void check_ds_at_cut(const CheckContext& context, const PlacedRRset& placed);
void check_ds_digest(const CheckContext& context, const PlacedRRset& placed);
void check_ttl_range(const CheckContext& context, const PlacedRRset& placed);
void check_wildcard(const CheckContext& context, const PlacedRRset& placed);
void check_type_refused(const CheckContext& context, const PlacedRRset& placed);
void check_type_dnssec(const CheckContext& context, const PlacedRRset& placed);
void check_rrset_size(const CheckContext& context, const PlacedRRset& placed);
void check_orphan_glue(const CheckContext& context, const PlacedRRset& placed);

// About an NS RRset at the apex or a cut: glue-missing, apex-ns-address, sibling-glue-missing,
// ns-address-missing and ns-target-cname, which need the same look at each target.
void check_ns_targets(const CheckContext& context, const PlacedRRset& placed);

}  // namespace tld::zones
