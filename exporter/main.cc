// SPDX-License-Identifier: GPL-2.0-only
//
// tld-exporter: serves the metrics of a PowerDNS with the tld backend to Prometheus.
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <exception>
#include <iostream>

#include "exporter/metrics_source.h"
#include "exporter/web_server.h"

namespace {

using namespace tld;

constexpr int wrong_usage = 2;
constexpr int not_available = 3;
constexpr std::uint16_t default_port = 9953;

int serve(const base::SocketAddress& address, const std::string& socket) {
  base::StderrLog log;
  boost::asio::io_context io(1);
  exporter::MetricsSource source(io, {.socket = socket});
  exporter::WebServer server(io, source, log, {});
  if (const auto listening = server.listen(address); !listening) {
    log.write(base::Level::critical, "tld-exporter: " + listening.error().message);
    return not_available;
  }
  boost::asio::signal_set stop(io, SIGTERM, SIGINT);
  stop.async_wait([&](const auto&, int) { io.stop(); });
  log.write(base::Level::notice,
            "tld-exporter: serving http://" + server.listens_at() + "/metrics from " + socket);
  io.run();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Serves what pdns_control TLD-METRICS prints, and tld_up, to Prometheus: one page, "
      "/metrics.\n"
      "Runs in the foreground; stops on SIGTERM. Exit status: 0 stopped as told, 2 wrong usage, 3 "
      "the\n"
      "address cannot be had. A server that does not answer does not end it: tld_up is 0 then.",
      "tld-exporter");
  std::string listen = "127.0.0.1:" + std::to_string(default_port);
  std::string socket = "/run/pdns/pdns.controlsocket";
  app.add_option("--listen", listen, "Numeric address and port to listen at")
      ->capture_default_str();
  app.add_option("--socket", socket, "PowerDNS's control socket")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : wrong_usage;
  }
  const auto address = base::SocketAddress::from_text(listen, default_port);
  if (!address) {
    std::cerr << "tld-exporter: --listen: " << address.error().message << std::endl;
    return wrong_usage;
  }
  return serve(address.value(), socket);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& fault) {  // out of memory: no room throws on purpose
    std::cerr << "tld-exporter: " << fault.what() << std::endl;
    return not_available;
  }
}
