// SPDX-License-Identifier: GPL-2.0-only
#include <exception>
#include <iostream>

#include "cli/command.h"

int main(int argc, char** argv) {
  try {
    return tld::cli::run_tldctl(argc, argv);
  } catch (const std::exception& fault) {  // out of memory: no room throws on purpose
    std::cerr << "tldctl: " << fault.what() << std::endl;
    return static_cast<int>(tld::cli::ExitCode::failed);
  }
}
