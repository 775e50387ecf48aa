// SPDX-License-Identifier: GPL-2.0-only
#include "publish/zone_verifier.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/file_descriptor.h"
#include "publish/verifiers.h"

namespace tld::publish {
namespace {

// A file that nobody else reads and that goes with its owner.
class TemporaryFile {
 public:
  static base::Result<TemporaryFile> create(const std::filesystem::path& directory) {
    std::string name = (directory / "signed-zone-XXXXXX").string();
    const base::FileDescriptor made(::mkstemp(name.data()));
    if (!made) {
      return base::unavailable(
          fmt::format("no file can be made in {}: {}", directory.string(),
                      std::error_code(errno, std::generic_category()).message()));
    }
    return TemporaryFile(std::move(name));
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace

ZoneVerifier::ZoneVerifier(Options options, Precomputed precomputed,
                           std::shared_ptr<const base::Clock> clock)
    : options_(std::move(options)),
      precomputed_(std::move(precomputed)),
      clock_(std::move(clock)) {}

base::Result<std::string> ZoneVerifier::complaint_about(const signer::SignedZone& zone,
                                                        const std::atomic<bool>& stop) {
  const std::lock_guard lock(one_at_a_time_);
  auto complaint = judge(zone, stop);
  if (!complaint) {
    if (!stop) counters_.failed.fetch_add(1, std::memory_order_relaxed);
  } else if (complaint.value().empty()) {
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    *last_accepted_.lock() = Accepted{zone.zone().serial(), clock_->now()};
  } else {
    counters_.rejected.fetch_add(1, std::memory_order_relaxed);
  }
  return complaint;
}

// By a wrong time every signature is expired or early, and the zone has no fault.
base::Status ZoneVerifier::refuse_untrusted_clock() const {
  if (clock_->is_trusted()) return base::ok();
  return base::unavailable("the clock is not trusted, and verifiers go by it");
}

base::Result<std::string> ZoneVerifier::judge(const signer::SignedZone& zone,
                                              const std::atomic<bool>& stop) {
  TLD_TRY(refuse_untrusted_clock());
  TLD_TRY(const auto precomputed, precomputed_(zone));
  TLD_TRY(const auto file, TemporaryFile::create(options_.directory));
  {
    std::ofstream out(file.path(), std::ios::binary);
    TLD_TRY(write_signed_zone(zone, precomputed, clock_->now(), out));
  }
  TLD_TRY(std::string complaint,
          publish::complaint_about(file.path(), zone.zone().apex(),
                                   {options_.commands, options_.time_limit, true, &stop}));
  TLD_TRY(refuse_untrusted_clock());  // it was set meanwhile
  return complaint;
}

}  // namespace tld::publish
