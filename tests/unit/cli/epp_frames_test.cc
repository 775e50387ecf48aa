// SPDX-License-Identifier: GPL-2.0-only
#include "cli/epp_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "epp/frame.h"
#include "tests/unit/epp/frames.h"

namespace tld::cli {
namespace {

using namespace epp::testing;
using epp::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string add_c = create_domain("c.kz", {"ns1.example.net"});
const std::string delete_c = frame(domain("delete", "<domain:name>c.kz</domain:name>"));

class EppFrames : public ::testing::Test {
 protected:
  FrameCounts run(const std::string& input, bool framed = false, std::size_t take = 1000) {
    codes.clear();
    return answer_frames(
        {input, framed}, settings_of_kz(), [this] { return registry.begin(); },
        base::ManualClock(base::Time{}), "run",
        [&, take](const epp::Reply& reply) {
          codes.push_back(reply.code);
          last = reply.xml;
          return codes.size() < take;
        });
  }
  MemoryRegistry registry = registry_of_kz();
  std::vector<Code> codes;
  std::string last;
};

// Each in a transaction of its own: a refused one is in nobody's way.
TEST_F(EppFrames, EachIsAnsweredInTurn) {
  const FrameCounts counts = run(add_c + "\n" + add_c + delete_c + "\n");
  EXPECT_THAT(codes, ElementsAre(Code::done, Code::exists, Code::done));
  EXPECT_EQ(counts.frames, 3U);
  EXPECT_EQ(counts.refused, 1U);
  EXPECT_EQ(counts.failed, 0U);
  EXPECT_FALSE(counts.lost || counts.stopped);
  EXPECT_EQ(registry.committed, 2);
  EXPECT_THAT(last, HasSubstr("<svTRID>run-3</svTRID>"));
}

TEST_F(EppFrames, FramedOnesToo) {
  const FrameCounts counts =
      run(epp::framed(add_c) + epp::framed("<a>") + epp::framed(delete_c), true);
  EXPECT_THAT(codes, ElementsAre(Code::done, Code::syntax, Code::done));
  EXPECT_FALSE(counts.lost);
}

TEST_F(EppFrames, NothingBehindABrokenOneIsCarriedOut) {
  const FrameCounts counts = run(add_c + "<epp>" + delete_c);
  EXPECT_THAT(codes, ElementsAre(Code::done, Code::syntax));
  EXPECT_TRUE(counts.lost);
  EXPECT_EQ(registry.committed, 1);
}

TEST_F(EppFrames, StoreThatIsAwayIsCounted) {
  registry.fail_call = 1;
  const FrameCounts counts = run(add_c + add_c);
  EXPECT_THAT(codes, ElementsAre(Code::failed, Code::done));
  EXPECT_EQ(counts.failed, 1U);
}

// A response that nobody got: the client must not find more done than it knows of.
TEST_F(EppFrames, ResponseThatCannotBeWrittenStopsAll) {
  const FrameCounts counts = run(add_c + delete_c, false, 1);
  EXPECT_TRUE(counts.stopped);
  EXPECT_EQ(counts.frames, 1U);
  EXPECT_EQ(registry.committed, 1);
}

}  // namespace
}  // namespace tld::cli
