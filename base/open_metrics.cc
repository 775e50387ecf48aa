// SPDX-License-Identifier: GPL-2.0-only
#include "base/open_metrics.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace tld::base {
namespace {

const char* to_string(OpenMetrics::Type type) {
  switch (type) {
    case OpenMetrics::Type::counter:
      return "counter";
    case OpenMetrics::Type::gauge:
      return "gauge";
    case OpenMetrics::Type::histogram:
      return "histogram";
    case OpenMetrics::Type::info:
      return "info";
    case OpenMetrics::Type::stateset:
      return "stateset";
  }
  return "unknown";
}

// How many octets the UTF-8 character (RFC 3629 §4) in front of `text` has; 0: it is none.
std::size_t utf8_length(std::string_view text) {
  const auto octet = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = octet(1);
  const bool is_wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_wrong ? 0 : length;
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '"' || text[0] == '\\') {
      out.append("\\").append(1, text[0]);
    } else {
      out += length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

double seconds(LatencyHistogram::Microseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void OpenMetrics::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  type_ = type;
  text_ += fmt::format("# TYPE {} {}\n", name, to_string(type));
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with(unit) && name.size() > unit.size() &&
        name[name.size() - unit.size() - 1] == '_') {
      text_ += fmt::format("# UNIT {} {}\n", name, unit);
    }
  }
  text_ += fmt::format("# HELP {} {}\n", name, escaped(help));
}

void OpenMetrics::line(std::string_view suffix, const Labels& labels, std::string_view value) {
  text_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [name, of_it] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", before, name, escaped(of_it));
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_.append(" ").append(value).append("\n");
}

void OpenMetrics::sample(double value, const Labels& labels) {
  line(type_ == Type::counter ? "_total" : "", labels, number(value));
}

void OpenMetrics::sample(std::uint64_t value, const Labels& labels) {
  line(type_ == Type::counter ? "_total" : "", labels, fmt::format("{}", value));
}

void OpenMetrics::info(const Labels& labels) {
  line("_info", labels, "1");
}

void OpenMetrics::state(std::span<const char* const> states, std::string_view current,
                        const Labels& labels) {
  for (const char* const state : states) {
    Labels all = labels;
    all.emplace_back(name_, state);  // the label of a StateSet has the family's name
    line("", all, current == state ? "1" : "0");
  }
}

void OpenMetrics::histogram(const LatencyHistogram::View& view, const Labels& labels) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < view.counts.size(); ++i) {
    count += view.counts[i];
    const bool is_last = i == LatencyHistogram::bounds.size();
    const std::string bound = is_last ? "+Inf" : number(seconds(LatencyHistogram::bounds[i]));
    Labels all = labels;
    all.emplace_back("le", bound);
    line("_bucket", all, fmt::format("{}", count));
  }
  line("_count", labels, fmt::format("{}", count));
  line("_sum", labels, number(seconds(view.sum)));
}

std::string OpenMetrics::finish() && {
  text_ += end;
  return std::move(text_);
}

}  // namespace tld::base
