// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/client.h"

#include <utility>

#include "hsm/client_connection.h"
#include "hsm/proof.h"

namespace tld::hsm {
namespace {

constexpr std::size_t longest_id = 1024;  // far above what tokens allow

Request request(Kind kind, const KeyId& key = {}, std::string message = {}) {
  return {.kind = kind, .id = 0, .remaining = {}, .key = key, .message = std::move(message)};
}

}  // namespace

HsmClient::HsmClient(Options options, std::shared_ptr<base::Log> log)
    : connection_(std::make_unique<Connection>(std::move(options), std::move(log))) {}
HsmClient::~HsmClient() = default;

void HsmClient::sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) {
  if (id.size() > longest_id || message.size() > largest_frame - 2 * longest_id) {
    return done(base::invalid_input("a key id or message is too long to sign"));
  }
  connection_->submit(request(Kind::sign, id, std::move(message)), deadline,
                      [done = std::move(done)](base::Result<std::string> body) {
                        done(signature_of(std::move(body)));
                      });
}

base::Result<std::vector<KeyInfo>> HsmClient::list(base::Deadline deadline) {
  TLD_TRY(const std::string body, connection_->ask(request(Kind::list), deadline, true));
  return decode_keys(body);
}

Health HsmClient::health(base::Deadline deadline) {
  const auto body = connection_->ask(request(Kind::health), deadline, false);
  auto health = body.has_value() ? decode_health(body.value()) : body.error();
  if (health.has_value()) return std::move(health.value());
  Health out;
  out.detail = health.error().message;
  return out;
}

base::Result<std::string> HsmClient::prove(const KeyId& id, std::string_view nonce,
                                           base::Deadline deadline) {
  if (id.size() > longest_id || nonce.size() < smallest_nonce || nonce.size() > largest_nonce) {
    return base::invalid_input("a proof needs a nonce of 16 to 64 octets");
  }
  return connection_->ask(request(Kind::prove, id, std::string(nonce)), deadline, true);
}

HsmClient::Statistics HsmClient::statistics() const {
  return connection_->statistics();
}

}  // namespace tld::hsm
