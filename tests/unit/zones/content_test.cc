// SPDX-License-Identifier: GPL-2.0-only
#include "zones/content.h"

#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/zones/support.h"
#include "zones/hash_index.h"
#include "zones/name_order.h"

namespace tld::zones {
namespace {

using dns::RRType;
using namespace std::string_literals;

dns::Name random_name(std::mt19937& random, const dns::Name& apex) {
  static const std::string octets = "\0\1\2-.aab*\xff"s;
  dns::Name result = apex;
  for (unsigned label = random() % 4; label > 0; --label) {
    std::string text;
    for (unsigned size = 1 + random() % 3; size > 0; --size)
      text += octets[random() % octets.size()];
    result = must(dns::Name::child(text, result));
  }
  return result;
}

// The sort key of name_order.h against RFC 4034 §6.1 itself, with the octets that its escapes are
// for.
TEST(NameOrder, IsTheCanonicalOrder) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<dns::Name> names;
    for (int i = 0; i < 60; ++i) {
      names.push_back(random_name(random, i % 9 == 0 ? dns::Name() : name("kz.")));
    }
    const auto order = canonical_permutation(
        names.size(), [&](std::uint32_t n) -> dns::NameView { return names[n]; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      ASSERT_TRUE(dns::canonical_order(names[order[i - 1]], names[order[i]]) <= 0)
          << names[order[i - 1]].text() << " " << names[order[i]].text();
    }
    EXPECT_EQ(std::set(order.begin(), order.end()).size(), names.size());
  }
}

TEST(HashIndex, FindsWhatIsInItAndNothingElse) {
  HashIndex index;
  for (std::uint32_t i = 0; i < 5000; ++i) index.insert(octets_hash(std::to_string(i)), i);
  for (std::uint32_t i = 0; i < 10000; ++i) {
    const auto found = index.find(octets_hash(std::to_string(i)),
                                  [i](std::uint32_t number) { return number == i; });
    EXPECT_EQ(found, i < 5000 ? i : HashIndex::none);
  }
}

TEST(HashIndex, CollisionsAreToldApart) {
  HashIndex index;
  for (std::uint32_t i = 0; i < 100; ++i) index.insert(42, i);
  EXPECT_EQ(index.find(42, [](std::uint32_t number) { return number == 99; }), 99u);
  EXPECT_EQ(index.find(42, [](std::uint32_t) { return false; }), HashIndex::none);
}

TEST(Content, SortedInternedAndWithoutDuplicates) {
  ContentBuilder builder(name("kz."));
  builder.add(name("b.kz."), RRType::A, 60, "bbbb", 1);
  builder.add(name("a.kz."), RRType::AAAA, 60, std::string(16, 'x'), 2);
  builder.add(name("a.kz."), RRType::A, 60, "bbbb", 3);
  builder.add(name("b.kz."), RRType::A, 60, "aaaa", 4);
  builder.add(name("b.kz."), RRType::A, 60, "bbbb", 5);
  builder.add(name("kz."), RRType::A, 60, "bbbb", 6);
  const ContentResult made = must(builder.finish());
  ASSERT_EQ(made.content.size(), 4u);
  EXPECT_EQ(made.duplicates, 1u);
  EXPECT_EQ(made.content.record_count(), 5u);
  EXPECT_EQ(made.content[0].owner, name("kz.").view());
  EXPECT_EQ(made.content[1].type, RRType::A);
  EXPECT_EQ(made.content[2].type, RRType::AAAA);
  EXPECT_EQ(made.content[3].copy().rdatas, (std::vector<std::string>{"aaaa", "bbbb"}));
  EXPECT_EQ(made.content[0].rdata.id(), made.content[1].rdata.id());
  EXPECT_EQ(made.content.rdata_set_count(), 3u);
  EXPECT_EQ(made.lines, (std::vector<std::uint32_t>{6, 3, 2, 1}));
}

// Sets with the same octets but other boundaries are not the same set.
TEST(Content, InterningKeepsBoundaries) {
  ContentBuilder builder(name("kz."));
  const auto txt = static_cast<RRType>(65280);
  builder.add(name("a.kz."), txt, 60, "ab");
  builder.add(name("b.kz."), txt, 60, "a");
  builder.add(name("b.kz."), txt, 60, "b");
  builder.add(name("c.kz."), txt, 60, "");
  const ZoneContent content = must(builder.finish()).content;
  EXPECT_EQ(content[0].copy().rdatas, (std::vector<std::string>{"ab"}));
  EXPECT_EQ(content[1].copy().rdatas, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(content[2].copy().rdatas, (std::vector<std::string>{""}));
}

TEST(Content, TtlConflictNamesBothLines) {
  ContentBuilder builder(name("kz."));
  builder.add(name("a.kz."), RRType::A, 70, "bbbb", 8);
  builder.add(name("a.kz."), RRType::A, 60, "cccc", 3);
  const ContentResult made = must(builder.finish());
  ASSERT_EQ(made.ttl_conflicts.size(), 1u);
  EXPECT_EQ(made.ttl_conflicts[0].line, 3u);
  EXPECT_EQ(made.ttl_conflicts[0].other_line, 8u);
  EXPECT_EQ(made.content[0].ttl, 60u);
}

// Also with the same RDATA: which TTL is meant is not ours to choose.
TEST(Content, DuplicateWithAnotherTtlIsAConflict) {
  EXPECT_NE(import_fault(with_apex("a 1 A 192.0.2.1\na 2 A 192.0.2.1\n")), "(no fault)");
}

TEST(Content, FindAndLowerBound) {
  const ZoneContent content = content_of(with_apex("b A 192.0.2.1\nd TXT x\n"));
  EXPECT_TRUE(content.find(name("d.kz."), RRType::TXT).has_value());
  EXPECT_FALSE(content.find(name("d.kz."), RRType::A).has_value());
  EXPECT_FALSE(content.find(name("c.kz."), RRType::A).has_value());
  EXPECT_FALSE(content.find(name("z.kz."), RRType::A).has_value());
  EXPECT_EQ(content.lower_bound(name("kz.")), 0u);
  EXPECT_EQ(content[content.lower_bound(name("c.kz."))].owner, name("d.kz.").view());
  EXPECT_EQ(content.lower_bound(name("z.kz.")), content.size());
}

TEST(Content, RecordCountPerRRsetIsLimited) {
  ContentBuilder builder(name("kz."));
  for (int i = 0; i < 65536; ++i) {
    builder.add(name("kz."), RRType::A, 1, std::string(reinterpret_cast<const char*>(&i), 4));
  }
  const auto result = builder.finish();
  ASSERT_TRUE(result.has_error());
  EXPECT_NE(result.error().message.find("65,535"), std::string::npos);
}

TEST(Content, EmptyIsContentToo) {
  ContentBuilder builder(name("kz."));
  const ContentResult made = must(builder.finish());
  EXPECT_EQ(made.content.size(), 0u);
  EXPECT_EQ(made.content.apex(), name("kz.").view());
}

}  // namespace
}  // namespace tld::zones
