// SPDX-License-Identifier: GPL-2.0-only
//
// The door of epp/: an EPP frame (RFC 5730) that creates, changes or deletes a domain or a host of
// one zone, carried out in a transaction on the registry's store, and its response. docs/epp.md
// says what is taken and with which code the rest is refused.
//
// Thread rule: answer() is called from any thread; what `begin` returns is used by that one only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/ds_policy.h"
#include "dns/name.h"
#include "epp/code.h"
#include "zones/registry.h"

namespace tld::epp {

struct Settings {
  dns::Name apex;
  dns::DsPolicy ds;
  // Of what is created, in seconds; what exists keeps its own. .KZ and CentralNic have 3600.
  std::uint32_t ns_ttl = 3600, ds_ttl = 3600, host_ttl = 3600;
};

// Starts a transaction on the objects of Settings::apex.
using Begin = std::function<base::Result<std::unique_ptr<zones::RegistryTransaction>>()>;

struct Reply {
  Code code = Code::failed;
  std::string reason;  // why it was refused, or the warnings; may be empty
  std::string xml;     // the response, one line
};

// Carries the command in `frame` out, all of it or nothing: it is committed exactly when the code
// is 1000. `now` becomes crDate; `server_id` (3 to 64 characters) svTRID.
Reply answer(std::string_view frame, const Settings& settings, const Begin& begin, base::Time now,
             const std::string& server_id);

// Frames one behind the other, as in a file or a pipe. Unframed: documents, with nothing but white
// space between them. Framed: RFC 5734 §4.
class FrameReader {
 public:
  FrameReader(std::string_view octets, bool framed) : rest_(octets), framed_(framed) {}

  // The next frame; nullopt at the end. After a document that is not well-formed, or a wrong
  // length, nobody knows where the next one starts: then this is the last, all that is left.
  std::optional<std::string_view> next();
  // The last frame took all that was left because its end was not found.
  bool lost() const { return lost_; }

 private:
  std::string_view rest_;
  bool framed_;
  bool lost_ = false;
};

}  // namespace tld::epp
