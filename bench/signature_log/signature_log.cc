// SPDX-License-Identifier: GPL-2.0-only
//
// bench_signature_log [DELEGATIONS [DIRECTORY]]: a generated zone with DS at each tenth delegation
// is signed with a software key into a signature log; then what a restart costs: reading the log,
// finding all signatures, verifying them; and writing it anew.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hsm/software_key.h"
#include "signer/log/signature_log.h"
#include "signer/signing_service.h"
#include "zones/build.h"
#include "zones/zone_file.h"

namespace {

using namespace tld;  // NOLINT: a program, not a room

template <class T>
T need(base::Result<T> result) {
  if (result.has_value()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

std::shared_ptr<const zones::Zone> generated_zone(std::size_t delegations) {
  std::string text =
      "$ORIGIN bench.\n$TTL 3600\n@ SOA ns1.bench. host.bench. 1 1800 900 604800 3600\n"
      "@ NS ns1\nns1 A 192.0.2.1\n";
  for (std::size_t i = 0; i < delegations; ++i) {
    const std::string name = "domain-" + std::to_string(i);
    text += name + " NS ns1.hoster.example.\n";
    if (i % 10 == 0) {
      text += name + " DS 12345 13 2 " + base::to_hex(base::as_octets(base::sha256(name))) + "\n";
    }
  }
  const auto imported =
      need(zones::read_zone_text(text, "generated", need(dns::Name::from_text("bench."))));
  const auto report = zones::check(imported.content);
  return need(zones::build(report.checked.value(), {{}, {dns::RRType::DNSKEY}, 1}));
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

class Bench {
 public:
  Bench(std::size_t delegations, std::filesystem::path directory)
      : directory_(std::move(directory)), zone_(generated_zone(delegations)) {
    const auto info = need(door_->generate(hsm::Algorithm::ecdsap256sha256));
    dns::Dnskey dnskey;
    dnskey.algorithm = dns::algorithm_ecdsap256sha256;
    dnskey.public_key = info.public_key.octets;
    key_ = need(signer::ZoneKey::make(dnskey, info.id, door_));
    done("zone built");
  }

  void run() {
    restart();
    done("opened, nothing there");
    sign();
    log_->close();
    done("signed, verified, written, synced");
    restart();
    log_->may_have_some();
    done("restart: log read");
    find_all();
    done("all found, none verified");
    sign();
    done("all found, verified, in memory");
    std::printf("%llu recalled, %.1f MiB on the disk\n",
                static_cast<unsigned long long>(log_->counters().recalled.load()),
                static_cast<double>(log_->counters().octets.load()) / (1 << 20));
    log_->close();
  }

 private:
  void restart() {
    signer::SignatureLog::Options options;
    options.zone = dns::Name(zone_->apex());
    signed_zone_ = nullptr;
    log_ = std::make_shared<signer::SignatureLog>(
        options, signer::make_log_folder(signer::zone_folder(directory_, zone_->apex())),
        [] { return nullptr; }, clock_, std::make_shared<base::StderrLog>());
    signed_zone_ = std::make_shared<signer::SignedZone>(zone_, signer::SignedZone::Keys{{key_}},
                                                        signer::SignaturePolicy{}, log_);
  }
  void sign() {
    signer::SigningService service({.verifying_threads = 2}, clock_,
                                   std::make_shared<base::StderrLog>());
    zone_->for_each_slot([&](zones::Slot slot) {
      while (!service.start(signed_zone_, 0, slot, signer::Reason::background)) usleep(100);
    });
  }
  void find_all() {
    const auto signer = key_->dnskey().fingerprint();
    std::size_t found = 0;
    zone_->for_each_slot([&](zones::Slot slot) {
      const auto input = signed_zone_->to_sign(0, slot, {}).input;
      found += log_->find(signer::content_key(input, signer)).has_value() ? 1 : 0;
    });
    std::printf("%zu of %zu found\n", found, zone_->signature_count());
  }
  void done(const char* step) {
    const auto now = std::chrono::steady_clock::now();
    std::printf("%-34s %7.2f s  resident %7.1f MiB\n", step,
                std::chrono::duration<double>(now - last_).count(), resident_mib());
    last_ = now;
  }

  const std::filesystem::path directory_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  const std::shared_ptr<const zones::Zone> zone_;
  const std::shared_ptr<hsm::SoftwareKeys> door_ = std::make_shared<hsm::SoftwareKeys>();
  const std::shared_ptr<const base::Clock> clock_ = std::make_shared<base::SystemClock>();
  std::shared_ptr<const signer::ZoneKey> key_;
  std::shared_ptr<signer::SignatureLog> log_;
  std::shared_ptr<const signer::SignedZone> signed_zone_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t delegations = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const auto top =
      argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::temp_directory_path();
  const auto directory = top / ("bench_signature_log." + std::to_string(getpid()));
  Bench(delegations, directory).run();
  std::filesystem::remove_all(directory);
  return 0;
}
