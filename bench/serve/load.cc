// SPDX-License-Identifier: GPL-2.0-only
//
// Asks one DNS server over UDP what a file holds, once through, with a fixed number of questions
// under way, and prints what came back as one line of JSON. One thread.
//
//   serve_load PORT FILE WINDOW
//
// FILE: questions one after the other, each two octets of length (network order) and the message.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds lost_after{1000};
constexpr std::size_t ids = 65536;

struct Totals {
  std::uint64_t answered = 0, lost = 0, truncated = 0, octets = 0;
  std::array<std::uint64_t, 16> rcodes{};
};

std::vector<std::string> read_questions(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  std::vector<std::string> out;
  for (std::size_t at = 0; at + 2 <= all.size();) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(all[i]); };
    const std::size_t size = octet(at) * 256U + octet(at + 1);
    out.push_back(all.substr(at + 2, size));
    at += 2 + size;
  }
  return out;
}

int connect_to(const char* port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  const int buffer = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) return -1;
  return fd;
}

class Load {
 public:
  Load(int fd, std::vector<std::string> questions, std::size_t window)
      : fd_(fd), questions_(std::move(questions)), window_(window), sent_at_(ids) {}

  Totals run() {
    while (next_ < questions_.size() || under_way_ > 0) {
      while (under_way_ < window_ && next_ < questions_.size() && send_next()) {
      }
      pollfd entry{fd_, POLLIN, 0};
      if (poll(&entry, 1, 100) > 0) receive();
      if (Clock::now() - looked_ > lost_after / 4) give_up_lost();
    }
    return totals_;
  }

 private:
  bool send_next() {
    const std::size_t id = next_ % ids;
    std::string& message = questions_[next_];
    message[0] = static_cast<char>(id >> 8);
    message[1] = static_cast<char>(id & 0xff);
    if (sent_at_[id] != Clock::time_point{} || send(fd_, message.data(), message.size(), 0) < 0) {
      return false;
    }
    sent_at_[id] = Clock::now();
    ++next_;
    ++under_way_;
    return true;
  }

  void receive() {
    for (;;) {
      const ssize_t size = recv(fd_, buffer_.data(), buffer_.size(), 0);
      if (size < 12) return;
      const std::size_t id = buffer_[0] * 256U + buffer_[1];
      if (sent_at_[id] == Clock::time_point{}) continue;  // counted as lost already
      sent_at_[id] = {};
      --under_way_;
      ++totals_.answered;
      totals_.octets += static_cast<std::uint64_t>(size);
      totals_.truncated += (buffer_[2] & 2) != 0;
      ++totals_.rcodes[buffer_[3] & 15];
    }
  }

  void give_up_lost() {
    looked_ = Clock::now();
    for (Clock::time_point& sent : sent_at_) {
      if (sent == Clock::time_point{} || looked_ - sent < lost_after) continue;
      sent = {};
      --under_way_;
      ++totals_.lost;
    }
  }

  const int fd_;
  std::vector<std::string> questions_;
  const std::size_t window_;
  std::vector<Clock::time_point> sent_at_;
  std::array<unsigned char, 65536> buffer_{};
  std::size_t next_ = 0, under_way_ = 0;
  Clock::time_point looked_ = Clock::now();
  Totals totals_;
};

void print(const Totals& totals, double seconds) {
  std::printf(
      "{\"seconds\": %.3f, \"answered\": %llu, \"lost\": %llu, \"truncated\": %llu, "
      "\"octets\": %llu, \"rcodes\": {",
      seconds, static_cast<unsigned long long>(totals.answered),
      static_cast<unsigned long long>(totals.lost),
      static_cast<unsigned long long>(totals.truncated),
      static_cast<unsigned long long>(totals.octets));
  const char* comma = "";
  for (std::size_t code = 0; code < totals.rcodes.size(); ++code) {
    if (totals.rcodes[code] == 0) continue;
    std::printf("%s\"%zu\": %llu", comma, code,
                static_cast<unsigned long long>(totals.rcodes[code]));
    comma = ", ";
  }
  std::printf("}}\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t window = argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0;
  if (window == 0 || window >= ids) {
    std::fputs("usage: serve_load PORT FILE WINDOW\n", stderr);
    return 2;
  }
  std::vector<std::string> questions = read_questions(argv[2]);
  const int fd = connect_to(argv[1]);
  if (fd < 0 || questions.empty()) {
    std::fputs("serve_load: no questions, or no socket\n", stderr);
    return 3;
  }
  const auto begin = Clock::now();
  const Totals totals = Load(fd, std::move(questions), window).run();
  print(totals, std::chrono::duration<double>(Clock::now() - begin).count());
  close(fd);
  return 0;
}
