// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "dns/name.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

// RFC 4034 §6.1, its example.
const char* const rfc4034_order[] = {
    "example.",   "a.example.",       "yljkjljk.a.example.", "Z.a.example.",     "zABC.a.EXAMPLE.",
    "z.example.", "\\001.z.example.", "*.z.example.",        "\\200.z.example.",
};

TEST(NameOrder, AsInRfc4034) {
  for (std::size_t i = 0; i < std::size(rfc4034_order); ++i) {
    for (std::size_t j = 0; j < std::size(rfc4034_order); ++j) {
      EXPECT_EQ(canonical_order(name(rfc4034_order[i]), name(rfc4034_order[j])), i <=> j)
          << rfc4034_order[i] << ' ' << rfc4034_order[j];
    }
  }
}

TEST(NameOrder, TheRootIsFirst) {
  EXPECT_EQ(canonical_order(Name(), Name()), std::strong_ordering::equal);
  EXPECT_EQ(canonical_order(Name(), name("\\000.")), std::strong_ordering::less);
}

// The definition, word by word: labels from the right, each as a left-justified octet string, where
// an absent octet and an absent label sort first.
std::vector<std::vector<int>> model(NameView view) {
  std::vector<std::vector<int>> labels;
  for (; !view.is_root(); view = view.parent()) {
    std::vector<int> octets;
    for (const char c : view.first_label()) octets.push_back(static_cast<unsigned char>(c));
    labels.insert(labels.begin(), octets);
  }
  return labels;
}

TEST(NameOrder, AgreesWithTheDefinition) {
  std::mt19937 random(2);
  for (int i = 0; i < 50000; ++i) {
    // Few different octets, so that names share labels and prefixes of labels.
    const bool few = i % 2 == 0;
    const Name a = random_name(random, 5, few ? 126 : 0, few ? 129 : 255);
    const Name b = random_name(random, 5, few ? 126 : 0, few ? 129 : 255);
    ASSERT_EQ(canonical_order(a, b), model(a) <=> model(b)) << a.text() << ' ' << b.text();
    ASSERT_EQ(canonical_order(a, b) == 0, a == b);
  }
}

TEST(NameOrder, IsAStrictWeakOrder) {
  std::mt19937 random(3);
  std::vector<Name> names;
  for (int i = 0; i < 120; ++i) names.push_back(random_name(random, 3, 126, 128));
  const CanonicalLess less;
  for (const Name& a : names) {
    EXPECT_FALSE(less(a, a));
    for (const Name& b : names) {
      ASSERT_FALSE(less(a, b) && less(b, a));
      for (const Name& c : names) ASSERT_TRUE(!less(a, b) || !less(b, c) || less(a, c));
    }
  }
}

TEST(NameOrder, ANameIsFollowedByWhatIsBelowIt) {
  std::vector<Name> names = {name("b.kz."), name("a.a.kz."), name("kz."), name("a-b.kz."),
                             name("a.kz.")};
  std::sort(names.begin(), names.end(), CanonicalLess());
  const std::vector<Name> expected = {name("kz."), name("a.kz."), name("a.a.kz."), name("a-b.kz."),
                                      name("b.kz.")};
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace tld::dns
