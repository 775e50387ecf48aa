// SPDX-License-Identifier: GPL-2.0-only
#include "publish/signed_zone_file.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <ostream>

namespace tld::publish {
namespace {

class Writer {
 public:
  Writer(const signer::SignedZone& zone, base::Time now, std::ostream& out)
      : zone_(zone), now_(now), out_(out) {}

  base::Status write(const std::vector<PrecomputedRRset>& precomputed) {
    const auto soa = zone_.zone().find(zone_.zone().apex())->rrset(dns::RRType::SOA);
    TLD_TRY(write_signed(soa->slot));
    for (const PrecomputedRRset& one : precomputed) write(one);
    zone_.zone().for_each_node([&](const zones::Node& node) { write_unsigned(node); });
    base::Status outcome = base::ok();
    zone_.zone().for_each_slot([&](zones::Slot slot) {
      if (outcome && slot != soa->slot) outcome = write_signed(slot);
    });
    TLD_TRY(outcome);
    if (!out_.flush()) return base::unavailable("the signed zone's file cannot be written");
    return base::ok();
  }

 private:
  void write_record(std::string_view owner, std::uint32_t ttl, dns::RRType type,
                    std::string_view rdata) {
    fmt::format_to(std::ostreambuf_iterator<char>(out_), "{}\t{}\tIN\t{}\t{}\n", owner, ttl,
                   dns::to_text(type), dns::rdata_text(type, rdata));
  }

  void write(const PrecomputedRRset& one) {
    const std::string owner = one.rrset.owner.text();
    for (const auto& rdata : one.rrset.rdatas) {
      write_record(owner, one.rrset.ttl, one.rrset.type, rdata);
    }
    for (const auto& rrsig : one.rrsigs) {
      write_record(owner, one.rrset.ttl, dns::RRType::RRSIG, rrsig.wire());
    }
  }

  void write_unsigned(const zones::Node& node) {
    for (const zones::RRsetRef& rrset : node.rrsets()) {
      if (rrset.slot != zones::no_slot) continue;
      const std::string owner = node.name().text();
      for (const auto rdata : rrset.rdata) write_record(owner, rrset.ttl, rrset.type, rdata);
    }
  }

  base::Status write_signed(zones::Slot slot) {
    const dns::RRset rrset = zone_.zone().signable(slot);
    const std::string owner = rrset.owner.text();
    for (const auto& rdata : rrset.rdatas) write_record(owner, rrset.ttl, rrset.type, rdata);
    const auto is_served = [&](const signer::Validity& validity) {
      return signer::may_be_served(validity, now_, std::chrono::seconds{rrset.ttl});
    };
    signer::Signature signature;
    for (const std::size_t signer : zone_.signers()) {
      const auto by = zone_.find_signature(signer, slot, is_served, signature);
      if (!by) {
        return base::unavailable(
            fmt::format("{} {} has no signature that may be served: none was made yet, or it has "
                        "run out",
                        owner, dns::to_text(rrset.type)));
      }
      dns::Rrsig rrsig = zone_.to_sign(*by, slot, signature.validity).rrsig;
      rrsig.signature = signature.view();
      write_record(owner, rrset.ttl, dns::RRType::RRSIG, rrsig.wire());
    }
    return base::ok();
  }

  const signer::SignedZone& zone_;
  const base::Time now_;
  std::ostream& out_;
};

}  // namespace

base::Status write_signed_zone(const signer::SignedZone& zone,
                               const std::vector<PrecomputedRRset>& precomputed, base::Time now,
                               std::ostream& out) {
  return Writer(zone, now, out).write(precomputed);
}

}  // namespace tld::publish
