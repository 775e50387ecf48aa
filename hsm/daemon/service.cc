// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/service.h"

#include <algorithm>

#include "base/bytes.h"

namespace tld::hsm {
namespace {

// Loading a module and logging in to a token over a network takes longer than a signature.
std::chrono::milliseconds open_deadline(const DaemonConfig& config) {
  return std::max(std::chrono::seconds(30), config.operation_deadline);
}

}  // namespace

Service::Service(const DaemonConfig& config, const base::Clock& clock, base::Log& log)
    : config_(config),
      watchdog_(log),
      closing_(watchdog_.add(config.operation_deadline)),
      keeper_(config, state_, watchdog_.add(open_deadline(config)), log) {
  for (unsigned i = 0; i < config.sessions; ++i) {
    workers_.emplace_back(config, state_, watchdog_.add(config.operation_deadline), clock, log);
    threads_.emplace_back([&worker = workers_.back()] { worker.run(); });
  }
  threads_.emplace_back([this] { keeper_.run(); });
}

Service::~Service() {
  state_.stop();
  for (std::thread& thread : threads_) thread.join();
  const Watched watched(closing_);
  state_.close();
}

void Service::submit(std::vector<Job> jobs) {
  const auto unknown = std::stable_partition(jobs.begin(), jobs.end(), [this](const Job& job) {
    return config_.zones.find(job.request.key) != config_.zones.end();
  });
  for (auto job = unknown; job != jobs.end(); ++job) {
    job->done(base::not_found("key " + base::to_hex(job->request.key) + " is not configured here"));
  }
  jobs.erase(unknown, jobs.end());
  state_.add_jobs(std::move(jobs));
}

}  // namespace tld::hsm
