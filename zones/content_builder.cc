// SPDX-License-Identifier: GPL-2.0-only
//
// Records in any order → sorted RRsets. Names are numbered as they come; finish() sorts the names
// once and deals the records out by the rank of their owner, so that only the few records of one
// name are ever compared.
#include <algorithm>
#include <limits>

#include "zones/content.h"
#include "zones/content_data.h"
#include "zones/hash_index.h"
#include "zones/name_order.h"

namespace tld::zones {
namespace {

constexpr std::size_t arena_limit = std::numeric_limits<std::uint32_t>::max();

struct NamePlace {
  std::uint32_t offset = 0;
  std::uint8_t size = 0;
};

struct Record {
  std::uint32_t name = 0;  // number
  std::uint32_t ttl = 0;
  std::uint32_t line = 0;
  std::uint32_t rdata = 0;  // offset
  std::uint16_t rdata_size = 0;
  dns::RRType type = dns::RRType::A;
};

}  // namespace

struct ContentBuilder::State {
  explicit State(dns::NameView zone) : apex(zone) {}

  dns::NameView name(std::uint32_t number) const {
    const NamePlace& place = names[number];
    return dns::NameView::trusted(std::string_view(name_octets).substr(place.offset, place.size));
  }
  std::string_view rdata(const Record& record) const {
    return std::string_view(rdata_octets).substr(record.rdata, record.rdata_size);
  }
  std::uint32_t name_number(dns::NameView owner);

  dns::Name apex;
  std::string name_octets;
  std::vector<NamePlace> names;
  HashIndex index;
  std::string rdata_octets;
  std::vector<Record> records;
  bool too_large = false;
};

std::uint32_t ContentBuilder::State::name_number(dns::NameView owner) {
  if (!records.empty() && name(records.back().name) == owner) return records.back().name;
  const std::uint64_t hash = octets_hash(owner.wire());
  const auto known = index.find(hash, [&](std::uint32_t n) { return name(n) == owner; });
  if (known != HashIndex::none) return known;
  const auto number = static_cast<std::uint32_t>(names.size());
  names.push_back({static_cast<std::uint32_t>(name_octets.size()),
                   static_cast<std::uint8_t>(owner.wire().size())});
  name_octets += owner.wire();
  index.insert(hash, number);
  return number;
}

namespace {

// finish() step by step; works on the State's vectors.
template <class State>
class Finisher {
 public:
  explicit Finisher(State& state) : state_(state), interner_(data_->rdata) {
    data_->apex = state.apex;
  }

  base::Result<ContentResult> run() {
    if (state_.too_large)
      return base::invalid_input("more than 4 GiB of names or RDATA in one zone");
    const std::vector<std::uint32_t> order = canonical_permutation(
        state_.names.size(), [this](std::uint32_t number) { return state_.name(number); });
    const std::vector<std::uint32_t> ends = deal_out(order);
    std::uint32_t begin = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      TLD_TRY(add_name(order[rank], begin, ends[rank]));
      begin = ends[rank];
    }
    data_->rdata.shrink_to_fit();
    data_->names.shrink_to_fit();
    data_->entries.shrink_to_fit();
    return ContentResult{ZoneContent(data_), std::move(lines_), duplicates_, std::move(conflicts_)};
  }

 private:
  // Counting sort: by_rank_ holds the records' numbers by rank of their owner. Where each rank
  // ends.
  std::vector<std::uint32_t> deal_out(const std::vector<std::uint32_t>& order) {
    std::vector<std::uint32_t> rank(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
    std::vector<std::uint32_t> next(order.size() + 1, 0);
    for (const Record& record : state_.records) ++next[rank[record.name] + 1];
    for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
    by_rank_.resize(state_.records.size());
    for (std::uint32_t i = 0; i < state_.records.size(); ++i) {
      by_rank_[next[rank[state_.records[i].name]]++] = i;
    }
    next.pop_back();
    return next;
  }

  base::Status add_name(std::uint32_t name, std::uint32_t begin, std::uint32_t end) {
    const auto& records = state_.records;
    std::sort(by_rank_.begin() + begin, by_rank_.begin() + end, [&](auto a, auto b) {
      if (records[a].type != records[b].type) return records[a].type < records[b].type;
      const int order = state_.rdata(records[a]).compare(state_.rdata(records[b]));
      return order != 0 ? order < 0 : a < b;
    });
    const auto name_at = static_cast<std::uint32_t>(data_->names.size());
    data_->names += state_.name(name).wire();
    while (begin < end) {
      std::uint32_t next = begin + 1;
      while (next < end && record(next).type == record(begin).type) ++next;
      TLD_TRY(add_rrset(name_at, begin, next));
      begin = next;
    }
    return base::ok();
  }

  base::Status add_rrset(std::uint32_t name_at, std::uint32_t begin, std::uint32_t end) {
    std::uint32_t first = begin;  // the record of the lowest line gives the TTL
    encoded_.clear();
    std::size_t count = 0;
    for (std::uint32_t i = begin; i < end; ++i) {
      if (record(i).line < record(first).line) first = i;
      if (i > begin && state_.rdata(record(i)) == state_.rdata(record(i - 1))) {
        ++duplicates_;
        continue;
      }
      append_encoded(state_.rdata(record(i)), encoded_);
      ++count;
    }
    if (count > std::numeric_limits<std::uint16_t>::max()) {
      return base::invalid_input("more than 65,535 records in one RRset at " +
                                 state_.name(record(begin).name).text());
    }
    note_ttl_conflict(first, begin, end);
    const std::uint32_t set = interner_.intern(encoded_, static_cast<std::uint16_t>(count));
    data_->entries.push_back({name_at, record(first).ttl, set, record(first).type,
                              state_.names[record(first).name].size});
    data_->record_count += count;
    lines_.push_back(record(first).line);
    return base::ok();
  }

  void note_ttl_conflict(std::uint32_t first, std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) {
      if (record(i).ttl == record(first).ttl) continue;
      conflicts_.push_back({dns::Name(state_.name(record(i).name)), record(i).type,
                            record(first).ttl, record(i).ttl, record(first).line, record(i).line});
      return;
    }
  }

  const Record& record(std::uint32_t position) const { return state_.records[by_rank_[position]]; }

  State& state_;
  std::shared_ptr<ZoneContent::Data> data_ = std::make_shared<ZoneContent::Data>();
  RdataInterner interner_;
  std::vector<std::uint32_t> by_rank_;
  std::string encoded_;
  std::vector<std::uint32_t> lines_;
  std::uint64_t duplicates_ = 0;
  std::vector<TtlConflict> conflicts_;
};

}  // namespace

ContentBuilder::ContentBuilder(dns::NameView apex) : state_(std::make_unique<State>(apex)) {}
ContentBuilder::~ContentBuilder() = default;
ContentBuilder::ContentBuilder(ContentBuilder&&) noexcept = default;
ContentBuilder& ContentBuilder::operator=(ContentBuilder&&) noexcept = default;

void ContentBuilder::add(dns::NameView owner, dns::RRType type, std::uint32_t ttl,
                         std::string_view rdata, std::uint32_t line) {
  State& state = *state_;
  if (state.rdata_octets.size() + rdata.size() > arena_limit ||
      state.name_octets.size() + owner.wire().size() > arena_limit ||
      state.records.size() >= HashIndex::none - 1) {
    state.too_large = true;
    return;
  }
  Record record;
  record.name = state.name_number(owner);
  record.ttl = ttl;
  record.line = line;
  record.rdata = static_cast<std::uint32_t>(state.rdata_octets.size());
  record.rdata_size = static_cast<std::uint16_t>(rdata.size());
  record.type = type;
  state.rdata_octets += rdata;
  state.records.push_back(record);
}

std::size_t ContentBuilder::record_count() const {
  return state_->records.size();
}

base::Result<ContentResult> ContentBuilder::finish() {
  const std::unique_ptr<State> state = std::exchange(state_, std::make_unique<State>(state_->apex));
  return Finisher<State>(*state).run();
}

}  // namespace tld::zones
