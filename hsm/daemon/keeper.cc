// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/keeper.h"

#include <algorithm>
#include <utility>

#include "hsm/token_keys.h"

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_back_off{100};
constexpr milliseconds longest_back_off{5'000};
// A token that goes so soon after it was opened is no token that works.
constexpr milliseconds too_soon{10'000};

}  // namespace

Keeper::Keeper(const DaemonConfig& config, TokenState& state, Watchdog::Line& line, base::Log& log)
    : config_(config),
      state_(state),
      line_(line),
      log_(log),
      refused_pin_(config.socket + ".pin-refused") {}

void Keeper::run() {
  milliseconds pause{0};
  base::Deadline opened_at{};
  while (state_.wait_until_away()) {
    const bool lasted = std::chrono::steady_clock::now() - opened_at >= too_soon;
    pause = lasted ? milliseconds(0) : std::clamp(2 * pause, first_back_off, longest_back_off);
    if (!state_.pause(pause) || !keep_trying()) return;
    opened_at = std::chrono::steady_clock::now();
  }
}

// True when the token is open; false at the end, which is the only way out after a refused PIN.
bool Keeper::keep_trying() {
  for (milliseconds back_off = first_back_off;;
       back_off = std::min(back_off * 2, longest_back_off)) {
    auto token = open();
    if (token.has_value()) {
      said_.clear();
      log_.write(base::Level::notice, "tld-hsmd: logged in to token " + token.value()->label());
      state_.set_opened(std::move(token.value()));
      return true;
    }
    say_away(token.error());
    while (pin_was_refused_) {
      if (!state_.pause(longest_back_off)) return false;
    }
    if (!state_.pause(back_off)) return false;
  }
}

base::Result<std::shared_ptr<Token>> Keeper::open() {
  const Watched watched(line_);
  TLD_TRY(const TokenUri uri, TokenUri::parse(config_.token_uri));
  TLD_TRY(std::shared_ptr<Token> token, Token::open(uri));
  TLD_TRY(log_in(*token, uri.pin_file()));
  TLD_TRY(find_keys(token));
  return token;
}

base::Status Keeper::log_in(Token& token, const std::string& pin_file) {
  const base::Status tries = token.check_tries();
  if (tries.has_error()) {
    pin_was_refused_ = tries.error().kind == base::ErrorKind::refused;
    return tries;
  }
  TLD_TRY(const Pin pin, Pin::read(pin_file));
  if (refused_pin_.is_refused(pin)) {
    pin_was_refused_ = true;
    return base::refused(
        "the token refused this PIN before. Write the right PIN "
        "into " +
        pin_file + " (or touch it) and restart tld-hsmd. See " + refused_pin_.path());
  }
  const base::Status status = token.login(pin);
  if (status.has_value() || status.error().kind != base::ErrorKind::refused) return status;
  pin_was_refused_ = true;
  const base::Status remembered = refused_pin_.remember(pin);
  if (remembered.has_error()) {
    log_.write(base::Level::critical,
               "tld-hsmd: cannot remember that the PIN was refused, so that a restart will try it "
               "again: " +
                   remembered.error().message);
  }
  return base::refused(status.error().message + ". Write the right PIN into " + pin_file +
                       " and restart tld-hsmd");
}

base::Status Keeper::find_keys(const std::shared_ptr<Token>& token) {
  TLD_TRY(const std::unique_ptr<Session> session, Session::open(token));
  for (const auto& [id, zones] : config_.zones) {
    const auto key = find_key(*session, id);
    if (key.has_value()) {
      state_.key_found(key.value().info);
    } else if (key.error().kind == base::ErrorKind::unavailable) {
      return key.error();
    } else {
      state_.key_missing(id);
      log_.write(base::Level::error, "tld-hsmd: " + key.error().message);
    }
  }
  return base::ok();
}

void Keeper::say_away(const base::Error& error) {
  state_.set_away(error.message);
  if (error.message == said_) return;
  said_ = error.message;
  log_.write(pin_was_refused_ ? base::Level::critical : base::Level::error,
             "tld-hsmd: cannot use the token: " + error.message +
                 (pin_was_refused_ ? "; not trying again" : "; trying again"));
}

}  // namespace tld::hsm
