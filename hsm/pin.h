// SPDX-License-Identifier: GPL-2.0-only
//
// A token's PIN: read from a file that nobody else can read, wiped from memory after use, and never
// tried again once a token has refused it, because tokens lock.
//
// Thread rule: values; a Pin is moved, never copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::hsm {

class Pin {
 public:
  // refused unless `path` is a regular file (no symbolic link), owned by this process's user or
  // root, without any permission for group and others. One trailing newline is dropped.
  static base::Result<Pin> read(const std::string& path);

  Pin(Pin&& other) noexcept;
  Pin& operator=(Pin&&) = delete;
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin();  // wipes it

  std::string_view text() const { return {octets_, size_}; }
  // Which state of the file this was: changes when the file is written or replaced, tells nothing
  // about the PIN.
  const std::string& file_state() const { return file_state_; }

 private:
  Pin() = default;
  static constexpr std::size_t largest = 256;
  char octets_[largest] = {};
  std::size_t size_ = 0;
  std::string file_state_;
};

// Remembers, beyond the life of a process, that a token refused the PIN of a file, so that restarts
// do not use up its tries. Gone when the PIN file is written again.
class RefusedPin {
 public:
  explicit RefusedPin(std::string marker_path) : path_(std::move(marker_path)) {}

  bool is_refused(const Pin& pin) const;
  base::Status remember(const Pin& pin) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tld::hsm
