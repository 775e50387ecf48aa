// SPDX-License-Identifier: GPL-2.0-only
//
// What a zone holds before it is checked: the canonical RRsets of a registry or a zone file, sorted
// by owner (RFC 4034 §6.1) and type, names in an arena, equal RDATA sets stored once. Nothing is
// known about cuts, glue or faults: zones/check.h finds those.
//
// Thread rule: ZoneContent is immutable and cheap to copy (copies share). A ContentBuilder is used
// by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrset.h"
#include "zones/rdata_set.h"

namespace tld::zones {

// Lifetime: that of the ZoneContent it came from and its copies.
struct ContentRRset {
  dns::NameView owner;
  dns::RRType type = dns::RRType::A;
  std::uint32_t ttl = 0;  // seconds
  RdataSet rdata;

  dns::RRset copy() const;
};

class ZoneContent {
 public:
  struct Data;  // content.cc's
  explicit ZoneContent(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  dns::NameView apex() const;
  std::size_t size() const;                          // RRsets
  ContentRRset operator[](std::size_t index) const;  // REQUIRES: index < size()
  std::size_t record_count() const;
  std::size_t rdata_set_count() const;
  RdataSet rdata_set(std::uint32_t id) const;  // REQUIRES: id < rdata_set_count()

  // Index of the first RRset whose owner is not before `name`; size() when there is none.
  std::size_t lower_bound(dns::NameView name) const { return lower_bound(name, 0, size()); }
  // The same, when it is known to be from `first` to `last`; ends beyond size() are cut.
  std::size_t lower_bound(dns::NameView name, std::size_t first, std::size_t last) const;
  std::optional<ContentRRset> find(dns::NameView owner, dns::RRType type) const;

  friend bool operator==(const ZoneContent& a, const ZoneContent& b);  // the same RRsets

 private:
  std::shared_ptr<const Data> data_;
};

// Two records of one RRset with different TTLs (RFC 2181 §5.2 forbids it).
struct TtlConflict {
  dns::Name owner;
  dns::RRType type = dns::RRType::A;
  std::uint32_t ttl = 0, other_ttl = 0;
  std::uint32_t line = 0, other_line = 0;  // as given to add()
};

struct ContentResult {
  ZoneContent content;
  std::vector<std::uint32_t> lines;        // per RRset of content: the lowest line given to add()
  std::uint64_t duplicates = 0;            // records left out because they were there already
  std::vector<TtlConflict> ttl_conflicts;  // the RRset has the TTL of the lower line
};

// Records in any order → ZoneContent.
class ContentBuilder {
 public:
  explicit ContentBuilder(dns::NameView apex);
  ~ContentBuilder();
  ContentBuilder(ContentBuilder&&) noexcept;
  ContentBuilder& operator=(ContentBuilder&&) noexcept;

  // REQUIRES: `rdata` canonical (dns::canonical_rdata) and at most 65,535 octets. `line` is where
  // the record comes from, for messages; 0 when there is no such thing.
  void add(dns::NameView owner, dns::RRType type, std::uint32_t ttl, std::string_view rdata,
           std::uint32_t line = 0);
  std::size_t record_count() const;

  // The builder is empty afterwards. invalid_input: more than 65,535 records in an RRset or more
  // than 4 GiB of names or RDATA.
  base::Result<ContentResult> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tld::zones
