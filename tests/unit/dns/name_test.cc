// SPDX-License-Identifier: GPL-2.0-only
#include "dns/name.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using namespace std::string_literals;

std::string labels(int count, int size) {  // "aaa.aaa." and so on
  std::string text;
  for (int i = 0; i < count; ++i) text += std::string(static_cast<std::size_t>(size), 'a') + '.';
  return text;
}

TEST(Name, DefaultIsTheRoot) {
  EXPECT_TRUE(Name().is_root());
  EXPECT_EQ(Name().wire(), "\0"s);
  EXPECT_EQ(Name().text(), ".");
  EXPECT_EQ(NameView().label_count(), 0u);
  EXPECT_EQ(NameView().first_label(), "");
  EXPECT_EQ(name("."), Name());
}

TEST(Name, TextBecomesWire) {
  EXPECT_EQ(wire("example.com."), "\7example\3com\0"s);
  EXPECT_EQ(wire("A\\.b\\065\\..kz."), "\5a.ba.\2kz\0"s);  // \X, \DDD, and both folded
  EXPECT_EQ(wire("\\000\\255."), "\2\0\xff\0"s);
}

TEST(Name, OnlyAsciiLettersAreFolded) {
  EXPECT_EQ(wire("AZ@[`az\\192\\222."), "\11az@[`az\xc0\xde\0"s);
  EXPECT_EQ(name("WwW.ExAmPlE."), name("www.example."));
}

TEST(Name, RelativeNamesAndAt) {
  const Name origin = name("kz.");
  EXPECT_EQ(Name::from_text("www.nic", origin).value(), name("www.nic.kz."));
  EXPECT_EQ(Name::from_text("www.nic.", origin).value(), name("www.nic."));
  EXPECT_EQ(Name::from_text("@", origin).value(), origin);
  EXPECT_EQ(Name::from_text("\\@", origin).value(), Name::child("@", origin).value());
  EXPECT_EQ(Name::from_text("nic\\.", origin).value(), Name::child("nic.", origin).value());
  EXPECT_EQ(Name::from_text("kz").value(), origin);  // the default origin is the root
}

TEST(Name, RefusesTextThatIsNoName) {
  for (const auto& text :
       {""s, ".."s, ".a"s, "a..b."s, "a.."s, "a\\"s, "a\\1"s, "a\\12"s, "a\\12x."s, "a\\256."s,
        "a\\999."s, "a b."s, "a\tb."s, "a\n"s, "a\0b."s, "a\x7f."s, "\\"s}) {
    const auto refused = Name::from_text(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_input);
  }
}

TEST(Name, ReadsNothingBehindTheText) {
  EXPECT_FALSE(Name::from_text(std::string_view("a\\123").substr(0, 4)).has_value());
  EXPECT_FALSE(Name::from_text(std::string_view("a\\.").substr(0, 2)).has_value());
}

TEST(Name, ErrorsQuoteHostileTextHarmlessly) {
  const std::string message = Name::from_text("a\nb\x1b.").error().message;
  EXPECT_EQ(message.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_NE(message.find("a\\010b\\027."), std::string::npos) << message;
  EXPECT_LT(Name::from_text(std::string(100000, 'a')).error().message.size(), 2000u);
}

TEST(Name, LabelsEndAt63Octets) {
  EXPECT_TRUE(Name::from_text(labels(1, 63)).has_value());
  EXPECT_FALSE(Name::from_text(labels(1, 64)).has_value());
  EXPECT_FALSE(Name::from_text(std::string(64, 'a')).has_value());
  EXPECT_TRUE(Name::child(std::string(63, 'A'), NameView()).has_value());
  EXPECT_FALSE(Name::child(std::string(64, 'a'), NameView()).has_value());
  EXPECT_FALSE(Name::child("", NameView()).has_value());
}

TEST(Name, NamesEndAt255Octets) {
  const std::string most = labels(3, 63) + labels(1, 61);  // 3 × 64 + 62 + the root
  EXPECT_EQ(name(most).wire().size(), 255u);
  EXPECT_FALSE(Name::from_text(labels(3, 63) + labels(1, 62)).has_value());
  EXPECT_EQ(name(labels(127, 1)).view().label_count(), 127u);
  EXPECT_FALSE(Name::from_text(labels(128, 1)).has_value());
  EXPECT_FALSE(Name::from_text("aa", name(labels(126, 1))).has_value());
  EXPECT_TRUE(Name::from_text("a", name(labels(126, 1))).has_value());
  EXPECT_FALSE(Name::child("aa", name(labels(126, 1))).has_value());
  EXPECT_TRUE(Name::child("a", name(labels(126, 1))).has_value());
}

TEST(Name, ChildIsFolded) {
  EXPECT_EQ(Name::child("NIC", name("kz.")).value(), name("nic.kz."));
}

TEST(Name, FromWireTakesExactlyOneName) {
  EXPECT_EQ(Name::from_wire("\3WWW\0"s).value(), name("www."));
  for (const auto& octets : {""s, "\3www"s, "\3ww"s, "\3www\0\0"s, "\xc0\x0c"s, "\3www\xc0\x0c"s,
                             "\x40"s + std::string(64, 'a') + "\0"s}) {
    EXPECT_FALSE(Name::from_wire(octets).has_value()) << base::to_hex(octets);
  }
}

TEST(Name, LengthOfTheNameInFront) {
  EXPECT_EQ(name_length("\3www\0rest"s), 5u);
  EXPECT_EQ(name_length("\0\0"s), 1u);
  EXPECT_EQ(name_length(""), 0u);
  EXPECT_EQ(name_length("\3www"s), 0u);
  EXPECT_EQ(name_length("\1a\xc0\0"s), 0u);
  std::string most;
  for (int i = 0; i < 127; ++i) most += "\1a";
  EXPECT_EQ(name_length(most + '\0'), 255u);
  EXPECT_EQ(name_length(most.substr(2) + "\2aa\0"s), 0u);  // 256
}

TEST(Name, TextEscapesWhatZoneFilesTreatSpecially) {
  EXPECT_EQ(Name::child(".\\\";()@$ \t\x7f\xff", name("kz.")).value().text(),
            "\\.\\\\\\\"\\;\\(\\)\\@\\$\\032\\009\\127\\255.kz.");
}

TEST(Name, TextReadsBackForAnyOctets) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const Name made = random_name(random, 6, 0, 255);
    ASSERT_EQ(name(made.text()), made) << made.text();
    ASSERT_EQ(Name::from_wire(made.wire()).value(), made);
  }
}

TEST(Name, PartsOfAName) {
  const Name www = name("www.nic.kz.");
  EXPECT_EQ(www.view().label_count(), 3u);
  EXPECT_EQ(www.view().first_label(), "www");
  EXPECT_EQ(www.view().parent(), name("nic.kz.").view());
  EXPECT_EQ(name("kz.").view().parent(), NameView());
}

TEST(Name, Wildcard) {
  EXPECT_TRUE(name("*.kz.").view().is_wildcard());
  EXPECT_TRUE(name("*.").view().is_wildcard());
  for (const char* text : {".", "a.*.kz.", "**.kz.", "a*.kz.", "*a.kz."}) {
    EXPECT_FALSE(name(text).view().is_wildcard()) << text;
  }
}

TEST(Name, BelowMeansByLabels) {
  const Name kz = name("kz.");
  EXPECT_TRUE(kz.view().is_at_or_below(kz));
  EXPECT_FALSE(kz.view().is_below(kz));
  EXPECT_TRUE(name("a.b.kz.").view().is_below(kz));
  EXPECT_TRUE(kz.view().is_below(NameView()));
  EXPECT_FALSE(NameView().is_at_or_below(kz));
  EXPECT_FALSE(name("akz.").view().is_at_or_below(kz));
  // One label whose octets end as the name "kz." does on the wire.
  EXPECT_FALSE(Name::child("a\2kz", NameView()).value().view().is_at_or_below(kz));
}

}  // namespace
}  // namespace tld::dns
