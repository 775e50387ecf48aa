// SPDX-License-Identifier: GPL-2.0-only
//
// What PowerDNS finds when it loads libtldbackend.so: a factory that checks the settings, starts
// the one Server, and makes an instance per thread.
#include <fmt/format.h>

#include <mutex>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "plugin/backend.h"
#include "plugin/content.h"
#include "plugin/metrics.h"
#include "plugin/pdns.h"
#include "plugin/server.h"
#include "plugin/settings.h"
#include "plugin/status.h"

namespace tld::plugin {
namespace {

class PdnsLog final : public base::Log {
 public:
  void write(base::Level level, std::string_view message) override {
    g_log << urgency(level) << message << std::endl;
  }

 private:
  static Logger::Urgency urgency(base::Level level) {
    switch (level) {
      case base::Level::debug:
        return Logger::Debug;
      case base::Level::info:
        return Logger::Info;
      case base::Level::notice:
        return Logger::Notice;
      case base::Level::warning:
        return Logger::Warning;
      case base::Level::error:
        return Logger::Error;
      case base::Level::critical:
        return Logger::Critical;
    }
    return Logger::Critical;
  }
};

std::string setting(const std::string& name) {
  return ::arg().parmIsset(name) ? ::arg()[name] : std::string();
}

class TldFactory final : public BackendFactory {
 public:
  TldFactory() : BackendFactory("tld") {}

  void declareArguments(const std::string& suffix) override {
    declare(suffix, "config", "The tld backend's configuration", "/etc/powerdns/tld.yaml");
  }

  DNSBackend* make(const std::string& suffix) override {
    const std::lock_guard lock(mutex_);
    if (running_server() == nullptr) start(suffix);
    return new TldBackend(*running_server());
  }

 private:
  // What is thrown here ends PowerDNS's start with one line.
  void start(const std::string& suffix) {
    if (const auto wrong = wrong_settings(setting); !wrong.empty()) {
      throw PDNSException(
          "tld: PowerDNS does not start with these settings, because answers could be "
          "wrong or unsigned: " +
          describe(wrong));
    }
    auto log = std::make_shared<PdnsLog>();
    for (const SettingFinding& f : unwise_settings(setting)) {
      log->write(base::Level::warning,
                 fmt::format("tld: {} is not advised; set {}: {}", f.setting, f.wanted, f.reason));
    }
    ServerOptions options;
    options.distributor_threads = static_cast<unsigned>(::arg().asNum("distributor-threads"));
    options.cache_ttl = std::chrono::seconds{::arg().asNum("cache-ttl")};
    options.setting = setting;
    options.forget_answers = [](const dns::Name& name) { purgeAuthCachesExact(to_dnsname(name)); };
    const auto server = Server::start(::arg()["tld" + suffix + "-config"], options, log);
    if (!server) throw PDNSException("tld: " + server.error().message);
  }

  std::mutex mutex_;
};

#ifdef __SANITIZE_ADDRESS__
// PowerDNS ends by a signal, which no leak check at exit ever sees.
std::string check_leaks(const std::vector<std::string>&, Utility::pid_t) {
  return __lsan_do_recoverable_leak_check() == 0 ? "none" : "leaks";
}
#endif

struct Loader {
  Loader() {
    pdns_compat::report(std::make_unique<TldFactory>());
    register_statistics();
    register_status_command();
    register_metrics_command();
#ifdef __SANITIZE_ADDRESS__
    DynListener::registerFunc("TLD-LEAKS", check_leaks, "what nothing points to any more", "");
#endif
    g_log << Logger::Info << "[tldbackend] This is the tld backend version " TLD_VERSION
          << " for PowerDNS " << TLD_PDNS_VERSION_TEXT << " reporting" << std::endl;
  }
};

const Loader loader;

}  // namespace
}  // namespace tld::plugin
