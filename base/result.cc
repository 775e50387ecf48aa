// SPDX-License-Identifier: GPL-2.0-only
#include "base/result.h"

namespace tld::base {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return "invalid-input";
    case ErrorKind::not_found: return "not-found";
    case ErrorKind::refused: return "refused";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timed_out: return "timed-out";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

}  // namespace tld::base
