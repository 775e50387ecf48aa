// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_file_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "keys/policy_lines.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

constexpr std::string_view end_start = "generated at ";
constexpr std::string_view end_middle = " by pdns-tld ";

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~-") ==
             std::string_view::npos;
}

}  // namespace

const SlotFileKind SlotFileKind::response = {"SignedKeyResponse", "SKR", "APEX", false};
const SlotFileKind SlotFileKind::request = {"KeySigningRequest", "KSR", "DOMAIN", true};

std::string header_start(const SlotFileKind& kind) {
  return fmt::format(";; {} 1.0 ", kind.word);
}

SlotFileReader::SlotFileReader(const SlotFileKind& kind, dns::NameView apex,
                               const std::string& source)
    : kind_(kind), header_start_(header_start(kind)) {
  result_.apex = dns::Name(apex);
  result_.source = source;
}

base::Error SlotFileReader::fault(const char* rule, const std::string& why) const {
  return base::invalid_input(
      fmt::format("{}:{}: {}-{}: {}", result_.source, line_, kind_.prefix, rule, why));
}

base::Error SlotFileReader::wrong_apex(const char* what, const dns::Name& name) const {
  return fault(kind_.apex_rule, fmt::format("{} {} is not the zone's apex {}", what, name.text(),
                                            result_.apex.text()));
}

base::Result<SlotFile> SlotFileReader::read(std::string_view text) {
  if (text.size() > max_octets) {
    return fault("SIZE", fmt::format("larger than {} octets", max_octets));
  }
  while (!text.empty()) {
    ++line_;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fault("TRUNCATED", "the last line is not whole");
    TLD_TRY(take_line(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  if (!ended_) {
    return fault("TRUNCATED",
                 fmt::format("the end line ({}{}...) is missing", header_start_, end_start));
  }
  return std::move(result_);
}

SignedRRset& SlotFileReader::rrset_of(dns::RRType type) {
  std::vector<SignedRRset>& rrsets = result_.slots.back().rrsets;
  const auto found = std::ranges::find_if(
      rrsets, [type](const SignedRRset& each) { return each.rrset.type == type; });
  if (found != rrsets.end()) return *found;
  rrsets.push_back({dns::RRset{result_.apex, type, 0, {}}, {}});
  return rrsets.back();
}

base::Status SlotFileReader::take_line(std::string_view line) {
  if (line.size() > max_line_octets) {
    return fault("SIZE", fmt::format("a line longer than {} octets", max_line_octets));
  }
  if (ended_) return fault("SYNTAX", "there is text behind the end line");
  if (policy_lines_ < policy_line_count()) return take_policy(line);
  return line.starts_with(';') ? take_header(line) : take_record(line);
}

base::Status SlotFileReader::take_policy(std::string_view line) {
  auto status = read_policy_line(policy_lines_, line, result_.policy);
  if (!status) return fault("POLICY-LINE", status.error().message);
  if (++policy_lines_ < policy_line_count()) return base::ok();
  status = result_.policy.check();
  if (!status) return fault("POLICY-LINE", status.error().message);
  return base::ok();
}

base::Status SlotFileReader::take_header(std::string_view line) {
  if (!line.starts_with(header_start_)) {
    return fault("SYNTAX", fmt::format("expected \"{}...\" here", header_start_));
  }
  TLD_TRY(finish_slot());
  const std::string_view rest = line.substr(header_start_.size());
  return rest.starts_with(end_start) ? take_end(rest) : start_slot(rest);
}

base::Status SlotFileReader::start_slot(std::string_view time) {
  if (result_.slots.size() >= max_slots) {
    return fault("SIZE", fmt::format("more than {} slots", max_slots));
  }
  auto start = time_from_text(time);
  if (!start) return fault("SYNTAX", start.error().message);
  Slot slot;
  slot.start = start.value();
  slot.line = line_;
  result_.slots.push_back(std::move(slot));
  return base::ok();
}

base::Status SlotFileReader::take_end(std::string_view rest) {
  if (result_.slots.empty()) return fault("SYNTAX", "there is no slot");
  rest.remove_prefix(end_start.size());
  auto made_at = time_from_text(rest.substr(0, 14));
  if (!made_at) return fault("SYNTAX", made_at.error().message);
  rest.remove_prefix(14);
  if (!rest.starts_with(end_middle) || !is_version(rest.substr(end_middle.size()))) {
    return fault("SYNTAX", fmt::format("expected \"{}VERSION\" behind the time", end_middle));
  }
  ended_ = true;
  return base::ok();
}

base::Status SlotFileReader::take_record(std::string_view line) {
  if (result_.slots.empty()) return fault("SYNTAX", "expected the first slot's header here");
  auto record = read_record_line(line);
  if (!record) return fault("SYNTAX", record.error().message);
  if (record.value().owner.view() != result_.apex.view()) {
    return wrong_apex("owner name", record.value().owner);
  }
  return record.value().type == dns::RRType::RRSIG ? add_rrsig(record.value())
                                                   : add_data(record.value());
}

base::Status SlotFileReader::add_data(const RecordLine& record) {
  if (kind_.dnskey_only && record.type != dns::RRType::DNSKEY) {
    return fault("SYNTAX", "only DNSKEY records and their signatures may stand here");
  }
  SignedRRset& set = rrset_of(record.type);
  auto canonical = dns::canonical_rdata(record.type, record.rdata);
  if (!canonical) return fault("SYNTAX", canonical.error().message);
  if (set.rrset.rdatas.empty()) set.rrset.ttl = record.ttl;
  if (set.rrset.ttl != record.ttl) return fault("SYNTAX", "one RRset with two TTLs");
  if (std::ranges::count(set.rrset.rdatas, canonical.value()) != 0) {
    return fault("SYNTAX", "this record stands here twice");
  }
  if (set.rrset.rdatas.size() >= max_records_per_rrset) {
    return fault("SIZE", fmt::format("more than {} records", max_records_per_rrset));
  }
  set.rrset.rdatas.push_back(std::move(canonical).value());
  return base::ok();
}

base::Status SlotFileReader::add_rrsig(const RecordLine& record) {
  auto rrsig = dns::Rrsig::from_wire(record.rdata);
  if (!rrsig) return fault("SYNTAX", rrsig.error().message);
  if (rrsig.value().signer.view() != result_.apex.view()) {
    return wrong_apex("signer's name", rrsig.value().signer);
  }
  if (kind_.dnskey_only && rrsig.value().type_covered != dns::RRType::DNSKEY) {
    return fault("SYNTAX", "only DNSKEY records and their signatures may stand here");
  }
  SignedRRset& set = rrset_of(rrsig.value().type_covered);
  // RFC 4034 §3: the RRSIG's own TTL is that of the RRset. We sign with the same, so all three
  // agree.
  if (record.ttl != rrsig.value().original_ttl) {
    return fault("SYNTAX", "the RRSIG's TTL is not its original TTL");
  }
  const auto same = [&](const dns::Rrsig& each) { return each.wire() == rrsig.value().wire(); };
  if (std::ranges::any_of(set.rrsigs, same)) {
    return fault("SYNTAX", "this record stands here twice");
  }
  if (set.rrsigs.size() >= max_rrsigs_per_rrset) {
    return fault("SIZE", fmt::format("more than {} signatures", max_rrsigs_per_rrset));
  }
  set.rrsigs.push_back(std::move(rrsig).value());
  return base::ok();
}

base::Status SlotFileReader::finish_slot() {
  if (result_.slots.empty()) return base::ok();  // in front of the first
  Slot& slot = result_.slots.back();
  if (slot.find(dns::RRType::DNSKEY) == nullptr) {
    return fault("SYNTAX", "the slot above has no DNSKEY record");
  }
  for (SignedRRset& each : slot.rrsets) {
    TLD_TRY(finish_rrset(each));
  }
  std::ranges::sort(slot.rrsets, {}, [](const SignedRRset& each) { return each.rrset.type; });
  for (const std::string& rdata : slot.find(dns::RRType::DNSKEY)->rrset.rdatas) {
    auto key = dns::Dnskey::from_wire(rdata);
    if (!key) return fault("SYNTAX", key.error().message);
    slot.dnskeys.push_back(std::move(key).value());
  }
  return base::ok();
}

base::Status SlotFileReader::finish_rrset(SignedRRset& signed_rrset) const {
  const std::string type = dns::to_text(signed_rrset.rrset.type);
  if (signed_rrset.rrset.rdatas.empty()) {
    return fault("SYNTAX", "the slot above has an RRSIG over " + type + " but no such record");
  }
  if (signed_rrset.rrsigs.empty() && !kind_.dnskey_only) {
    return fault("SYNTAX", "the slot above has no RRSIG over its " + type + " records");
  }
  dns::canonicalise(signed_rrset.rrset.rdatas);
  return base::ok();
}

}  // namespace tld::keys
