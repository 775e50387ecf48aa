// SPDX-License-Identifier: GPL-2.0-only
#include "tests/contract/rrsig_input.h"

#include "hsm/octets.h"
#include "hsm/wire_name.h"

namespace tld::hsm::test {

std::string RrsigInput::octets() const {
  const unsigned count = label_count(owner) - (owner.starts_with("\x01*") ? 1 : 0);
  const auto seconds = [&](std::chrono::seconds from_now) {
    return static_cast<std::uint32_t>((now + from_now).time_since_epoch().count());
  };
  std::string out;
  put(out, type);
  put(out, static_cast<std::uint8_t>(algorithm));
  put(out, labels.value_or(static_cast<std::uint8_t>(count)));
  put(out, ttl);
  put(out, seconds(expiration));
  put(out, seconds(inception));
  put(out, std::uint16_t{12345});
  out += signer;
  for (const std::string& data : rdata) {
    out += owner;
    put(out, type);
    put(out, std::uint16_t{1});
    put(out, ttl);
    put_counted(out, data);
  }
  return out;
}

}  // namespace tld::hsm::test
