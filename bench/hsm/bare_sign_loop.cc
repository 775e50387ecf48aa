// SPDX-License-Identifier: GPL-2.0-only
//
// bare_sign_loop TOKEN-URI KEY-ID THREADS SECONDS: threads with a session each sign RRSIG input
// with C_Sign and verify it with OpenSSL, one after the other, and nothing else. The object is the
// token's own (CKA_TOKEN true), as in tld-hsmd. Prints one line of JSON: signatures, seconds,
// cpu-seconds.
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "hsm/pin.h"
#include "hsm/token_keys.h"
#include "hsm/token_uri.h"
#include "hsm/verify.h"
#include "tests/contract/rrsig_input.h"

namespace tld::hsm::test {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t inputs_made = 4096;  // before the time begins

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "bare_sign_loop: {}\n", why);
  std::exit(1);
}

template <class T>
T need(base::Result<T> result) {
  if (result.has_error()) fail(result.error().message);
  return std::move(result.value());
}

void need(const base::Status& status) {
  if (status.has_error()) fail(status.error().message);
}

// As large as what a TLD has most of: an NSEC3 and a DS with SHA-256 in turn.
std::string input_number(std::size_t number, Algorithm algorithm) {
  RrsigInput input;
  input.algorithm = algorithm;
  input.ttl = static_cast<std::uint32_t>(number);
  if (number % 2 == 0) {
    input.type = 50;
    input.owner = "\x20" + std::string(32, 'a') + input.signer;
    input.rdata = {std::string("\x01\x01\x00\x00\x00\x14", 6) + std::string(20, '\x5a') +
                   std::string("\x00\x06\x20\x00\x00\x00\x00\x12", 8)};
  } else {
    input.type = 43;
    input.owner = "\x0c" + std::string(12, 'a') + input.signer;
    input.rdata = {std::string("\x30\x39\x0d\x02", 4) + std::string(32, '\x5a')};
  }
  return input.octets();
}

std::uint64_t sign_and_verify(const std::shared_ptr<Token>& token, const KeyId& id,
                              steady_clock::duration time, std::latch& ready,
                              std::atomic<bool>& begin) {
  const auto session = need(Session::open(token));
  const TokenKey key = need(find_key(*session, id));
  const Verifier verifier = need(Verifier::make(key.info.public_key));
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < inputs_made; ++i) {
    inputs.push_back(input_number(i, key.info.public_key.algorithm));
  }
  ready.count_down();
  begin.wait(false);
  std::uint64_t count = 0;
  for (const auto end = steady_clock::now() + time; steady_clock::now() < end; ++count) {
    const std::string& input = inputs[count % inputs.size()];
    if (!verifier.verify(input, need(session->sign(key, input)))) fail("a wrong signature");
  }
  return count;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void run(const std::string& uri_text, const KeyId& id, unsigned threads,
         std::chrono::duration<double> time) {
  const TokenUri uri = need(TokenUri::parse(uri_text));
  const std::shared_ptr<Token> token = need(Token::open(uri));
  need(token->login(need(Pin::read(uri.pin_file()))));
  std::latch ready(threads);
  std::atomic<bool> begin = false;
  std::atomic<std::uint64_t> signatures{0};
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      signatures += sign_and_verify(
          token, id, std::chrono::duration_cast<steady_clock::duration>(time), ready, begin);
    });
  }
  ready.wait();
  const double cpu_before = cpu_seconds();
  const auto start = steady_clock::now();
  begin = true;
  begin.notify_all();
  for (std::thread& worker : workers) worker.join();
  fmt::print(R"({{"signatures": {}, "seconds": {:.4f}, "cpu-seconds": {:.4f}}})"
             "\n",
             signatures.load(), std::chrono::duration<double>(steady_clock::now() - start).count(),
             cpu_seconds() - cpu_before);
}

}  // namespace
}  // namespace tld::hsm::test

int main(int argc, char** argv) {
  if (argc != 5) tld::hsm::test::fail("TOKEN-URI KEY-ID THREADS SECONDS");
  const auto id = tld::base::from_hex(argv[2]);
  const int threads = std::atoi(argv[3]);
  const double seconds = std::atof(argv[4]);
  if (id.has_error() || threads < 1 || seconds <= 0) tld::hsm::test::fail("a KEY-ID is base 16");
  tld::hsm::test::run(argv[1], id.value(), static_cast<unsigned>(threads),
                      std::chrono::duration<double>(seconds));
  return 0;
}
