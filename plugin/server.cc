// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

namespace tld::plugin {
namespace {

std::atomic<Server*> the_server{nullptr};

constexpr std::chrono::seconds look_interval{2};
constexpr unsigned most_verifying = 4;  // threads

// Without a register nothing says whose backup was proved, so the policy could not be kept.
base::Status check_backups(const ZoneConfig& zone, const keys::Policy& policy) {
  if (!policy.keys.backup_required || !zone.key_register.empty()) return base::ok();
  return base::refused(fmt::format(
      "KEY-BACKUP: zone {}: {} has backup: required, and with `zsk` nothing says whose backup was "
      "proved: give the zone a key-register",
      zone.name.text(), zone.policy.string()));
}

}  // namespace

Server* running_server() {
  return the_server.load(std::memory_order_acquire);
}

Server::Server(ServerOptions options, std::shared_ptr<base::Log> log)
    : options_(options),
      log_(std::move(log)),
      ration_(options.distributor_threads > 0 ? options.distributor_threads - 1 : 0) {}

base::Result<Server*> Server::start(const std::string& config_path, ServerOptions options,
                                    std::shared_ptr<base::Log> log) {
  TLD_TRY(auto config, read_config(config_path));
  std::unique_ptr<Server> server(new Server(options, std::move(log)));
  TLD_TRY(server->configure(config));
  Server* const started = server.release();
  started->keeper_ = std::thread([started] { started->keep(); });
  the_server.store(started, std::memory_order_release);
  return started;
}

void Server::start_tokens(const Config& config) {
  for (const TokenConfig& token : config.tokens) {
    Token made;
    made.name = token.name;
    made.client = std::make_shared<hsm::HsmClient>(
        hsm::HsmClient::Options{.token = token.name, .socket = token.socket}, log_);
    made.budget = std::make_shared<signer::SignBudget>(token.refresh_rate);
    made.member = std::make_shared<hsm::PoolMember>(token.name, made.client, log_);
    if (!token.command.empty()) {
      made.supervisor = std::make_unique<hsm::Supervisor>(
          hsm::Supervisor::Options{.token = token.name, .command = token.command}, made.client,
          log_);
    }
    tokens_.push_back(std::move(made));
  }
}

base::Status Server::check_transfers(const Config& config) const {
  const bool any = std::any_of(config.zones.begin(), config.zones.end(),
                               [](const ZoneConfig& zone) { return !zone.transfer_keys.empty(); });
  const auto wrong =
      any ? settings_that_bypass_keys(options_.setting) : std::vector<SettingFinding>{};
  if (wrong.empty()) return base::ok();
  return base::refused("a zone has transfer-keys, and keys could be got past: " + describe(wrong));
}

base::Status Server::check_verification(const Config& config) {
  if (!config.verification) return base::ok();
  const auto& directory = config.verification->directory;
  std::error_code error;
  if (std::filesystem::is_directory(directory, error) &&
      ::access(directory.c_str(), W_OK | X_OK) == 0) {
    return base::ok();
  }
  return base::refused("verification.directory " + directory.string() +
                       " is no folder that this server's user can write");
}

base::Status Server::configure(const Config& config) {
  clock_ =
      std::make_shared<base::CheckedClock>(base::ClockCheck::Options{.rule = config.clock}, log_);
  std::vector<keys::Policy> policies;
  for (const ZoneConfig& zone : config.zones) {
    if (zone.policy.empty()) {
      policies.emplace_back();
      continue;
    }
    TLD_TRY(auto policy, keys::Policy::read_file(zone.policy));
    TLD_TRY(check_backups(zone, policy));
    policies.push_back(std::move(policy));
  }
  TLD_TRY(tsig_keys_, TsigKeys::read(config.tsig));
  TLD_TRY(check_transfers(config));
  TLD_TRY(check_verification(config));
  std::shared_ptr<AuditTrail> audit;
  if (!config.audit_log.empty()) {
    TLD_TRY(audit, AuditTrail::open(config.audit_log, clock_, log_));
    audit->note({.type = "server-start", .object = fmt::format("process {}", ::getpid())});
  }
  start_tokens(config);
  signer::SigningService::Options options;
  options.sign_deadline = {};
  // Verifying takes as long as signing does in software: one thread would hold up a fast token.
  options.verifying_threads = std::clamp(std::thread::hardware_concurrency(), 1U, most_verifying);
  for (const TokenConfig& token : config.tokens) {
    options.sign_deadline =
        std::max<std::chrono::milliseconds>(options.sign_deadline, token.sign_deadline);
  }
  service_ = std::make_unique<signer::SigningService>(options, clock_, log_);
  ServedZone::Shared shared{config.store,
                            config.publish_interval,
                            config.keep_publications,
                            config.verification,
                            config.signature_log,
                            {},
                            {},
                            service_.get(),
                            clock_,
                            log_,
                            audit,
                            {}};
  shared.cache_ttl = options_.cache_ttl;
  for (const Token& token : tokens_) {
    shared.doors[token.name] = token.member;
    shared.budgets[token.name] = token.budget;
  }
  shared.on_published = [log = log_, forget = options_.forget_answers](const dns::Name& apex,
                                                                       std::uint32_t serial) {
    // A secondary that asks for the SOA at the NOTIFY would get the old one for cache-ttl.
    forget(apex);
    log->write(base::Level::notice,
               fmt::format("tld: zone {}: serial {} is live", apex.text(), serial));
  };
  for (std::size_t i = 0; i < config.zones.size(); ++i) {
    zones_.push_back(std::make_unique<ServedZone>(static_cast<int>(i) + 1, config.zones[i],
                                                  policies[i], shared));
  }
  std::sort(zones_.begin(), zones_.end(), [](const auto& a, const auto& b) {
    return a->apex().view().label_count() > b->apex().view().label_count();
  });
  for (const auto& zone : zones_) zone->look();
  return base::ok();
}

void Server::keep() {
  for (;;) {
    wait_for_look();
    look_at_clock();
    for (const auto& zone : zones_) {
      zone->look();
      zone->survey_when_due();
    }
    check_budgets();
    looks_.fetch_add(1, std::memory_order_release);
  }
}

void Server::wait_for_look() {
  std::unique_lock lock(wake_mutex_);
  wake_.wait_for(lock, look_interval, [this] { return woken_; });
  woken_ = false;
}

std::string Server::accept_clock() {
  std::string said = clock_->accept();
  // The clock may have been set back since the last look, which sees no jump any more.
  options_.forget_all_answers();
  for (const auto& zone : zones_) zone->clock_was_set();
  {
    const std::lock_guard lock(wake_mutex_);
    woken_ = true;
  }
  wake_.notify_one();
  return said;
}

// PowerDNS's packet cache goes by the system's clock: one that was set back makes what is in it
// live longer by as much.
void Server::look_at_clock() {
  constexpr std::chrono::seconds unnoticed{2};
  const bool jumped = std::chrono::abs(clock_->view().difference - clock_difference_) > unnoticed;
  clock_->look();
  clock_difference_ = clock_->view().difference;
  if (jumped) options_.forget_all_answers();
}

void Server::check_budgets() {
  for (const Token& token : tokens_) {
    std::vector<ZoneNeed> needs;
    for (const auto& zone : zones_) {
      const auto& signs = zone->tokens();
      if (std::find(signs.begin(), signs.end(), token.name) == signs.end()) continue;
      if (auto need = zone->need()) needs.push_back(std::move(*need));
    }
    const std::string trouble = plugin::budget_trouble(token.budget->rate(), needs);
    const std::string before = std::exchange((*budget_troubles_.lock())[token.name], trouble);
    if (trouble.empty() || !before.empty()) continue;  // its figures change with the zone
    log_->write(base::Level::warning, fmt::format("tld: token {}: {}", token.name, trouble));
  }
}

std::string Server::budget_trouble(const std::string& token) const {
  const auto troubles = budget_troubles_.read();
  const auto found = troubles->find(token);
  return found != troubles->end() ? found->second : std::string();
}

std::uint64_t Server::breakers_opened() const {
  std::uint64_t sum = 0;
  for (const Token& token : tokens_) sum += token.member->view().opened;
  return sum;
}

std::uint64_t Server::retried_elsewhere() const {
  std::uint64_t sum = service_->counters().retried_after_wrong;
  for (const auto& zone : zones_) sum += zone->retried_elsewhere();
  return sum;
}

ServedZone* Server::zone_above(dns::NameView name) const {
  for (const auto& zone : zones_) {
    if (name.is_at_or_below(zone->apex())) return zone.get();
  }
  return nullptr;
}

ServedZone* Server::zone_at(dns::NameView apex) const {
  for (const auto& zone : zones_) {
    if (zone->apex() == dns::Name(apex)) return zone.get();
  }
  return nullptr;
}

}  // namespace tld::plugin
