// SPDX-License-Identifier: GPL-2.0-only
#include "exporter/metrics_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <optional>
#include <thread>

namespace tld::exporter {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using std::chrono::milliseconds;
using testing::HasSubstr;
using Answer = base::Result<std::string>;

const std::string whole = "# TYPE a gauge\na 1\n# EOF\n";

// Stands for PowerDNS: takes one line from each client, gives `answer`, closes when told so.
class ControlSocket {
 public:
  ControlSocket(std::string answer, bool closes)
      : path_(std::filesystem::path(testing::TempDir()) /
              ("control-" + std::to_string(getpid()) + "-" + std::to_string(++made_))),
        acceptor_(io_, stream_protocol::endpoint(path_)),
        thread_([this, answer = std::move(answer), closes] { serve(answer, closes); }) {}
  ~ControlSocket() {
    stopping_ = true;
    // Wakes accept().
    stream_protocol::socket last(io_);
    boost::system::error_code ignored;
    last.connect(stream_protocol::endpoint(path_), ignored);
    thread_.join();
    std::filesystem::remove(path_);
  }

  const std::string& path() const { return path_; }
  const std::string& asked() const { return asked_; }
  int clients() const { return clients_; }

 private:
  void serve(const std::string& answer, bool closes) {
    for (;;) {
      auto client = acceptor_.accept();
      if (stopping_) return;
      ++clients_;
      boost::system::error_code failed;
      std::string line;
      asio::read_until(client, asio::dynamic_buffer(line), '\n', failed);
      asked_ += line;
      asio::write(client, asio::buffer(answer), failed);
      if (!closes) open_.push_back(std::move(client));
    }
  }

  static inline int made_ = 0;
  asio::io_context io_;
  const std::string path_;
  stream_protocol::acceptor acceptor_;
  std::string asked_;
  std::vector<stream_protocol::socket> open_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> clients_{0};
  std::thread thread_;
};

// Asks once; what came of it.
Answer ask(const MetricsSource::Options& options) {
  asio::io_context io;
  MetricsSource source(io, options);
  std::optional<Answer> got;
  source.ask([&](const Answer& answer) { got = answer; });
  EXPECT_FALSE(got) << "called back before ask() returned";
  io.run();
  return got.value();
}

void expect_error(const Answer& answer, base::ErrorKind kind, const std::string& text) {
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, kind) << answer.error().message;
  EXPECT_THAT(answer.error().message, HasSubstr(text));
}

TEST(MetricsSource, AsksForTheMetrics) {
  ControlSocket server(whole, true);
  const Answer answer = ask({.socket = server.path()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.value(), whole);
  EXPECT_EQ(server.asked(), "TLD-METRICS\n");
}

// Catches: half of the metrics taken for all of them.
TEST(MetricsSource, ACutOffAnswerIsNone) {
  for (const std::string cut : {"", "a 1\n", "# TYPE a gauge\na 1\n# EO", "a 1 # EOF\n"}) {
    ControlSocket server(cut, true);
    expect_error(ask({.socket = server.path()}), base::ErrorKind::refused, "cut off");
  }
  ControlSocket other("Unknown command: 'TLD-METRICS'", true);
  expect_error(ask({.socket = other.path()}), base::ErrorKind::refused, "no tld backend");
}

TEST(MetricsSource, NobodyIsThere) {
  expect_error(ask({.socket = "/nonexistent/socket"}), base::ErrorKind::unavailable,
               "/nonexistent/socket");
  expect_error(ask({.socket = "/" + std::string(200, 'x')}), base::ErrorKind::invalid_input,
               "too long");
}

// Catches: a wait without end for a server that hangs.
TEST(MetricsSource, ASilentServerIsLeft) {
  ControlSocket server(whole, false);
  const auto begin = std::chrono::steady_clock::now();
  expect_error(ask({.socket = server.path(), .patience = milliseconds{100}}),
               base::ErrorKind::timed_out, "in time");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds{100});
}

TEST(MetricsSource, AnAnswerWithoutEndIsLeft) {
  ControlSocket server(std::string(5000, 'x'), true);
  expect_error(ask({.socket = server.path(), .largest = 4096}), base::ErrorKind::refused,
               "too long");
}

// Catches: PowerDNS, which serves one control client after the other, asked by each of many.
TEST(MetricsSource, WhoAsksMeanwhileGetsTheSame) {
  ControlSocket server(whole, true);
  asio::io_context io;
  MetricsSource source(io, {.socket = server.path()});
  int answers = 0;
  for (int i = 0; i < 10; ++i) source.ask([&](const Answer& a) { answers += a.has_value(); });
  io.run();
  EXPECT_EQ(answers, 10);
  EXPECT_EQ(server.clients(), 1);
  io.restart();
  source.ask([&](const Answer& a) { answers += a.has_value(); });
  io.run();
  EXPECT_EQ(answers, 11);
  EXPECT_EQ(server.clients(), 2);
}

TEST(Page, SaysWhetherTheServerAnswered) {
  const std::string up = "# TYPE tld_up gauge\n# HELP tld_up 1: the server answered TLD-METRICS\n";
  EXPECT_EQ(page(whole), "# TYPE a gauge\na 1\n" + up + "tld_up 1\n# EOF\n");
  EXPECT_EQ(page(base::unavailable("x")), up + "tld_up 0\n# EOF\n");
  EXPECT_EQ(page(whole_text("# EOF")), up + "tld_up 1\n# EOF\n");
}

}  // namespace
}  // namespace tld::exporter
