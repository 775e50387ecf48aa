// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/proof.h"

namespace tld::hsm {

std::string proof_message(std::string_view nonce) {
  using namespace std::string_view_literals;
  static constexpr std::string_view prefix = "\xff\xff\xff\xffpdns-tld proof of possession 1\0"sv;
  return std::string(prefix).append(nonce);
}

}  // namespace tld::hsm
