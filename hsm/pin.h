// SPDX-License-Identifier: GPL-2.0-only
//
// A token's PIN: read from a file that nobody else can read, wiped from memory after use, and never
// tried again once a token has refused it, because tokens lock.
//
// Thread rule: values; a Pin is moved, never copied.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"

namespace tld::hsm {

class Pin {
 public:
  // Errors as base::Secret has them.
  static base::Result<Pin> read(const std::string& path);

  std::string_view text() const { return secret_.text(); }
  const std::string& file_state() const { return secret_.file_state(); }

 private:
  explicit Pin(base::Secret secret) : secret_(std::move(secret)) {}
  base::Secret secret_;
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
