// SPDX-License-Identifier: GPL-2.0-only
//
// Unix stream sockets and the eventfd that wakes a thread which polls them.
//
// Thread rule: EventFlag is safe from any thread; functions are pure but for the kernel.
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace tld::hsm {

// Non-blocking, close-on-exec. unavailable when nobody listens there (or the queue is full).
base::Result<base::FileDescriptor> connect_unix(const std::string& path);
// Bound, not yet listening; `mode` is the socket's. The path must not exist.
base::Result<base::FileDescriptor> bind_unix(const std::string& path, unsigned mode);

// Whether a process listens there, hung or not.
bool is_served(const std::string& path);

class EventFlag {
 public:
  EventFlag();
  int fd() const { return fd_.get(); }  // readable when raised
  void raise();
  void lower();

 private:
  base::FileDescriptor fd_;
};

}  // namespace tld::hsm
