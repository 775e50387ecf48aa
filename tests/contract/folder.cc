// SPDX-License-Identifier: GPL-2.0-only
#include "tests/contract/folder.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>

namespace tld::hsm::test {

Folder::Folder() {
  std::string name = std::filesystem::temp_directory_path() / "tld-hsm-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::write(const std::string& name, const std::string& text, unsigned mode) const {
  // By name change, so that a reader never sees half of it.
  const std::string temporary = path(name + ".new");
  std::ofstream(temporary) << text;
  chmod(temporary.c_str(), mode);
  std::filesystem::rename(temporary, path(name));
}

}  // namespace tld::hsm::test
