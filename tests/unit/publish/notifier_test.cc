// SPDX-License-Identifier: GPL-2.0-only
#include "publish/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstring>
#include <functional>
#include <mutex>

#include "publish/notify_message.h"

namespace tld::publish {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

const dns::Name kz = dns::Name::from_text("kz.").value();

class NoLog final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override {
    const std::lock_guard lock(mutex);
    text += std::string(message) + '\n';
  }
  std::string all() {
    const std::lock_guard lock(mutex);
    return text;
  }

 private:
  std::mutex mutex;
  std::string text;
};

// A UDP socket on loopback that keeps what it gets and answers when it is told to.
class FakeSecondary {
 public:
  explicit FakeSecondary(int family = AF_INET)
      : family_(family), socket_(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto any = base::SocketAddress::from_text(loopback(), 1).value();
    sockaddr_storage storage{};
    std::memcpy(&storage, any.get(), any.size());
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = 0;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&storage), any.size()), 0);
    socklen_t size = sizeof storage;
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size);
    port_ = ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  }
  base::SocketAddress address() const {
    return base::SocketAddress::from_text(loopback(), port_).value();
  }
  std::optional<std::string> next(milliseconds patience = milliseconds{3000}) {
    pollfd polled{socket_.get(), POLLIN, 0};
    if (poll(&polled, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    char octets[600];
    from_size_ = sizeof from_;
    const auto size = recvfrom(socket_.get(), octets, sizeof octets, 0,
                               reinterpret_cast<sockaddr*>(&from_), &from_size_);
    return std::string(octets, static_cast<std::size_t>(size));
  }
  // To who asked last.
  void answer(const std::string& octets) { send_from(socket_, octets); }
  void answer_from_elsewhere(const std::string& octets) {
    const base::FileDescriptor other(socket(family_, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    send_from(other, octets);
  }

 private:
  std::string loopback() const { return family_ == AF_INET ? "127.0.0.1" : "::1"; }
  void send_from(const base::FileDescriptor& from, const std::string& octets) {
    EXPECT_EQ(sendto(from.get(), octets.data(), octets.size(), 0,
                     reinterpret_cast<sockaddr*>(&from_), from_size_),
              static_cast<ssize_t>(octets.size()));
  }
  const int family_;
  base::FileDescriptor socket_;
  std::uint16_t port_ = 0;
  sockaddr_storage from_{};
  socklen_t from_size_ = 0;
};

std::string response_to(std::string request, unsigned rcode = 0) {
  request[2] = static_cast<char>(request[2] | 0x80);
  request[3] = static_cast<char>(rcode);
  return request;
}

std::uint16_t id_of(const std::string& message) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(message[0]) << 8 |
                                    static_cast<unsigned char>(message[1]));
}

class NotifierTest : public testing::Test {
 protected:
  void start(std::vector<base::SocketAddress> addresses, Notifier::Options options) {
    notifier = std::make_unique<Notifier>(kz, addresses, options, clock, log);
  }
  void start(milliseconds retry = milliseconds{40}, unsigned transmissions = 50) {
    start({secondary.address()}, {retry, retry * 8, transmissions});
  }
  Notifier::Secondary state(std::size_t i = 0) { return notifier->secondaries().at(i); }
  bool comes_true(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds{2});
    }
    return true;
  }
  bool is_answered(std::uint32_t serial) {
    return comes_true([&] { return state().answered == serial; });
  }

  FakeSecondary secondary;
  std::shared_ptr<base::ManualClock> clock =
      std::make_shared<base::ManualClock>(base::Time{std::chrono::seconds{1000}});
  std::shared_ptr<NoLog> log = std::make_shared<NoLog>();
  std::unique_ptr<Notifier> notifier;
};

// The very octets of RFC 1996: opcode 4, AA, one question, nothing behind it.
TEST(NotifyMessage, IsAsTheRfcHasIt) {
  EXPECT_EQ(notify_request(0xabcd, kz),
            std::string("\xab\xcd\x24\0\0\1\0\0\0\0\0\0\2kz\0\0\6\0\1", 20));
}

// Catches: an answer that somebody else made up, or that belongs to another request, ends it.
TEST(NotifyMessage, OnlyTheRightResponseCounts) {
  const std::string request = notify_request(7, kz);
  const std::string right = response_to(request);
  EXPECT_EQ(notify_response(right, 7, kz), 0u);
  EXPECT_EQ(notify_response(response_to(request, 5), 7, kz), 5u);
  EXPECT_FALSE(notify_response(right, 8, kz)) << "id";
  EXPECT_FALSE(notify_response(request, 7, kz)) << "QR";
  EXPECT_FALSE(notify_response(right, 7, dns::Name::from_text("ks.").value())) << "question";
  EXPECT_FALSE(notify_response(right.substr(0, 19), 7, kz)) << "cut off";
  EXPECT_FALSE(notify_response("", 7, kz));
  const auto spoilt = [&](std::size_t at, char octet) {
    std::string out = right;
    out[at] = octet;
    return out;
  };
  EXPECT_FALSE(notify_response(spoilt(2, static_cast<char>(0x80)), 7, kz)) << "opcode";
  EXPECT_FALSE(notify_response(spoilt(5, 0), 7, kz)) << "no question";
  EXPECT_FALSE(notify_response(spoilt(17, 1), 7, kz)) << "type";
  EXPECT_FALSE(notify_response(spoilt(19, 3), 7, kz)) << "class";
  EXPECT_EQ(notify_response(spoilt(13, 'K'), 7, kz), 0u) << "names have no case";
}

TEST_F(NotifierTest, TellsAndIsAnswered) {
  start(milliseconds{300});  // a machine that stands still for less answers in time
  EXPECT_FALSE(state().notified);
  notifier->notify(17);
  const auto request = secondary.next();
  ASSERT_TRUE(request);
  EXPECT_EQ(*request, notify_request(id_of(*request), kz));
  EXPECT_EQ(state().behind_since, clock->now());
  secondary.answer(response_to(*request));
  ASSERT_TRUE(is_answered(17));
  EXPECT_EQ(state().notified, 17u);
  EXPECT_FALSE(state().behind_since);
  EXPECT_EQ(state().trouble, "");
  EXPECT_FALSE(secondary.next(milliseconds{600})) << "sent again after the answer";
  EXPECT_EQ(notifier->counters().sent, 1u);
  EXPECT_EQ(notifier->counters().answered, 1u);
}

// Catches: one lost datagram, and the secondary waits for the SOA's refresh.
TEST_F(NotifierTest, SendsAgainWithBackOffWhatWasLost) {
  start(milliseconds{100});
  const auto sent = std::chrono::steady_clock::now();
  notifier->notify(1);
  ASSERT_TRUE(secondary.next());
  const auto second = secondary.next();
  const auto after_one = std::chrono::steady_clock::now() - sent;
  ASSERT_TRUE(second);
  const auto third = secondary.next();
  const auto after_two = std::chrono::steady_clock::now() - sent;
  ASSERT_TRUE(third);
  EXPECT_GE(after_one, milliseconds{100});
  EXPECT_GE(after_two, milliseconds{300}) << "100 and then 200 ms";
  secondary.answer(response_to(*third));
  EXPECT_TRUE(is_answered(1));
}

// Catches: anybody on the network can keep a secondary from being told.
TEST_F(NotifierTest, PassesOverWhatIsNoAnswer) {
  start();
  notifier->notify(1);
  const auto request = secondary.next();
  ASSERT_TRUE(request);
  std::string wrong_id = response_to(*request);
  wrong_id[1] = static_cast<char>(wrong_id[1] + 1);
  secondary.answer(wrong_id);
  secondary.answer("garbage");
  secondary.answer("");
  secondary.answer(*request);
  secondary.answer_from_elsewhere(response_to(*request));
  const auto again = secondary.next();
  ASSERT_TRUE(again) << "one of them counted as the answer";
  EXPECT_FALSE(state().answered);
  secondary.answer(response_to(*again));
  EXPECT_TRUE(is_answered(1));
}

// Catches: a queue of old serials; an answer to the old one that counts for the new one.
TEST_F(NotifierTest, ANewerSerialTakesThePlaceOfAnOlderOne) {
  start(milliseconds{60});
  notifier->notify(1);
  const auto first = secondary.next();
  ASSERT_TRUE(first);
  clock->advance(std::chrono::seconds{5});
  notifier->notify(2);
  ASSERT_TRUE(comes_true([&] { return state().notified == 2u; }));
  secondary.answer(response_to(*first));
  ASSERT_TRUE(secondary.next());
  auto latest = secondary.next();
  ASSERT_TRUE(latest) << "not sent again: the answer to the first counted";
  EXPECT_FALSE(state().answered);
  EXPECT_EQ(state().behind_since, base::Time{std::chrono::seconds{1000}}) << "since the first";
  secondary.answer(response_to(*latest));
  EXPECT_TRUE(is_answered(2));
  EXPECT_FALSE(state().behind_since);
  while (latest) latest = secondary.next(milliseconds{200});
  EXPECT_EQ(notifier->counters().answered, 1u);
}

TEST_F(NotifierTest, SaysWhatTheSecondaryAnsweredAndGivesUp) {
  start(milliseconds{20}, 3);
  notifier->notify(9);
  int transmissions = 0;
  while (const auto request = secondary.next(milliseconds{500})) {
    ASSERT_LT(transmissions, 10);
    secondary.answer(response_to(*request, 5));
    ++transmissions;
  }
  EXPECT_EQ(transmissions, 3);
  EXPECT_TRUE(state().given_up);
  EXPECT_FALSE(state().answered);
  EXPECT_TRUE(state().behind_since);
  EXPECT_EQ(notifier->counters().given_up, 1u);
  EXPECT_THAT(state().trouble, HasSubstr("REFUSED"));
  EXPECT_THAT(log->all(), HasSubstr("zone kz.: NOTIFY of serial 9 to 127.0.0.1:"));
  EXPECT_THAT(log->all(), HasSubstr("given up after 3"));
  notifier->notify(10);
  const auto request = secondary.next();
  ASSERT_TRUE(request) << "the next serial starts anew";
  secondary.answer(response_to(*request));
  EXPECT_TRUE(is_answered(10));
  EXPECT_FALSE(state().given_up);
}

TEST_F(NotifierTest, NotimpEndsIt) {
  start();
  notifier->notify(1);
  const auto request = secondary.next();
  ASSERT_TRUE(request);
  secondary.answer(response_to(*request, rcode_notimp));
  EXPECT_TRUE(is_answered(1));
}

// Catches: one secondary that is down holds up the others. Its port is closed: ICMP comes back.
TEST_F(NotifierTest, OneThatIsDownHoldsUpNobody) {
  FakeSecondary v6(AF_INET6);
  std::optional<FakeSecondary> gone(AF_INET);
  const auto closed = gone->address();
  gone.reset();
  start({closed, secondary.address(), v6.address()}, {milliseconds{20}, milliseconds{100}, 100});
  notifier->notify(4);
  for (FakeSecondary* up : {&secondary, &v6}) {
    const auto request = up->next();
    ASSERT_TRUE(request);
    up->answer(response_to(*request));
  }
  EXPECT_TRUE(comes_true([&] { return state(1).answered == 4u && state(2).answered == 4u; }));
  EXPECT_TRUE(comes_true([&] { return state(0).trouble.find("refused") != std::string::npos; }))
      << state(0).trouble;
  EXPECT_FALSE(state(0).answered);
}

}  // namespace
}  // namespace tld::publish
