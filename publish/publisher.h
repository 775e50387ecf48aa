// SPDX-License-Identifier: GPL-2.0-only
//
// What a publisher decides: which of the registry's changes become the next publication.
//
// Thread rule: a pure function.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "publish/brake.h"
#include "zones/store.h"
#include "zones/zone.h"

namespace tld::publish {

// `published`: the zone as of pending.last; not used for the first publication. What breaks a named
// check is set aside; what goes too far is held.
// refused: the first publication of a zone passes every check or is none.
base::Result<zones::Decision> decide(const zones::PendingChanges& pending,
                                     const std::shared_ptr<const zones::Zone>& published,
                                     const BrakeLimits& limits);

}  // namespace tld::publish
