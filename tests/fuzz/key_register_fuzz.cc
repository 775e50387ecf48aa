// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of key registers, for the zone kz. It asserts what must hold for any
// text: a refusal names its check and is one line; what is read is, octet by octet, what would be
// written; and the model of keys/key_states.h has an answer for whatever events were read.
#include <cstdlib>

#include "keys/key_register.h"
#include "keys/next_steps.h"
#include "keys/time_text.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_named(const std::string& message) {
  require(message.find(": REGISTER-") != std::string::npos ||
          message.find(": KEY-TAG-USED") != std::string::npos);
  require(message.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = dns::Name::from_text("kz.").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::KeyRegister::parse(text, apex, "f");
  if (!read) {
    require_named(read.error().message);
    return 0;
  }
  require(read.value().text() == text);
  for (const keys::Proposal& proposal :
       keys::next_steps({}, read.value().keys(), keys::last_time - std::chrono::days{3660})) {
    require(!proposal.steps.empty() && (proposal.time || !proposal.waits_for.empty()));
  }
  return 0;
}
