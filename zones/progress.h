// SPDX-License-Identifier: GPL-2.0-only
//
// How long work tells how far it is. Called at most every few thousand steps, from the thread that
// does the work; the callee throttles what it shows.
//
// Thread rule: a value, used by one thread.
#pragma once

#include <cstdint>
#include <functional>

namespace tld::zones {

// `done` of `total`; what is counted is said by the function that reports. An empty Progress is not
// called.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace tld::zones
