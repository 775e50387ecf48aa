// SPDX-License-Identifier: GPL-2.0-only
//
// Signatures per second through our path (client, socket, tld-hsmd, C_Sign, verification) beside a
// bare loop of C_Sign and verification in one process, on the same token and the same token
// objects. Paired runs, A B A B ..., since the machine is noisy; medians, and the median of the
// pairs' ratios. Both sides verify in their callers' threads; our path keeps 64 requests under way
// per thread.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <future>
#include <thread>

#include "hsm/token_keys.h"
#include "hsm/verify.h"
#include "tests/contract/test_token.h"

namespace tld::hsm::test {
namespace {

using std::chrono::steady_clock;

constexpr int pairs = 5;
constexpr milliseconds run_time{1'000};
constexpr std::size_t window = 64;

struct Bench {
  TestToken token{TestToken::softhsm};
  Process process{daemon_command(write_config(token, {.sessions = 2})), "/dev/null"};
  HsmClient client{{"bench", socket_path(token)}, std::make_shared<NullLog>()};
  std::shared_ptr<Token> bare;
};

std::string message_number(Algorithm algorithm, std::uint32_t number) {
  RrsigInput input;
  input.algorithm = algorithm;
  input.ttl = number;
  return input.octets();
}

void require(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "bench_sign: {}\n", what);
  std::exit(1);
}

// Runs `work(deadline)` in each thread; it returns how many signatures it made. Per second.
template <class Work>
double rate(unsigned threads, Work work) {
  std::atomic<std::uint64_t> total{0};
  const auto start = steady_clock::now();
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] { total += work(start + run_time); });
  }
  for (std::thread& worker : workers) worker.join();
  return double(total) / std::chrono::duration<double>(steady_clock::now() - start).count();
}

double bare_rate(Bench& bench, Algorithm algorithm, unsigned threads) {
  const KeyInfo& info = bench.token.key(algorithm);
  const Verifier verifier = Verifier::make(info.public_key).value();
  return rate(threads, [&](base::Deadline end) {
    const auto session = Session::open(bench.bare).value();
    const TokenKey key = find_key(*session, info.id).value();
    std::uint64_t count = 0;
    for (; steady_clock::now() < end; ++count) {
      const std::string message = message_number(algorithm, static_cast<std::uint32_t>(count));
      const auto signature = session->sign(key, message);
      require(signature.has_value() && verifier.verify(message, signature.value()), "bare C_Sign");
    }
    return count;
  });
}

struct UnderWay {
  std::string message;
  std::future<base::Result<std::string>> signature;
};

UnderWay send(Bench& bench, const KeyInfo& key, std::uint32_t number) {
  auto promise = std::make_shared<std::promise<base::Result<std::string>>>();
  UnderWay out{message_number(key.public_key.algorithm, number), promise->get_future()};
  bench.client.sign(key.id, out.message, in(milliseconds(10'000)),
                    [promise](base::Result<Signature> r) {
                      promise->set_value(r.has_error()
                                             ? base::Result<std::string>(std::move(r).error())
                                             : std::move(std::move(r).value().octets));
                    });
  return out;
}

double our_rate(Bench& bench, Algorithm algorithm, unsigned threads) {
  const KeyInfo& key = bench.token.key(algorithm);
  const Verifier verifier = Verifier::make(key.public_key).value();
  return rate(threads, [&](base::Deadline end) {
    std::deque<UnderWay> under_way;
    std::uint32_t sent = 0;
    while (sent < window) under_way.push_back(send(bench, key, sent++));
    std::uint64_t count = 0;
    while (!under_way.empty()) {
      UnderWay next = std::move(under_way.front());
      under_way.pop_front();
      const auto signature = next.signature.get();
      require(signature.has_value() && verifier.verify(next.message, signature.value()),
              "client and tld-hsmd");
      ++count;
      if (steady_clock::now() < end) under_way.push_back(send(bench, key, sent++));
    }
    return count;
  });
}

// Other work on the machine falsifies rates: the more threads a side has, the more it gets.
double load() {
  double out = 0;
  return getloadavg(&out, 1) == 1 ? out : -1;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(Bench& bench, Algorithm algorithm, unsigned threads) {
  std::vector<double> bare;
  std::vector<double> ours;
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    bare.push_back(bare_rate(bench, algorithm, threads));
    ours.push_back(our_rate(bench, algorithm, threads));
    ratios.push_back(ours.back() / bare.back());
  }
  fmt::print("{:<16} {:>7} {:>14.0f} {:>14.0f} {:>7.2f}\n", to_string(algorithm), threads,
             median(bare), median(ours), median(ratios));
}

int run() {
  Bench bench;
  const TokenUri uri = TokenUri::parse(bench.token.uri()).value();
  bench.bare = Token::open(uri).value();
  require(bench.bare->login(Pin::read(uri.pin_file()).value()).has_value(), "login");
  require(eventually([&] { return bench.client.health(in(milliseconds(500))).logged_in; }),
          "tld-hsmd does not log in");
  fmt::print(
      "SoftHSM, token objects (CKA_TOKEN true, sensitive, not extractable), {} processors, "
      "load {:.1f};\n",
      std::thread::hardware_concurrency(), load());
  fmt::print("every signature is verified; medians of {} paired runs of {} ms\n\n", pairs,
             run_time.count());
  fmt::print("{:<16} {:>7} {:>14} {:>14} {:>7}\n", "algorithm", "threads", "bare C_Sign/s",
             "tld-hsmd/s", "ratio");
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    for (const unsigned threads : {1U, 2U}) compare(bench, algorithm, threads);
  }
  return 0;
}

}  // namespace
}  // namespace tld::hsm::test

int main() {
  return tld::hsm::test::run();
}
