// SPDX-License-Identifier: GPL-2.0-only
//
// Supervises tld-hsmd with the configuration file named on the command line, until it is killed.
#include <unistd.h>

#include <string>

#include "tests/contract/test_token.h"

using namespace tld::hsm;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string config = argv[1];
  const std::string folder = config.substr(0, config.rfind('/'));
  const auto log = std::make_shared<test::NullLog>();
  auto client =
      std::make_shared<HsmClient>(HsmClient::Options{"supervised", folder + "/socket"}, log);
  const Supervisor supervisor({.token = "supervised", .command = test::daemon_command(config)},
                              client, log);
  for (;;) pause();
}
