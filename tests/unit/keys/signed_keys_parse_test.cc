// SPDX-License-Identifier: GPL-2.0-only
//
// What is refused while the file is read; each rule by a file that breaks only it.
#include "keys/slot_file_reader.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using testing::Draft;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::replaced;
using ::testing::StartsWith;

class SignedKeysParse : public ::testing::Test {
 protected:
  std::string fault(const std::string& text) {
    const auto keys = SignedKeys::parse(text, draft_.apex, "kz.skr");
    if (keys) return "";
    EXPECT_EQ(keys.error().kind, base::ErrorKind::invalid_input);
    return keys.error().message;
  }

  Draft draft_;
  std::string good_ = draft_.text();
};

TEST_F(SignedKeysParse, ReadsWhatTheWriterWrites) {
  const auto keys = SignedKeys::parse(good_, draft_.apex);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(signed_keys_text(keys.value().policy(), keys.value().slots(), testing::first_start()),
            good_);
  EXPECT_EQ(keys.value().slots().size(), 3U);
  EXPECT_EQ(keys.value().slots()[0].line, 8U);
  EXPECT_EQ(keys.value().slots()[0].dnskeys.size(), 2U);
}

TEST_F(SignedKeysParse, FileOfAnotherZoneIsRefused) {
  const auto keys = SignedKeys::parse(good_, testing::name("kaz."), "kz.skr");
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, StartsWith("kz.skr:9: SKR-APEX"));
}

TEST_F(SignedKeysParse, SignerOtherThanTheApexIsRefused) {
  draft_.spoil_signature = [](std::size_t, dns::Rrsig& rrsig) {
    rrsig.signer = testing::name("z.");
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("SKR-APEX"));
}

// A file cut anywhere, on a line's border or not, never reads as a shorter good file.
TEST_F(SignedKeysParse, CutAnywhereIsRefused) {
  for (std::size_t size = 0; size < good_.size(); ++size) {
    ASSERT_THAT(fault(good_.substr(0, size)), HasSubstr("SKR-")) << "cut at " << size;
  }
  const std::size_t last_line = good_.rfind(";;");
  EXPECT_THAT(fault(good_.substr(0, last_line)), HasSubstr("SKR-TRUNCATED"));
  EXPECT_THAT(fault(good_.substr(0, good_.size() - 1)), HasSubstr("SKR-TRUNCATED"));
  EXPECT_THAT(fault(""), HasSubstr("SKR-TRUNCATED"));
}

TEST_F(SignedKeysParse, TextBehindTheEndIsRefused) {
  EXPECT_THAT(fault(good_ + "\n"), HasSubstr("SKR-SYNTAX"));
  EXPECT_THAT(fault(good_ + good_), HasSubstr("SKR-SYNTAX"));
}

// A slot behind the end line would be used by a reader that only looks whether there is one.
TEST_F(SignedKeysParse, EndLineInFrontOfTheLastSlotIsRefused) {
  const std::string end = good_.substr(good_.rfind(";;"));
  const std::string last_slot = ";; SignedKeyResponse 1.0 20260103000000\n";
  EXPECT_THAT(fault(replaced(replaced(good_, end, ""), last_slot, end + last_slot)),
              HasSubstr("SKR-SYNTAX: there is text behind"));
}

TEST_F(SignedKeysParse, OtherCommentsAndBlankLinesAreRefused) {
  const std::string header = ";; SignedKeyResponse 1.0 20260102000000\n";
  for (const char* line :
       {"\n", ";\n", "; a comment\n", ";; SignedKeyResponse 2.0 20260102000000\n",
        ";; SignedKeyResponse 1.0 \n", ";; SignedKeyResponse 1.0 20260102\n",
        ";; KeySigningRequest 1.0 20260102000000\n"}) {
    EXPECT_THAT(fault(replaced(good_, header, line + header)), HasSubstr("SKR-SYNTAX")) << line;
  }
}

TEST_F(SignedKeysParse, WindowsLineEndsAreRefusedByLine) {
  EXPECT_THAT(fault(replaced(good_, "P3D\n", "P3D\r\n")), StartsWith("kz.skr:2: SKR-POLICY-LINE"));
}

TEST_F(SignedKeysParse, PolicyMustBeWholeAndInOrder) {
  EXPECT_THAT(fault(replaced(good_, ";; policy-slot: P1D\n", "")),
              StartsWith("kz.skr:3: SKR-POLICY-LINE"));
  EXPECT_THAT(fault(replaced(good_, "policy-slot: P1D", "policy-slot: 1d")),
              StartsWith("kz.skr:3: SKR-POLICY-LINE"));
  EXPECT_THAT(fault(";; policy-span: P3D\n" + good_), StartsWith("kz.skr:1: SKR-POLICY-LINE"));
}

// Slots that do not overlap leave an hour without a valid DNSKEY RRset.
TEST_F(SignedKeysParse, PolicyWithoutOverlapIsRefused) {
  EXPECT_THAT(fault(replaced(good_, "policy-validity: P3D", "policy-validity: P1D")),
              MatchesRegex("kz.skr:7: SKR-POLICY-LINE: POLICY-OVERLAP.*"));
}

TEST_F(SignedKeysParse, RecordsInFrontOfTheFirstSlotAreRefused) {
  EXPECT_THAT(fault(replaced(good_, ";; SignedKeyResponse 1.0 20260101000000\n", "")),
              HasSubstr("SKR-SYNTAX"));
}

TEST_F(SignedKeysParse, FileWithoutSlotIsRefused) {
  draft_.slots = 0;
  EXPECT_THAT(fault(draft_.text()), HasSubstr("SKR-SYNTAX"));
}

TEST_F(SignedKeysParse, SlotWithoutDnskeyIsRefused) {
  draft_.spoil_slot = [](std::size_t index, Slot& slot) {
    if (index == 1) slot.rrsets.erase(slot.rrsets.begin());
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("SKR-SYNTAX"));
}

TEST_F(SignedKeysParse, RRsetWithoutSignatureIsRefused) {
  draft_.spoil_slot = [](std::size_t index, Slot& slot) {
    if (index == 2) slot.rrsets[1].rrsigs.clear();
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("no RRSIG over its CDS"));
}

TEST_F(SignedKeysParse, SignatureWithoutRRsetIsRefused) {
  draft_.spoil_slot = [](std::size_t, Slot& slot) { slot.rrsets[2].rrset.rdatas.clear(); };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("RRSIG over CDNSKEY"));
}

TEST_F(SignedKeysParse, SameRecordTwiceIsRefused) {
  draft_.spoil_slot = [](std::size_t, Slot& slot) {
    slot.rrsets[0].rrset.rdatas.push_back(slot.rrsets[0].rrset.rdatas[0]);
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("twice"));
  draft_.spoil_slot = [](std::size_t, Slot& slot) {
    slot.rrsets[0].rrsigs.push_back(slot.rrsets[0].rrsigs[0]);
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("twice"));
}

TEST_F(SignedKeysParse, TwoTtlsInAnRRsetAreRefused) {
  EXPECT_THAT(fault(replaced(good_, "kz. 3600 IN DNSKEY", "kz. 3601 IN DNSKEY")),
              HasSubstr("two TTLs"));
}

TEST_F(SignedKeysParse, RrsigWhoseOwnTtlDiffersIsRefused) {
  EXPECT_THAT(fault(replaced(good_, "kz. 3600 IN RRSIG", "kz. 3601 IN RRSIG")),
              HasSubstr("original TTL"));
}

TEST_F(SignedKeysParse, TypesThatDoNotBelongAreRefused) {
  EXPECT_THAT(fault(replaced(good_, "IN CDS ", "IN DS ")), HasSubstr("SKR-SYNTAX"));
}

// Hostile sizes: refused before they cost anything.
TEST_F(SignedKeysParse, SizesAreBounded) {
  EXPECT_THAT(fault(std::string(SlotFileReader::max_octets + 1, ';')), HasSubstr("SKR-SIZE"));
  EXPECT_THAT(fault(replaced(good_, ";; policy-span",
                             std::string(SlotFileReader::max_line_octets, ' ') + ";; policy-span")),
              HasSubstr("SKR-SIZE"));
  draft_.spoil_slot = [](std::size_t, Slot& slot) {
    auto& rdatas = slot.rrsets[0].rrset.rdatas;
    for (int i = 0; i < 40; ++i) {
      rdatas.push_back(rdatas[0]);
      rdatas.back().push_back(static_cast<char>(i));
    }
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("SKR-SIZE"));
  draft_.spoil_slot = [](std::size_t, Slot& slot) {
    auto& rrsigs = slot.rrsets[0].rrsigs;
    for (int i = 0; i < 20; ++i) {
      rrsigs.push_back(rrsigs[0]);
      rrsigs.back().signature.push_back(static_cast<char>(i));
    }
  };
  EXPECT_THAT(fault(draft_.text()), HasSubstr("SKR-SIZE"));
}

TEST_F(SignedKeysParse, SlotsAreBounded) {
  std::string headers;
  const std::string slot = good_.substr(
      good_.find(";; SignedKeyResponse"),
      good_.find(";; SignedKeyResponse 1.0 20260102") - good_.find(";; SignedKeyResponse"));
  for (std::size_t i = 0; i <= max_slots; ++i) headers += slot;
  EXPECT_THAT(fault(replaced(good_, slot, headers)), HasSubstr("SKR-SIZE"));
}

TEST_F(SignedKeysParse, ReadFileTellsMissingFromWrong) {
  const testing::TemporaryDirectory dir;
  EXPECT_EQ(SignedKeys::read_file(dir.path("none.skr"), draft_.apex).error().kind,
            base::ErrorKind::not_found);
  const auto wrong = SignedKeys::read_file(dir.file("w.skr", "hello\n"), draft_.apex);
  EXPECT_THAT(wrong.error().message, HasSubstr("w.skr:1: SKR-POLICY-LINE"));
  EXPECT_TRUE(SignedKeys::read_file(dir.file("g.skr", good_), draft_.apex));
}

}  // namespace
}  // namespace tld::keys
