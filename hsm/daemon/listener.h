// SPDX-License-Identifier: GPL-2.0-only
//
// The socket that tld-hsmd is reached at: made safely, one process at a time, gone at the end.
//
// Thread rule: used by one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace tld::hsm {

class Listener {
 public:
  // refused when the directory is writable for others, or something else is at `path`; unavailable
  // when another process serves it. What a dead process has left is replaced.
  static base::Result<Listener> open(const std::string& path,
                                     const std::vector<uid_t>& allowed_users);
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();  // removes the socket

  int fd() const { return socket_.get(); }
  // The next connection of an allowed user; none when nobody is left in the queue. `refused` names
  // the user of a connection that was closed again.
  base::Result<base::FileDescriptor> accept() const;

 private:
  Listener(std::string path, std::vector<uid_t> allowed_users);

  std::string path_;
  std::vector<uid_t> allowed_users_;
  base::FileDescriptor lock_;
  base::FileDescriptor socket_;
};

}  // namespace tld::hsm
