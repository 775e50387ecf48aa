// SPDX-License-Identifier: GPL-2.0-only
//
// For tests: a token, a tld-hsmd that serves it and a client, each to be started when the test
// wants.
//
// Thread rule: used by one thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/contract/test_token.h"

namespace tld::hsm::test {

class Situation : public testing::Test {
 protected:
  void start(const DaemonSettings& settings = {}) {
    process_.emplace(daemon_command(write_config(token_, settings)));
  }
  std::shared_ptr<HsmClient> client() {
    if (!client_) {
      client_ = std::make_shared<HsmClient>(HsmClient::Options{"test", socket_path(token_)},
                                            std::make_shared<NullLog>());
    }
    return client_;
  }
  Health health() { return client()->health(in(milliseconds(1'000))); }
  bool logs_in() {
    return eventually([&] { return health().logged_in; });
  }
  // Reachable, with the token away for a reason that contains `text`.
  bool says(const std::string& text) {
    return eventually([&] {
      const Health now = health();
      return now.reachable && !now.logged_in && now.detail.find(text) != std::string::npos;
    });
  }
  base::Result<std::string> sign(const RrsigInput& input = {},
                                 milliseconds within = milliseconds(2'000)) {
    return sign_now(*client(), token_.key(input.algorithm).id, input.octets(), in(within));
  }
  bool signs() {
    return eventually([&] { return sign().has_value(); });
  }

  TestToken token_;
  std::optional<Process> process_;
  std::shared_ptr<HsmClient> client_;
};

}  // namespace tld::hsm::test
