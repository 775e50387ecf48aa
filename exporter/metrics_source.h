// SPDX-License-Identifier: GPL-2.0-only
//
// Asks PowerDNS's control socket for TLD-METRICS. PowerDNS serves that socket one client after the
// other and waits for each, so there is one question at a time, written at once and read to its
// end.
//
// Thread rule: used by the thread that runs the io_context. What is called back is called there.
// Lifetime: the io_context outlives it; it outlives the io_context's run().
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace tld::exporter {

class MetricsSource {
 public:
  struct Options {
    std::string socket;  // PowerDNS's: /run/pdns/pdns.controlsocket
    std::chrono::milliseconds patience{5000};
    std::size_t largest = std::size_t{16} << 20;  // octets of an answer
  };
  using Answered = std::function<void(const base::Result<std::string>& text)>;

  MetricsSource(boost::asio::io_context& io, Options options);

  // `answered` is called once, later: with an OpenMetrics text up to and with its "# EOF", or why
  // there is none: unavailable, timed_out, or refused (what answered is no server of ours). Who
  // asks meanwhile gets the same answer.
  void ask(Answered answered);

 private:
  struct Question;
  void settle(const base::Result<std::string>& outcome);

  boost::asio::io_context& io_;
  const Options options_;
  std::vector<Answered> waiting_;
};

// An answer as it came; refused when it is not a whole text.
base::Result<std::string> whole_text(std::string answer);

// What is served: `text` and tld_up, which is 0 when there is no text.
std::string page(const base::Result<std::string>& text);

}  // namespace tld::exporter
