// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_codes.h"

#include <p11-kit/p11-kit.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace tld::hsm {
namespace {

constexpr auto now = base::ErrorKind::unavailable;
constexpr auto always = base::ErrorKind::internal;
constexpr auto nothing = Repair::nothing;
constexpr auto find_key = Repair::find_key;
constexpr auto open_again = Repair::open_again;

// clang-format off
#define TLD_CODE(name) name, #name
constexpr std::array table{
    // The token or the line to it.
    CodeFacts{TLD_CODE(CKR_DEVICE_ERROR), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_DEVICE_MEMORY), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_DEVICE_REMOVED), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_TOKEN_NOT_PRESENT), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_TOKEN_NOT_RECOGNIZED), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_SLOT_ID_INVALID), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_HOST_MEMORY), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_GENERAL_ERROR), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_FUNCTION_FAILED), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_FUNCTION_CANCELED), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_FUNCTION_REJECTED), now, open_again},
    CodeFacts{TLD_CODE(CKR_CRYPTOKI_NOT_INITIALIZED), now, open_again, true},
    // The session or the login.
    CodeFacts{TLD_CODE(CKR_SESSION_CLOSED), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_SESSION_HANDLE_INVALID), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_SESSION_COUNT), now, open_again},
    CodeFacts{TLD_CODE(CKR_OPERATION_ACTIVE), now, open_again, true},
    CodeFacts{TLD_CODE(CKR_OPERATION_NOT_INITIALIZED), now, open_again},
    CodeFacts{TLD_CODE(CKR_USER_NOT_LOGGED_IN), now, open_again},
    // The key's handle; the key itself may be there under another one.
    CodeFacts{TLD_CODE(CKR_KEY_HANDLE_INVALID), now, find_key},
    CodeFacts{TLD_CODE(CKR_OBJECT_HANDLE_INVALID), now, find_key},
    CodeFacts{TLD_CODE(CKR_KEY_CHANGED), now, find_key},
    // What this key or this kind of token does not do; another kind may.
    CodeFacts{TLD_CODE(CKR_MECHANISM_INVALID), always, nothing},
    CodeFacts{TLD_CODE(CKR_MECHANISM_PARAM_INVALID), always, nothing},
    CodeFacts{TLD_CODE(CKR_KEY_TYPE_INCONSISTENT), always, nothing},
    CodeFacts{TLD_CODE(CKR_KEY_FUNCTION_NOT_PERMITTED), always, nothing},
    CodeFacts{TLD_CODE(CKR_KEY_SIZE_RANGE), always, nothing},
    CodeFacts{TLD_CODE(CKR_DATA_INVALID), always, nothing},
    CodeFacts{TLD_CODE(CKR_DATA_LEN_RANGE), always, nothing},
    CodeFacts{TLD_CODE(CKR_FUNCTION_NOT_SUPPORTED), always, nothing},
    CodeFacts{TLD_CODE(CKR_BUFFER_TOO_SMALL), always, nothing},
    // From other calls than C_Sign.
    CodeFacts{TLD_CODE(CKR_ARGUMENTS_BAD), always, open_again},
    CodeFacts{TLD_CODE(CKR_ATTRIBUTE_TYPE_INVALID), always, nothing},
    CodeFacts{TLD_CODE(CKR_ATTRIBUTE_VALUE_INVALID), always, nothing},
    CodeFacts{TLD_CODE(CKR_TEMPLATE_INCONSISTENT), always, nothing},
    CodeFacts{TLD_CODE(CKR_TOKEN_WRITE_PROTECTED), always, nothing},
    CodeFacts{TLD_CODE(CKR_PIN_INCORRECT), now, open_again},
    CodeFacts{TLD_CODE(CKR_PIN_INVALID), now, open_again},
    CodeFacts{TLD_CODE(CKR_PIN_LEN_RANGE), now, open_again},
    CodeFacts{TLD_CODE(CKR_PIN_EXPIRED), now, open_again},
    CodeFacts{TLD_CODE(CKR_PIN_LOCKED), now, open_again},
};
#undef TLD_CODE
// clang-format on

constexpr CodeFacts unknown{CKR_VENDOR_DEFINED, "another", now, open_again, false};

}  // namespace

std::span<const CodeFacts> known_codes() {
  return table;
}

const CodeFacts& facts_of(CK_RV code) {
  const auto* found = std::find_if(table.begin(), table.end(),
                                   [code](const CodeFacts& facts) { return facts.code == code; });
  return found == table.end() ? unknown : *found;
}

base::Error token_error(const char* call, CK_RV code) {
  return {facts_of(code).kind, std::string(call) + ": " + p11_kit_strerror(code)};
}

}  // namespace tld::hsm
