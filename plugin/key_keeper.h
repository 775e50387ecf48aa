// SPDX-License-Identifier: GPL-2.0-only
//
// Which of a zone's ZSKs sign, and which slots of the signed-key file are published: carries the
// key register through its rolls while the server runs. It records what is so (which DNSKEYs are
// published, what has been signed by whom), has the next ZSK's signatures made before its time, and
// lets it take over when the policy wants that, check_steps() allows it, every token has proved
// that it holds that very key, and its signatures are there. Until then the old one signs on, and
// what is waited for is said. A slot by which a key would come or go too early is held back.
//
// Thread rule: used by one thread (ServedZone::look()).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "hsm/key.h"
#include "hsm/verify.h"
#include "keys/key_register.h"
#include "keys/next_steps.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"
#include "keys/slot_steps.h"
#include "plugin/audit_trail.h"
#include "signer/signed_zone.h"

namespace tld::plugin {

class KeyKeeper {
 public:
  struct Setup {
    dns::Name apex;
    std::filesystem::path key_register;
    keys::Policy policy;
    std::shared_ptr<hsm::KeyDoor> door;  // to all tokens that hold the zone's ZSKs
    // Has every one of them sign a nonce with the key; an error says which did not, and why.
    // Blocks.
    std::function<base::Status(const hsm::KeyId& id, const hsm::Verifier& verifier)> prove;
    std::shared_ptr<base::Log> log;
    signer::SignBudgets budgets = {};             // of those tokens
    std::shared_ptr<AuditTrail> audit = nullptr;  // null: what happens to keys is not audited
  };
  // A ZSK takes over without being forced to by a compromise only with so much of the zone signed.
  static constexpr std::size_t warm_per_cent = 95;

  explicit KeyKeeper(Setup setup);

  // What the zone is to be signed with from now on. `live`: what is served; null: nothing yet.
  // Errors: the register cannot be read or written, or is refused, or no ZSK can sign. What was in
  // use stays in use then; nothing that could not be written has happened. With nothing live, a
  // register that cannot be written is used as it is, and one with events that are later than now
  // without them (REGISTER-FUTURE: an error otherwise). REQUIRES: `signed_keys`, the whole file,
  // has passed its check().
  base::Result<signer::SignedZone::Keys> look(const keys::SignedKeys& signed_keys,
                                              const signer::SignedZone* live, base::Time now);
  // Which slots of the file may be published, by the register as the file has it now.
  base::Result<keys::Publishable> publishable(const keys::SignedKeys& signed_keys, base::Time now);
  // What a roll that is due waits for, or why a slot is held back; "" when nothing is.
  const std::string& waits_for() const { return waits_for_; }

 private:
  base::Status save(const std::string& read);
  base::Result<signer::SignedZone::Keys> keys_of_unwritable_register(const base::Error& error);
  base::Result<signer::SignedZone::Keys> keys_without_future(const base::Error& error,
                                                             const signer::SignedZone* live);
  void tell_recorded();
  void record(const keys::KeySteps& facts, base::Time now);
  void record_published(const keys::Slot& slot, base::Time now);
  void record_signed(const signer::SignedZone& live, base::Time now);
  base::Status roll(const keys::SignedKeys& signed_keys, const signer::SignedZone* live,
                    base::Time now);
  base::Status may_take_over(std::size_t next, std::optional<std::size_t> old,
                             const keys::SignedKeys& signed_keys, const signer::SignedZone* live,
                             base::Time now);
  base::Status is_warm(std::size_t next, const signer::SignedZone* live,
                       std::size_t per_cent) const;
  base::Status prove(const signer::ZoneKey& key) const;
  void say(const std::string& held_back);
  void warn_of_unknown_ds();  // once, until it is known
  void wait_for_ttl_of(const keys::SignedKeys& published);
  base::Status take_steps(const keys::Proposal& proposal, base::Time now);
  base::Result<std::shared_ptr<const signer::ZoneKey>> bind(std::size_t key);
  bool is_first_of_its_algorithm(std::size_t key) const;
  bool signs(const keys::ManagedKey& key) const;
  base::Result<signer::SignedZone::Keys> keys_in_use();

  const Setup setup_;
  // dnskey-ttl: the longest one that was published so far, where the policy says less.
  keys::Policy policy_;
  std::optional<keys::KeyRegister> register_;  // as the file, and what this look() has added
  std::map<std::size_t, std::shared_ptr<const signer::ZoneKey>> bound_;  // by place in the register
  std::optional<std::size_t> warming_;
  keys::KeySteps recorded_;  // by this look(), in the file or not yet
  std::string waits_for_, said_;
  bool warned_of_ds_ = false;
};

}  // namespace tld::plugin
