// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_door.h"

#include <utility>

#include "hsm/token_keys.h"

namespace tld::hsm {

base::Result<std::unique_ptr<TokenDoor>> TokenDoor::open(const std::string& uri) {
  TLD_TRY(const TokenUri parsed, TokenUri::parse(uri));
  State state;
  TLD_TRY(state.token, Token::open(parsed));
  TLD_TRY(const Pin pin, Pin::read(parsed.pin_file()));
  TLD_TRY(state.token->login(pin));
  TLD_TRY(state.session, Session::open(state.token, true));
  return std::unique_ptr<TokenDoor>(new TokenDoor(std::move(state)));
}

base::Result<KeyInfo> TokenDoor::generate(Algorithm algorithm, unsigned rsa_bits) {
  return generate_key(*state_.lock()->session, algorithm, rsa_bits);
}

base::Result<std::string> TokenDoor::sign_with_token(const KeyId& id, std::string_view message) {
  const auto state = state_.lock();
  TLD_TRY(const TokenKey key, find_key(*state->session, id));
  ++state->signatures;
  return state->session->sign(key, message);
}

void TokenDoor::sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) {
  if (std::chrono::steady_clock::now() >= deadline) {
    return done(base::timed_out("the deadline had passed already"));
  }
  auto signature = sign_with_token(id, message);
  if (std::chrono::steady_clock::now() > deadline) {
    return done(base::timed_out("the token was too slow"));
  }
  done(signature_of(std::move(signature)));
}

base::Result<std::vector<KeyInfo>> TokenDoor::list(base::Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline) {
    return base::timed_out("the deadline had passed already");
  }
  return list_keys(*state_.lock()->session);
}

Health TokenDoor::health(base::Deadline) {
  return {.reachable = true,
          .logged_in = true,
          .detail = "",
          .sessions = 1,
          .queued = 0,
          .signatures = state_.read()->signatures};
}

}  // namespace tld::hsm
