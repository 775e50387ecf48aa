// SPDX-License-Identifier: GPL-2.0-only
//
// One wrong bit, at every bit of a request: it is refused by name, or the request still says the
// same. One that passes and says something else would be signed.
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using testing::RequestDraft;

class RequestBitflip : public ::testing::Test {
 protected:
  void expect_refused_or_same(const std::string& text) {
    const auto request = KeySigningRequest::parse(text, draft_.apex, "kz.ksr");
    const base::Status status = request ? request.value().check(context_) : request.error();
    if (!status) {
      EXPECT_THAT(status.error().message, ::testing::HasSubstr(": KSR-"));
      ++refused_;
      return;
    }
    EXPECT_EQ(testing::meaning(request.value()), wanted_);
    ++same_;
  }

  RequestDraft draft_;
  std::string good_ = draft_.text();
  RequestContext context_ = draft_.context();
  std::string wanted_ = testing::meaning(KeySigningRequest::parse(good_, draft_.apex).value());
  std::size_t refused_ = 0, same_ = 0;
};

TEST_F(RequestBitflip, EveryBit) {
  for (std::size_t at = 0; at < good_.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(::testing::Message() << "octet " << at << " bit " << bit);
      std::string text = good_;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      expect_refused_or_same(text);
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_EQ(refused_ + same_, good_.size() * 8);
  EXPECT_LT(same_, refused_ / 10);
}

TEST_F(RequestBitflip, EveryLineLostOrDoubled) {
  for (std::size_t at = 0; at < good_.size(); at = good_.find('\n', at) + 1) {
    const std::string line = good_.substr(at, good_.find('\n', at) + 1 - at);
    expect_refused_or_same(good_.substr(0, at) + good_.substr(at + line.size()));
    expect_refused_or_same(good_.substr(0, at) + line + good_.substr(at));
  }
  EXPECT_EQ(same_, 0U);
}

}  // namespace
}  // namespace tld::keys
