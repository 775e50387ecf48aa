// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/software_key.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/bytes.h"
#include "base/guarded.h"
#include "hsm/algorithm.h"
#include "hsm/openssl_key.h"

namespace tld::hsm {
namespace {

struct Key {
  KeyInfo info;
  std::shared_ptr<EVP_PKEY> evp;
};

// An answer that waits for its time.
struct Delayed {
  base::Result<std::string> answer;
  KeyDoor::SignDone done;
};

base::Result<EvpKey> make_key(Algorithm algorithm, unsigned bits) {
  EvpKey key(algorithm == Algorithm::rsasha256
                 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits))
                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return base::internal("OpenSSL cannot make a key: " + openssl_reason());
  return key;
}

base::Result<std::string> make_signature(const Key& key, std::string_view message) {
  const EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.evp.get(), nullptr));
  const bool rsa = key.info.public_key.algorithm == Algorithm::rsasha256;
  const base::Sha256 hash = base::sha256(message);
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key.evp.get())), '\0');
  std::size_t size = out.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      (rsa && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1) ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, hash.data(),
                    hash.size()) != 1) {
    return base::internal("OpenSSL cannot sign: " + openssl_reason());
  }
  out.resize(size);
  return rsa ? out : ecdsa_from_der(out);
}

}  // namespace

struct SoftwareKeys::State {
  Faults faults;
  std::atomic<std::uint64_t> calls{0};
  base::Guarded<std::map<KeyId, Key>> keys;

  std::mutex mutex;
  std::condition_variable changed;
  std::multimap<base::Deadline, Delayed> delayed;  // guarded by mutex
  bool stop = false;                               // guarded by mutex
  std::thread timer;

  base::Result<std::string> answer(const KeyId& id, std::string_view message);
  void answer_at(base::Deadline when, Delayed delayed_answer);
  void run();
};

base::Result<std::string> SoftwareKeys::State::answer(const KeyId& id, std::string_view message) {
  if (faults.away) return base::unavailable("the software keys are away");
  Key key;
  {
    const auto all = keys.read();
    const auto found = all->find(id);
    if (found == all->end()) return base::not_found("no software key " + base::to_hex(id));
    key = found->second;
  }
  TLD_TRY(std::string signature, make_signature(key, message));
  if (faults.wrong_signatures) signature.back() = static_cast<char>(signature.back() ^ 1);
  return signature;
}

void SoftwareKeys::State::answer_at(base::Deadline when, Delayed delayed_answer) {
  const std::lock_guard lock(mutex);
  delayed.emplace(when, std::move(delayed_answer));
  if (!timer.joinable()) timer = std::thread([this] { run(); });
  changed.notify_one();
}

void SoftwareKeys::State::run() {
  std::unique_lock lock(mutex);
  while (!stop || !delayed.empty()) {
    if (delayed.empty()) {
      changed.wait(lock);
    } else if (!stop && delayed.begin()->first > std::chrono::steady_clock::now()) {
      changed.wait_until(lock, delayed.begin()->first);
    } else {
      Delayed next = std::move(delayed.extract(delayed.begin()).mapped());
      const bool stopped = stop;
      lock.unlock();
      next.done(signature_of(stopped ? base::unavailable("the software keys are gone")
                                     : std::move(next.answer)));
      lock.lock();
    }
  }
}

SoftwareKeys::SoftwareKeys() : state_(std::make_unique<State>()) {}

SoftwareKeys::~SoftwareKeys() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_one();
  }
  if (state_->timer.joinable()) state_->timer.join();
}

base::Result<KeyInfo> SoftwareKeys::generate(Algorithm algorithm, unsigned rsa_bits, KeyId id) {
  TLD_TRY(EvpKey evp, make_key(algorithm, rsa_bits));
  TLD_TRY(PublicKey public_key, from_openssl(algorithm, evp.get()));
  if (id.empty()) {
    id.resize(16);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(id.data()), 16) != 1) {
      return base::internal("OpenSSL has no random octets: " + openssl_reason());
    }
  }
  const KeyInfo info{id, base::to_hex(id), std::move(public_key)};
  state_->keys.lock()->insert_or_assign(
      id, Key{info, std::shared_ptr<EVP_PKEY>(evp.release(), EVP_PKEY_free)});
  return info;
}

void SoftwareKeys::copy_keys_of(const SoftwareKeys& other) {
  const std::map<KeyId, Key> copies = *other.state_->keys.read();
  const auto mine = state_->keys.lock();
  for (const auto& [id, key] : copies) mine->insert_or_assign(id, key);
}

SoftwareKeys::Faults& SoftwareKeys::faults() {
  return state_->faults;
}
std::uint64_t SoftwareKeys::sign_calls() const {
  return state_->calls;
}

void SoftwareKeys::sign(const KeyId& id, std::string message, base::Deadline deadline,
                        SignDone done) {
  ++state_->calls;
  const auto start = std::chrono::steady_clock::now();
  if (start >= deadline) return done(base::timed_out("the deadline had passed already"));
  const std::chrono::milliseconds delay(state_->faults.delay_ms.load());
  if (delay.count() == 0) return done(signature_of(state_->answer(id, message)));
  if (start + delay > deadline) {
    state_->answer_at(deadline, {base::timed_out("the software key is slow"), std::move(done)});
  } else {
    state_->answer_at(start + delay, {state_->answer(id, message), std::move(done)});
  }
}

base::Result<std::vector<KeyInfo>> SoftwareKeys::list(base::Deadline deadline) {
  const auto ready =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(state_->faults.delay_ms.load());
  std::this_thread::sleep_until(std::min(ready, deadline));
  if (ready > deadline) return base::timed_out("the software keys are slow");
  if (state_->faults.away) return base::unavailable("the software keys are away");
  std::vector<KeyInfo> out;
  const auto keys = state_->keys.read();
  for (const auto& [id, key] : *keys) out.push_back(key.info);
  return out;
}

Health SoftwareKeys::health(base::Deadline) {
  const bool here = !state_->faults.away;
  return {.reachable = here,
          .logged_in = here,
          .detail = here ? "" : "the software keys are away",
          .sessions = 1,
          .queued = 0,
          .signatures = state_->calls};
}

}  // namespace tld::hsm
