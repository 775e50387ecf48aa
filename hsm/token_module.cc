// SPDX-License-Identifier: GPL-2.0-only
//
// Module: libp11 loads the module, initialises it and enumerates its slots; p11-kit hands out the
// same module's function list for everything behind that (docs/adr/0003-pkcs11-access.md).
#include <libp11.h>
#include <openssl/err.h>
#include <p11-kit/p11-kit.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "hsm/algorithm.h"
#include "hsm/token.h"

namespace tld::hsm {
namespace {

static_assert(CKK_RSA == 0x0 && CKK_EC == 0x3 && CKM_RSA_PKCS_KEY_PAIR_GEN == 0x0 &&
                  CKM_EC_KEY_PAIR_GEN == 0x1040 && CKM_SHA256_RSA_PKCS == 0x40 &&
                  CKM_ECDSA == 0x1041,
              "algorithm.cc has the numbers of PKCS #11");

std::string libp11_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason given";
}

// A module is initialised and finalised once per process (C_Finalize ends everybody's sessions), so
// all who use it at the same time share it.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Module>> modules;  // guarded by mutex
};

Registry& registry() {
  static Registry* const all = new Registry;  // outlives every Module
  return *all;
}

}  // namespace

struct Module::State {
  PKCS11_CTX* context = PKCS11_CTX_new();
  bool loaded = false;
  std::mutex mutex;
  // All that were enumerated; releasing one closes its slots' sessions, so all stay until the end.
  std::vector<std::pair<PKCS11_SLOT*, unsigned>> slot_lists;  // guarded by mutex
  CK_FUNCTION_LIST* functions = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (const auto& [slots, count] : slot_lists) PKCS11_release_all_slots(context, slots, count);
    if (loaded) PKCS11_CTX_unload(context);
    PKCS11_CTX_free(context);
    if (functions != nullptr) p11_kit_module_release(functions);
  }
};

base::Result<std::shared_ptr<Module>> Module::load(const std::string& path) {
  const std::lock_guard lock(registry().mutex);
  std::weak_ptr<Module>& known = registry().modules[path];
  if (auto module = known.lock()) return module;
  auto state = std::make_unique<State>();
  if (PKCS11_CTX_load(state->context, path.c_str()) != 0) {
    return base::unavailable("PKCS #11 module " + path + ": " + libp11_reason());
  }
  state->loaded = true;
  // Unmanaged: the module is initialised already, and p11-kit's bookkeeping would be in the way.
  state->functions =
      p11_kit_module_load(path.c_str(), P11_KIT_MODULE_UNMANAGED | P11_KIT_MODULE_CRITICAL);
  if (state->functions == nullptr) {
    return base::unavailable("PKCS #11 module " + path + ": " + p11_kit_message());
  }
  // The lock is held while it is finalised, so that nobody initialises it meanwhile.
  std::shared_ptr<Module> module(new Module(std::move(state)), [](Module* last) {
    const std::lock_guard finalising(registry().mutex);
    delete last;
  });
  known = module;
  return module;
}

Module::Module(std::unique_ptr<State> state)
    : state_(std::move(state)), functions_(state_->functions) {}
Module::~Module() = default;

base::Result<CK_SLOT_ID> Module::find_slot(const TokenUri& uri) const {
  const std::lock_guard lock(state_->mutex);
  PKCS11_SLOT* slots = nullptr;
  unsigned count = 0;
  if (PKCS11_enumerate_slots(state_->context, &slots, &count) != 0) {
    return base::unavailable("the module's slots: " + libp11_reason());
  }
  state_->slot_lists.emplace_back(slots, count);
  unsigned found = 0;
  CK_SLOT_ID out = 0;
  for (unsigned i = 0; i < count; ++i) {
    const PKCS11_SLOT* slot = &slots[i];
    if (slot->token == nullptr || slot->token->initialized == 0) continue;
    const CK_SLOT_ID id = PKCS11_get_slotid_from_slot(&slots[i]);
    CK_TOKEN_INFO info{};
    if (functions_->C_GetTokenInfo(id, &info) != CKR_OK || !uri.matches(info)) continue;
    out = id;
    ++found;
  }
  if (found == 0) return base::not_found("no token is there for " + uri.text());
  if (found > 1) return base::refused("several tokens match " + uri.text() + "; add serial=");
  return out;
}

}  // namespace tld::hsm
