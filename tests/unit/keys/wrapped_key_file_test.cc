// SPDX-License-Identifier: GPL-2.0-only
#include "keys/wrapped_key_file.h"

#include "keys/chained_lines.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::make_key;
using testing::name;
using testing::replaced;
using testing::TemporaryDirectory;

WrappedKeyFile a_file(const dns::Dnskey& dnskey) {
  return {name("kz."),
          dnskey,
          std::string(16, '\x01'),
          "a \xff label\n",
          std::string(16, '\x02'),
          "CKM_AES_KEY_WRAP_PAD",
          std::string(144, '\x03')};
}

std::string fault(const std::string& text) {
  const auto file = WrappedKeyFile::parse(text, "f");
  return file ? "" : file.error().message;
}

// As somebody who alters a file on purpose leaves it.
std::string with_right_sum(const std::string& text) {
  const std::string body = text.substr(0, text.rfind("SHA-256: "));
  return body + "SHA-256: " + sha256_hex(body) + "\n";
}

TEST(WrappedKeyFile, ReadsBackWhatItWrites) {
  for (const auto& dnskey : {make_key().ksk(), make_key(testing::rsa).zsk()}) {
    const WrappedKeyFile file = a_file(dnskey);
    const auto again = WrappedKeyFile::parse(file.text(), "f");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again.value(), file);
    EXPECT_THAT(file.text(), HasSubstr("\nDNSKEY-SHA256: " + sha256_hex(dnskey.wire()) + "\n"));
  }
}

TEST(WrappedKeyFile, AnyAlteredOctetIsRefused) {
  const std::string text = a_file(make_key().ksk()).text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = text;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      EXPECT_THAT(fault(altered), HasSubstr("f: WRAPPED-")) << i;
    }
    EXPECT_NE(fault(text.substr(0, i)), "") << i;
  }
  EXPECT_NE(fault(text + "\n"), "");
  EXPECT_EQ(fault(text), "");
}

// One meaning has one text: whatever is altered with a right sum says something else, or is
// refused by name.
TEST(WrappedKeyFile, AlteredOnPurposeItSaysSomethingElse) {
  const WrappedKeyFile file = a_file(make_key().ksk());
  const std::string text = file.text();
  for (std::size_t i = 0; i < text.rfind("SHA-256: "); ++i) {
    std::string altered = text;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    const auto read = WrappedKeyFile::parse(with_right_sum(altered), "f");
    if (read) {
      EXPECT_FALSE(read.value() == file) << i;
    } else {
      EXPECT_THAT(read.error().message, HasSubstr("f: WRAPPED-")) << i;
    }
  }
}

TEST(WrappedKeyFile, FaultsHaveNames) {
  const std::string text = a_file(make_key().ksk()).text();
  const std::string other = sha256_hex(make_key().ksk().wire());
  const std::size_t sum = text.find("DNSKEY-SHA256: ") + 15;
  EXPECT_THAT(fault(replaced(text, "kz.", "ky.")), HasSubstr("WRAPPED-CHECKSUM"));
  EXPECT_THAT(fault(with_right_sum(replaced(text, text.substr(sum, 64), other))),
              HasSubstr("WRAPPED-KEY"));
  EXPECT_THAT(fault(with_right_sum(replaced(text, "257 3 13", "257 3 15"))),
              HasSubstr("WRAPPED-KEY"));
  EXPECT_THAT(fault(with_right_sum(replaced(text, "257 3 13", "385 3 13"))),
              HasSubstr("WRAPPED-KEY"));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"CKM_AES", "ckm_aes"},
                                                        {"Mechanism: CKM", "Mechanism:  CKM"},
                                                        {"CKA_ID: 01", "CKA_ID: 1"},
                                                        {"CKA_LABEL: 61", "CKA_LABEL: 6G"},
                                                        {"Octets: ", "Octets: *"},
                                                        {"Octets: ", "More: x\nOctets: "},
                                                        {"Zone: kz.", "Zone: KZ"}}) {
    EXPECT_THAT(fault(with_right_sum(replaced(text, from, to))), HasSubstr("WRAPPED-SYNTAX")) << to;
  }
  EXPECT_THAT(fault(text + std::string(20'000, 'x')), HasSubstr("WRAPPED-SIZE"));
  EXPECT_THAT(fault(""), HasSubstr("WRAPPED-SYNTAX"));
  const TemporaryDirectory directory;
  EXPECT_TRUE(WrappedKeyFile::read_file(directory.file("kz.wrapped", text)));
  EXPECT_EQ(WrappedKeyFile::read_file(directory.path("none")).error().kind,
            base::ErrorKind::not_found);
}

}  // namespace
}  // namespace tld::keys
