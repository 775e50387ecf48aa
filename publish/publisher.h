// SPDX-License-Identifier: GPL-2.0-only
//
// What a publisher decides: which of the registry's changes become the next publication.
//
// Thread rule: a pure function.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/result.h"
#include "publish/brake.h"
#include "zones/store.h"
#include "zones/zone.h"

namespace tld::publish {

struct PublicationRules {
  BrakeLimits brake;
  // The check max-zone-ttl: the timing of key rolls rests on it (TTLsig of RFC 7583). Nothing: not
  // checked.
  std::optional<std::chrono::seconds> max_zone_ttl = std::nullopt;
};

// `published`: the zone as of pending.last; not used for the first publication. What breaks a named
// check is set aside; what goes too far is held.
// refused: the first publication of a zone passes every check or is none.
base::Result<zones::Decision> decide(const zones::PendingChanges& pending,
                                     const std::shared_ptr<const zones::Zone>& published,
                                     const PublicationRules& rules);

// The longest TTL in `content`, that of what the signer makes from the SOA included.
std::chrono::seconds longest_ttl(const zones::ZoneContent& content);

}  // namespace tld::publish
