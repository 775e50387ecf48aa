// SPDX-License-Identifier: GPL-2.0-only
#include "exporter/metrics_source.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "base/open_metrics.h"

namespace tld::exporter {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

// One connection to the control socket; lives as long as one of its handlers waits.
struct MetricsSource::Question : std::enable_shared_from_this<Question> {
  explicit Question(MetricsSource& of)
      : source(of), socket(of.io_), timer(of.io_, of.options_.patience) {}

  MetricsSource& source;
  stream_protocol::socket socket;
  asio::steady_timer timer;
  std::string answer;
  bool is_late = false;

  void begin() {
    timer.async_wait([self = shared_from_this()](error_code stopped) {
      if (stopped) return;
      self->is_late = true;
      error_code ignored;
      self->socket.close(ignored);
    });
    socket.async_connect(source.options_.socket, [self = shared_from_this()](error_code failed) {
      failed ? self->fail("", failed) : self->write();
    });
  }

  void write() {
    static constexpr std::string_view command = "TLD-METRICS\n";
    asio::async_write(socket, asio::buffer(command),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        failed ? self->fail("", failed) : self->read();
                      });
  }

  void read() {
    asio::async_read(socket, asio::dynamic_buffer(answer, source.options_.largest),
                     [self = shared_from_this()](error_code failed, std::size_t) {
                       if (failed == asio::error::eof) return self->end(whole_text(self->answer));
                       if (failed) return self->fail("", failed);
                       self->end(base::refused("the answer is too long"));
                     });
  }

  void fail(const std::string& what, error_code error) {
    if (is_late) return end(base::timed_out("the server does not answer in time"));
    end(base::unavailable(what + error.message()));
  }

  void end(base::Result<std::string> outcome) {
    timer.cancel();
    error_code ignored;
    socket.close(ignored);
    if (outcome.has_error()) {
      outcome = outcome.error().in("control socket " + source.options_.socket);
    }
    source.settle(outcome);
  }
};

MetricsSource::MetricsSource(asio::io_context& io, Options options)
    : io_(io), options_(std::move(options)) {}

void MetricsSource::ask(Answered answered) {
  waiting_.push_back(std::move(answered));
  if (waiting_.size() > 1) return;
  // A path that is too long for a socket would throw where it becomes an address.
  if (options_.socket.size() >= sizeof(sockaddr_un::sun_path)) {
    asio::post(io_, [this] {
      settle(base::invalid_input("control socket " + options_.socket + ": the path is too long"));
    });
    return;
  }
  std::make_shared<Question>(*this)->begin();
}

void MetricsSource::settle(const base::Result<std::string>& outcome) {
  std::vector<Answered> asked;
  asked.swap(waiting_);  // who asks from now on wants a new one
  for (const Answered& answered : asked) answered(outcome);
}

base::Result<std::string> whole_text(std::string answer) {
  if (answer.starts_with("Unknown command")) {
    return base::refused("the server has no tld backend (launch=tld in pdns.conf)");
  }
  if (!answer.ends_with('\n')) answer += '\n';
  const std::string_view end = base::OpenMetrics::end;
  const bool is_whole = answer.ends_with(std::string("\n").append(end)) || answer == end;
  if (!is_whole) return base::refused("the answer is cut off");
  return answer;
}

std::string page(const base::Result<std::string>& text) {
  base::OpenMetrics up;
  up.family("tld_up", base::OpenMetrics::Type::gauge, "1: the server answered TLD-METRICS");
  up.sample(text.has_value() ? 1.0 : 0.0);
  std::string out = text.has_value() ? text.value() : std::string(base::OpenMetrics::end);
  out.resize(out.size() - base::OpenMetrics::end.size());
  return out + std::move(up).finish();
}

}  // namespace tld::exporter
