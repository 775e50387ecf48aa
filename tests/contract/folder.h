// SPDX-License-Identifier: GPL-2.0-only
//
// For tests: a temporary folder.
//
// Thread rule: used by one thread.
#pragma once

#include <filesystem>
#include <string>

namespace tld::hsm::test {

// A folder of this test, mode 0700, gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) const;

 private:
  std::filesystem::path path_;
};

}  // namespace tld::hsm::test
