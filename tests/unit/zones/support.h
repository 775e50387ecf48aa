// SPDX-License-Identifier: GPL-2.0-only
//
// Zones from text, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "zones/build.h"
#include "zones/zone_file.h"

namespace tld::zones {

template <class T>
T must(base::Result<T> result) {
  if (result.has_error()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

inline dns::Name name(std::string_view text) {
  return must(dns::Name::from_text(text));
}

inline ImportedZone imported(std::string_view text, std::string_view apex = "kz.") {
  return must(read_zone_text(text, "zone", name(apex)));
}

inline ZoneContent content_of(std::string_view text, std::string_view apex = "kz.") {
  return imported(text, apex).content;
}

// The SOA and NS that every zone needs, and then `text`.
inline std::string with_apex(std::string_view text) {
  return "$TTL 3600\n@ SOA ns.example. host.example. 7 1800 900 604800 300\n@ NS ns.example.\n" +
         std::string(text);
}

inline std::shared_ptr<const Zone> zone_of(std::string_view text, std::string_view apex = "kz.",
                                           BuildOptions options = {{}, {}, 7}) {
  const CheckReport report = check(content_of(text, apex));
  if (!report.passed()) throw std::runtime_error(report.faults_text());
  return must(build(*report.checked, options));
}

// The error text of an import that must fail.
inline std::string import_fault(std::string_view text, std::string_view apex = "kz.") {
  const auto result = read_zone_text(text, "zone", name(apex));
  return result.has_error() ? result.error().message : "(no fault)";
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zones_test.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::filesystem::path operator/(const std::string& file) const { return path_ / file; }

 private:
  std::filesystem::path path_;
};

// The root zone of 2026-08-22, decompressed by xz: its text.
inline std::string root_zone_text() {
  const std::string command =
      "xz -dc " TLD_SOURCE_DIR "/tests/data/root-2026082201.unsigned.zone.xz";
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[65536];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, got);
  }
  if (pclose(pipe) != 0) throw std::runtime_error("xz failed");
  return text;
}

}  // namespace tld::zones
