// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/pin.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/file_descriptor.h"

namespace tld::hsm {

base::Result<Pin> Pin::read(const std::string& path) {
  TLD_TRY(auto secret, base::Secret::read("PIN file", path));
  return Pin(std::move(secret));
}

bool RefusedPin::is_refused(const Pin& pin) const {
  std::ifstream file(path_);
  std::string line;
  return std::getline(file, line) && line == pin.file_state();
}

base::Status RefusedPin::remember(const Pin& pin) const {
  const base::FileDescriptor file(
      open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  const std::string text = pin.file_state() +
                           "\nThe token refused the PIN of this state of the PIN file. Write the "
                           "right PIN into it, or touch(1) it, and restart tld-hsmd.\n";
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0) {
    return base::unavailable(path_ + ": " + std::strerror(errno));
  }
  return base::ok();
}

}  // namespace tld::hsm
