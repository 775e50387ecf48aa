// SPDX-License-Identifier: GPL-2.0-only
//
// Questions to name servers whose answers are validated from a trust anchor: libunbound, which
// tries again, goes over to TCP and takes answers as hostile. Each resolver has a cache of its own,
// so two of them tell what two servers say.
//
// Thread rule: one thread uses all resolvers of a process; libunbound has threads of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "dns/name.h"
#include "dns/rrtype.h"

struct ub_ctx;

namespace tld::cli {

class ValidatingResolver {
 public:
  struct Ways {
    // This zone is asked of these servers and of no others; empty: as the DNS says.
    dns::Name zone;
    std::vector<base::SocketAddress> servers;
    std::optional<base::SocketAddress> forwarder;  // all else is asked of this resolver
  };
  // invalid_input: the file has no trust anchors.
  static base::Result<ValidatingResolver> make(const std::filesystem::path& trust_anchor,
                                               const Ways& ways);

 private:
  friend class Questions;
  struct Delete {
    void operator()(ub_ctx* context) const;
  };
  std::unique_ptr<ub_ctx, Delete> context_;
};

struct ResolverAnswer {
  std::string fault;  // why there is none, or none that may be believed; "" if there is one
  bool secure = false;
  std::vector<std::string> rdatas;  // none: there is no such RRset
  std::string message;              // the whole answer in wire form, with its signatures
};

struct Question {
  const ValidatingResolver* resolver = nullptr;
  dns::Name name;
  dns::RRType type = dns::RRType::A;
};
// Asks all at once and waits for the answers until `deadline`; one answer for each question.
std::vector<ResolverAnswer> ask(const std::vector<Question>& questions, base::Deadline deadline);

}  // namespace tld::cli
