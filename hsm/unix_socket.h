// SPDX-License-Identifier: GPL-2.0-only
//
// Unix stream sockets, and what wakes a thread that polls them.
//
// Thread rule: EventFlag is safe from any thread, Doorbell under its owner's lock; functions are
// pure but for the kernel.
#pragma once

#include <chrono>
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

// Wakes a thread that polls, at once or soon, so that what comes until then goes with it: a wake-up
// costs more than what most of them carry. REQUIRES: the owner's lock around each call but fd().
class Doorbell {
 public:
  Doorbell();
  int fd() const { return fd_.get(); }  // readable when it rings
  void ring();
  void ring_within(std::chrono::microseconds time);  // unless that is set already
  void silence();

 private:
  enum class State { silent, set, rings };
  void set(std::chrono::nanoseconds time);

  base::FileDescriptor fd_;
  State state_ = State::silent;
};

}  // namespace tld::hsm
