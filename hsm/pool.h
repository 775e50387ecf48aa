// SPDX-License-Identifier: GPL-2.0-only
//
// One key in several tokens behind one door. A request goes to a token that is fit; when that fails
// in a way that another token may not (worth_another()), or does not answer soon, it goes to the
// next one while its deadline allows, and the first signature counts. A token that fails is left
// alone for a while (hsm/breaker.h).
//
// A breaker makes no outage of its own: when none is fit, those that failed are asked all the same;
// only one that signed wrongly is not.
//
// Thread rule: as KeyDoor. Callbacks come on threads of the members' doors, or of the pool.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/pool_member.h"

namespace tld::hsm {

enum class TokenOrder {
  primary_reserve,  // the first that is fit
  all_active,       // of those fit, the one with the fewest requests under way
};

// May another token do what one could not with this error?
bool worth_another(base::ErrorKind kind);
// Does this error speak against the token, rather than against the request?
bool speaks_against_token(base::ErrorKind kind);

class KeyPool final : public KeyDoor {
 public:
  struct Options {
    TokenOrder order = TokenOrder::primary_reserve;
    // The next token is asked as well when the answer takes four times what is usual, but not
    // before `shortest_wait`, and at the latest when half of the time is gone.
    std::chrono::microseconds shortest_wait{5'000};
    std::chrono::microseconds first_wait{10'000};  // while nothing is known
  };
  using Members = std::vector<std::shared_ptr<PoolMember>>;

  // In order of preference. REQUIRES: at least one.
  KeyPool(Members members, Options options);
  ~KeyPool() override;  // waits for requests under way (their deadlines bound it)

  void sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) override;
  // Of the first member that gives one.
  base::Result<std::vector<KeyInfo>> list(base::Deadline deadline) override;
  // Reachable and logged in when one member is; sums; what each has to say.
  Health health(base::Deadline deadline) override;
  base::Result<std::string> prove(const KeyId& id, std::string_view nonce,
                                  base::Deadline deadline) override;
  std::size_t members() const override { return members_.size(); }
  void judge(const KeyId& id, std::size_t member, bool verifies) override;

  const Members& all() const { return members_; }
  // Requests that went to a second token, after an error or because the first was slow.
  std::uint64_t retried_elsewhere() const { return retried_.load(std::memory_order_relaxed); }

 private:
  struct Request;
  struct Attempt;

  std::size_t choose(const Request& request, base::Deadline now, bool only_fit, bool& is_try) const;
  bool launch(const std::shared_ptr<Request>& request, bool only_fit);
  void schedule(const std::shared_ptr<Request>& request, const PoolMember& member,
                base::Deadline now);
  void arrived(const std::shared_ptr<Request>& request, std::size_t number,
               base::Result<Signature> result);
  bool take(Request& request, std::size_t number, base::Result<Signature>& result);
  void run();

  const Members members_;
  const Options options_;
  std::atomic<std::uint64_t> retried_{0};

  std::mutex mutex_;  // guards what follows, and the Requests
  std::condition_variable changed_;
  std::multimap<base::Deadline, std::weak_ptr<Request>> waits_;  // when to ask another one, too
  base::Deadline sleeping_until_ = base::Deadline::max();
  std::size_t attempts_ = 0;  // under way
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tld::hsm
