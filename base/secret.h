// SPDX-License-Identifier: GPL-2.0-only
//
// A short secret from a file that nobody else can read: a PIN, a TSIG key. Wiped from memory with
// its owner; never in a message.
//
// Thread rule: values; moved, never copied.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::base {

class Secret {
 public:
  // refused unless `path` is a regular file (no symbolic link), owned by this process's user or
  // root, without any permission for group and others, of 1 to 255 octets. One trailing newline is
  // dropped. `kind`: what messages call the file, "PIN file".
  static Result<Secret> read(const std::string& kind, const std::string& path);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&&) = delete;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();  // wipes it

  std::string_view text() const { return {octets_, size_}; }
  // Which state of the file this was: changes when the file is written or replaced, tells nothing
  // about the secret.
  const std::string& file_state() const { return file_state_; }

 private:
  Secret() = default;
  static constexpr std::size_t largest = 256;
  char octets_[largest] = {};
  std::size_t size_ = 0;
  std::string file_state_;
};

// Overwrites the text, so that it does not stay in memory, and empties it.
void wipe(std::string& text);

}  // namespace tld::base
