// SPDX-License-Identifier: GPL-2.0-only
#include "exporter/web_server.h"

#include <array>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <memory>
#include <utility>

#include "base/open_metrics.h"

namespace tld::exporter {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// One client; lives as long as one of its handlers waits.
class WebServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(WebServer& server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)), buffer_(server.options_.largest_head) {
    parser_.header_limit(static_cast<std::uint32_t>(server.options_.largest_head));
    parser_.body_limit(0);
  }
  ~Connection() {
    if (!server_alive_.expired()) server_.ended();
  }

  void begin() {
    stream_.expires_after(server_.options_.patience);
    http::async_read(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code failed, std::size_t) { self->requested(failed); });
  }

 private:
  void requested(error_code failed) {
    if (failed) {
      // Who is gone or says nothing in time gets no answer.
      return is_wrong_request(failed) ? refuse(http::status::bad_request) : void();
    }
    const auto& request = parser_.get();
    const std::string_view target(request.target().data(), request.target().size());
    if (target.substr(0, target.find('?')) != "/metrics") return refuse(http::status::not_found);
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      return refuse(http::status::method_not_allowed);
    }
    stream_.expires_never();  // the source has a deadline of its own
    server_.source_.ask([self = shared_from_this()](const base::Result<std::string>& text) {
      self->server_.say(text);
      self->answer(text);
    });
  }

  // What came is not HTTP, or too much of it; not: the connection ended.
  static bool is_wrong_request(error_code failed) {
    return failed.category() == error_code(http::error::bad_method).category() &&
           failed != http::error::end_of_stream && failed != http::error::partial_message;
  }

  void answer(const base::Result<std::string>& text) {
    response_.result(http::status::ok);
    response_.set(http::field::content_type,
                  beast::string_view(base::OpenMetrics::content_type.data(),
                                     base::OpenMetrics::content_type.size()));
    response_.body() = page(text);
    send();
  }

  void refuse(http::status status) {
    response_.result(status);
    response_.set(http::field::content_type, "text/plain; charset=utf-8");
    if (status == http::status::method_not_allowed) response_.set(http::field::allow, "GET, HEAD");
    response_.body() = std::string(http::obsolete_reason(status)) + "\n";
    send();
  }

  void send() {
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(false);
    response_.prepare_payload();
    const bool only_head = parser_.is_header_done() && parser_.get().method() == http::verb::head;
    stream_.expires_after(server_.options_.patience);
    const auto sent = [self = shared_from_this()](error_code failed, std::size_t) {
      if (!failed) self->linger();
    };
    if (only_head) {
      head_.emplace(response_);
      return http::async_write_header(stream_, *head_, sent);
    }
    http::async_write(stream_, response_, sent);
  }

  // A socket that is closed with octets unread tells the client of a reset, and it may lose the
  // answer: takes what still comes until it closes, or time is up.
  void linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    drain();
  }

  void drain() {
    stream_.async_read_some(asio::buffer(unread_),
                            [self = shared_from_this()](error_code failed, std::size_t) {
                              if (!failed) self->drain();
                            });
  }

  using Response = http::response<http::string_body>;

  WebServer& server_;
  const std::weak_ptr<char> server_alive_ = server_.alive_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  Response response_;
  boost::optional<http::response_serializer<http::string_body>> head_;
  std::array<char, 4096> unread_{};
};

WebServer::WebServer(asio::io_context& io, MetricsSource& source, base::Log& log, Options options)
    : source_(source), log_(log), options_(options), acceptor_(io), pause_(io) {}

base::Status WebServer::listen(const base::SocketAddress& address) {
  tcp::endpoint endpoint;
  endpoint.resize(address.size());
  std::memcpy(endpoint.data(), address.get(), address.size());
  error_code failed;
  const auto step = [&](auto&& what) {
    if (!failed) what();
  };
  acceptor_.open(endpoint.protocol(), failed);
  step([&] { acceptor_.set_option(tcp::acceptor::reuse_address(true), failed); });
  step([&] { acceptor_.bind(endpoint, failed); });
  step([&] { acceptor_.listen(64, failed); });
  if (failed) {
    return base::unavailable("cannot listen at " + address.text() + ": " + failed.message());
  }
  listens_at_ = address.text();
  accept();
  return base::ok();
}

void WebServer::accept() {
  if (is_accepting_ || connections_ >= options_.most_connections) return;
  is_accepting_ = true;
  acceptor_.async_accept(
      [this](error_code failed, tcp::socket socket) { accepted(failed, std::move(socket)); });
}

void WebServer::accepted(error_code failed, tcp::socket socket) {
  is_accepting_ = false;
  if (!failed) {
    ++connections_;
    std::make_shared<Connection>(*this, std::move(socket))->begin();
    return accept();
  }
  // Such as: no descriptors left. Trying again at once would burn a core.
  pause_.expires_after(std::chrono::seconds{1});
  pause_.async_wait([this](error_code stopped) {
    if (!stopped) accept();
  });
}

void WebServer::ended() {
  --connections_;
  accept();
}

// One line when the server goes, one when it is back.
void WebServer::say(const base::Result<std::string>& text) {
  const std::string trouble = text.has_value() ? "" : text.error().message;
  if (trouble == said_) return;
  said_ = trouble;
  if (trouble.empty()) {
    log_.write(base::Level::notice, "tld-exporter: the server answers again");
  } else {
    log_.write(base::Level::error, "tld-exporter: tld_up is 0: " + trouble);
  }
}

}  // namespace tld::exporter
