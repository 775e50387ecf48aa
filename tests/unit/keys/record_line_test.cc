// SPDX-License-Identifier: GPL-2.0-only
#include "keys/record_line.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

const std::string key_text =
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";

// The DNSKEY of RFC 6605 §6.1.
TEST(RecordLine, ReadsAndWritesTheSameLine) {
  const std::string line = "kz. 3600 IN DNSKEY 257 3 13 " + key_text;
  const auto record = read_record_line(line);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record.value().owner, testing::name("kz."));
  EXPECT_EQ(record.value().ttl, 3600U);
  EXPECT_EQ(dns::Dnskey::from_wire(record.value().rdata).value().key_tag(), 55648);
  EXPECT_EQ(record_line(record.value()), line);
}

TEST(RecordLine, ReadsRrsigTimesAsTimes) {
  const auto record = read_record_line(
      "kz. 60 IN RRSIG CDS 13 1 60 20260104000000 20260101000000 "
      "7 kz. AAAA");
  ASSERT_TRUE(record) << record.error().message;
  const auto rrsig = dns::Rrsig::from_wire(record.value().rdata).value();
  EXPECT_EQ(rrsig.expiration - rrsig.inception, 3U * 86400U);
  EXPECT_EQ(rrsig.type_covered, dns::RRType::CDS);
}

// Each field, one fault: what is not exactly as written here is not guessed at.
TEST(RecordLine, RefusesWhatIsNotExactlyARecord) {
  const std::string good = "kz. 3600 IN DNSKEY 257 3 13 " + key_text;
  const std::pair<const char*, const char*> changes[] = {
      {"kz. ", "kz "},      {"kz. ", "k z. "},      {"kz. ", " kz. "},
      {"kz. ", ". kz. "},   {"3600", "03600"},      {"3600", "1h"},
      {"3600", "-1"},       {"3600", "2147483648"}, {"3600", "4294967297"},
      {" IN ", " in "},     {" IN ", " CH "},       {" IN ", " "},
      {"DNSKEY", "dnskey"}, {"DNSKEY", "TYPE48"},   {"DNSKEY", "DS"},
      {"257", "65793"},     {" 3 13", " 259 13"},   {" 13 ", " 269 "},
      {"Goj", "Go j"},      {"Goj", "*oj"},         {"==", "="},
      {"==", ""},           {"AA==", "AB=="},       {"==", "== ; x"},
      {"IN ", "IN\v"},      {"IN ", "IN\r"},        {"kz", "k\xc3\xa4z"},
      {"3 13 ", "3 13 ( "}};
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(read_record_line(testing::replaced(good, from, to))) << from << " -> " << to;
  }
}

TEST(RecordLine, RefusesRrsigsThatCannotBe) {
  const std::string good = "kz. 60 IN RRSIG CDS 13 1 60 20260104000000 20260101000000 7 kz. AAAA";
  ASSERT_TRUE(read_record_line(good));
  const std::pair<const char*, const char*> changes[] = {{" CDS ", " RRSIG "},
                                                         {" CDS ", " SOA "},
                                                         {"20260104000000", "1767484800"},
                                                         {" kz. AAAA", " kz AAAA"},
                                                         {" kz. AAAA", " AAAA"},
                                                         {" kz. AAAA", " kz. AAAA AAAA"},
                                                         {"20260101000000", "20260230000000"},
                                                         {" 13 1 60", " 13 256 60"}};
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(read_record_line(testing::replaced(good, from, to))) << from << " -> " << to;
  }
}

TEST(RecordLine, SaysWhichFieldIsWrong) {
  EXPECT_THAT(read_record_line("kz. x IN DNSKEY 257 3 13 AAAA").error().message,
              ::testing::HasSubstr("TTL"));
  EXPECT_THAT(read_record_line("kz. 1 IN CDS 1 13 2 xyz").error().message,
              ::testing::HasSubstr("digest"));
  EXPECT_THAT(read_record_line("kz. 1 IN CDS 1 13").error().message,
              ::testing::HasSubstr("digest type"));
}

}  // namespace
}  // namespace tld::keys
