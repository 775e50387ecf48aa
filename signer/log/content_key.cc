// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/content_key.h"

#include "dns/signing_input.h"

namespace tld::signer {

ContentKey content_key(std::string_view signing_input, const base::Sha256& signer) {
  return {base::sha256(dns::without_times(signing_input)), signer};
}

}  // namespace tld::signer
