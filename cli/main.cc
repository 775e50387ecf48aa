// SPDX-License-Identifier: GPL-2.0-only
#include <exception>
#include <iostream>

#include "base/terminal_text.h"
#include "cli/command.h"

int main(int argc, char** argv) {
  try {
    return tld::cli::run_tldctl(argc, argv);
  } catch (const std::exception& fault) {  // out of memory: no room throws on purpose
    std::cerr << "tldctl: " << tld::base::terminal_text(fault.what()) << std::endl;
    return static_cast<int>(tld::cli::ExitCode::failed);
  }
}
