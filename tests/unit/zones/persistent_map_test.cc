// SPDX-License-Identifier: GPL-2.0-only
#include "zones/persistent_map.h"

#include <map>
#include <random>
#include <vector>

#include "tests/unit/zones/support.h"
#include "zones/name_order.h"

namespace tld::zones {
namespace {

struct Number {
  int key = 0;
  int value = 0;
};
struct ByNumber {
  using Key = int;
  using Prefix = int;
  static int key(const Number& number) { return number.key; }
  static std::strong_ordering order(int a, int b) { return a <=> b; }
  int prefix(int key) const { return key / 4; }
};
using Map = PersistentMap<Number, ByNumber>;
using Model = std::map<int, int>;

void expect_item(const Number* got, Model::const_iterator wanted, const Model& model) {
  ASSERT_EQ(got != nullptr, wanted != model.end());
  if (got == nullptr) return;
  EXPECT_EQ(got->key, wanted->first);
  EXPECT_EQ(got->value, wanted->second);
}

void expect_same(const Map& map, const Model& model) {
  ASSERT_EQ(map.size(), model.size());
  EXPECT_EQ(map.empty(), model.empty());
  auto wanted = model.begin();
  map.for_each([&](const Number& number) { expect_item(&number, wanted++, model); });
  const auto before = [&](Model::const_iterator at) {
    return at == model.begin() ? model.end() : std::prev(at);
  };
  for (int key = -1; key <= 101; ++key) {
    expect_item(map.find(key), model.find(key), model);
    expect_item(map.first_not_before(key), model.lower_bound(key), model);
    expect_item(map.first_after(key), model.upper_bound(key), model);
    expect_item(map.last_before(key), before(model.lower_bound(key)), model);
    expect_item(map.last_not_after(key), before(model.upper_bound(key)), model);
  }
  expect_item(map.first(), model.begin(), model);
  expect_item(map.last(), before(model.end()), model);
}

TEST(PersistentMap, EveryVersionStaysAsItWas) {
  std::mt19937 random(3);
  std::vector<std::pair<Map, Model>> versions(1);
  for (int step = 0; step < 1500; ++step) {
    // Most often goes on from the last version, sometimes from an older one.
    auto [map, model] = random() % 8 == 0 ? versions[random() % versions.size()] : versions.back();
    const int key = static_cast<int>(random() % 100);
    if (random() % 3 == 0) {
      map.erase(key);
      model.erase(key);
    } else {
      map.insert(std::make_shared<const Number>(Number{key, step}));
      model.insert_or_assign(key, step);
    }
    expect_same(map, model);
    if (testing::Test::HasFailure()) return;
    versions.emplace_back(std::move(map), std::move(model));
  }
  for (std::size_t i = 0; i < versions.size(); i += 50) {
    expect_same(versions[i].first, versions[i].second);
  }
}

// Catches: a tree that degenerates; one of a million items in order would overflow the stack.
TEST(PersistentMap, StaysBalancedWhenKeysComeInOrder) {
  for (const int step : {1, -1}) {
    Map map;
    for (int i = 0; i < 200'000; ++i)
      map.insert(std::make_shared<const Number>(Number{i * step, i}));
    EXPECT_EQ(map.size(), 200'000u);
    EXPECT_LE(map.height(), 26);  // 1.44 log2(n)
    for (int i = 0; i < 199'990; ++i) map.erase(i * step);
    EXPECT_EQ(map.size(), 10u);
    EXPECT_LE(map.height(), 4);
  }
}

// Catches: a prefix that orders names otherwise than RFC 4034 does.
TEST(SortKeyPrefix, NeverContradictsCanonicalOrder) {
  std::mt19937 random(4);
  const auto random_name = [&] {
    dns::Name made = name("co.kz.");
    for (unsigned labels = static_cast<unsigned>(random() % 4); labels > 0; --labels) {
      std::string label;
      for (unsigned n = 1 + static_cast<unsigned>(random() % 9); n > 0; --n) {
        label += "\0\1\2ab\xff-"[random() % 7];
      }
      made = must(dns::Name::child(label, made));
    }
    return made;
  };
  int decided = 0;
  for (int i = 0; i < 100'000; ++i) {
    const dns::Name a = random_name(), b = random_name();
    const auto order = sort_key_prefix(a, 2) <=> sort_key_prefix(b, 2);
    if (order == 0) continue;
    ++decided;
    ASSERT_EQ(order < 0, dns::canonical_order(a, b) < 0) << a.text() << " " << b.text();
  }
  EXPECT_GT(decided, 50'000);
  EXPECT_EQ(sort_key_prefix(name("kz."), 1), SortKeyPrefix{});
}

}  // namespace
}  // namespace tld::zones
