// SPDX-License-Identifier: GPL-2.0-only
//
// Thread rule: as database.h.
#pragma once

#include "zones/database.h"

namespace tld::zones {

std::unique_ptr<Database> open_postgresql(const StoreAddress& address, Database::Access access);

}  // namespace tld::zones
