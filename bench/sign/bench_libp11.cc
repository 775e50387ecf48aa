// SPDX-License-Identifier: GPL-2.0-only
//
// Signatures per second of one process through libp11's EVP_PKEY beside the same module's C_Sign on
// a session per thread: the figures behind docs/adr/0003-pkcs11-access.md. Paired runs, medians.
#include <fmt/format.h>
#include <libp11.h>
#include <openssl/evp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "hsm/openssl_key.h"
#include "hsm/token_keys.h"
#include "tests/contract/test_token.h"

namespace tld::hsm::test {
namespace {

using std::chrono::steady_clock;

constexpr int pairs = 5;
constexpr milliseconds run_time{700};

void require(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "bench_libp11: {}\n", what);
  std::exit(1);
}

// libp11's own ladder; it ends with the process.
struct Libp11 {
  explicit Libp11(const TestToken& token) {
    PKCS11_CTX* context = PKCS11_CTX_new();
    PKCS11_SLOT* slots = nullptr;
    unsigned count = 0;
    require(PKCS11_CTX_load(context, token.module_path().c_str()) == 0, "load");
    require(PKCS11_enumerate_slots(context, &slots, &count) == 0, "slots");
    PKCS11_SLOT* slot = PKCS11_find_token(context, slots, count);
    require(slot != nullptr && PKCS11_login(slot, 0, TestToken::pin().c_str()) == 0, "login");
    require(PKCS11_enumerate_keys(slot->token, &keys, &key_count) == 0, "keys");
  }
  EvpKey key(const KeyInfo& wanted) const {
    for (unsigned i = 0; i < key_count; ++i) {
      if (KeyId(reinterpret_cast<char*>(keys[i].id), keys[i].id_len) != wanted.id) continue;
      return EvpKey(PKCS11_get_private_key(&keys[i]));
    }
    return nullptr;
  }
  PKCS11_KEY* keys = nullptr;
  unsigned key_count = 0;
};

template <class SignOne>
double rate(unsigned threads, SignOne make_signer) {
  std::atomic<std::uint64_t> total{0};
  std::vector<std::thread> workers;
  const auto start = steady_clock::now();
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      auto sign_one = make_signer();
      while (steady_clock::now() < start + run_time) {
        require(sign_one(), "sign");
        ++total;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  return double(total) / std::chrono::duration<double>(steady_clock::now() - start).count();
}

const std::string message(150, 'm');

double libp11_rate(const Libp11& libp11, const KeyInfo& info, unsigned threads) {
  const EvpKey key = libp11.key(info);
  require(key != nullptr, "libp11 has no such key");
  return rate(threads, [&] {
    return [&] {
      unsigned char out[512];
      std::size_t size = sizeof out;
      const OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
      return EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
             EVP_DigestSign(context.get(), out, &size,
                            reinterpret_cast<const unsigned char*>(message.data()),
                            message.size()) == 1;
    };
  });
}

double direct_rate(const std::shared_ptr<Token>& token, const KeyInfo& info, unsigned threads) {
  return rate(threads, [&] {
    std::shared_ptr<Session> session = Session::open(token).value();
    return [session, key = find_key(*session, info.id).value()] {
      return session->sign(key, message).has_value();
    };
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

void compare(const TestToken& made, std::initializer_list<unsigned> thread_counts) {
  const TokenUri uri = TokenUri::parse(made.uri()).value();
  const auto token = Token::open(uri).value();
  require(token->login(Pin::read(uri.pin_file()).value()).has_value(), "login");
  const Libp11 libp11(made);
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    for (const unsigned threads : thread_counts) {
      std::vector<double> through;
      std::vector<double> direct;
      for (int i = 0; i < pairs; ++i) {
        through.push_back(libp11_rate(libp11, made.key(algorithm), threads));
        direct.push_back(direct_rate(token, made.key(algorithm), threads));
      }
      fmt::print("{:<16} {:>7} {:>12.0f} {:>10.0f} {:>7.2f}\n", to_string(algorithm), threads,
                 median(through), median(direct), median(direct) / median(through));
    }
  }
  std::fflush(stdout);
}

int run() {
  fmt::print("load {:.1f}; medians of {} paired runs of {} ms\n", load(), pairs, run_time.count());
  fmt::print("{:<16} {:>7} {:>12} {:>10} {:>7}\n", "algorithm", "threads", "libp11 EVP/s",
             "C_Sign/s", "ratio");
  // A process for each, because libp11 and the token would finalise one module twice.
  for (const bool slow : {false, true}) {
    fmt::print("{}\n", slow ? "SoftHSM behind a delay of 5 ms in C_Sign, as a token over a network"
                            : "SoftHSM, token objects");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      if (slow) {
        const TestToken token;
        token.faults("delay-ms 5\n");
        compare(token, {1U, 8U});
      } else {
        compare(TestToken{TestToken::softhsm}, {1U, 2U});
      }
      std::_Exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "a run failed");
  }
  return 0;
}

}  // namespace
}  // namespace tld::hsm::test

int main() {
  return tld::hsm::test::run();
}
