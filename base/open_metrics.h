// SPDX-License-Identifier: GPL-2.0-only
//
// Text of the OpenMetrics specification, version 1.0 (github.com/OpenObservability/OpenMetrics):
// what Prometheus scrapes.
//
//   OpenMetrics text;
//   text.family("tld_waited", OpenMetrics::Type::counter, "Questions that waited");
//   text.sample(7, {{"zone", "kz."}});
//   send(std::move(text).finish());
//
// Thread rule: used by one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/latency_histogram.h"

namespace tld::base {

class OpenMetrics {
 public:
  enum class Type { counter, gauge, histogram, info, stateset };
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  static constexpr std::string_view content_type =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";
  // The last line; a text without it was cut off.
  static constexpr std::string_view end = "# EOF\n";

  // What the next samples belong to. `name` without what its type adds ("_total"); each once. A
  // unit is a name's last word: _seconds, _bytes.
  // REQUIRES: `name` is made of a-z, 0-9 and _.
  void family(std::string_view name, Type type, std::string_view help);

  // Of a counter or gauge. Values of labels are escaped; what is no UTF-8 becomes U+FFFD.
  void sample(double value, const Labels& labels = {});
  void sample(std::uint64_t value, const Labels& labels = {});
  // Of an info.
  void info(const Labels& labels);
  // Of a stateset: which of `states` holds.
  void state(std::span<const char* const> states, std::string_view current, const Labels& labels);
  // Of a histogram, in seconds.
  void histogram(const LatencyHistogram::View& view, const Labels& labels);

  std::string finish() &&;

 private:
  void line(std::string_view suffix, const Labels& labels, std::string_view value);

  std::string name_;
  Type type_ = Type::gauge;
  std::string text_;
};

}  // namespace tld::base
