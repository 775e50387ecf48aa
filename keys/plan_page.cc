// SPDX-License-Identifier: GPL-2.0-only
//
// A plan as one HTML page with an SVG drawing: a bar for each record of each key, coloured by
// state.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/xml_text.h"
#include "keys/plan.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

constexpr int left = 260, width = 900, bar_height = 7, key_height = 34, top = 30;

const char* colour(RecordState state) {
  constexpr const char* colours[] = {"none", "#f2c14e", "#2a9d8f", "#e76f51"};
  return colours[static_cast<std::size_t>(state)];
}

double x_of(const Plan& plan, base::Time time) {
  const double all = static_cast<double>((plan.until - plan.now).count());
  return left + width * static_cast<double>((time - plan.now).count()) / all;
}

struct Record {
  const char* name;
  RecordState KeyState::*state;
};

std::string record_bar(const Plan& plan, const PlannedKey& key, const Record& record, int y) {
  std::string svg;
  for (const StateSpan& span : key.states) {
    const RecordState state = span.state.*record.state;
    if (state == RecordState::hidden) continue;
    const double x = x_of(plan, span.from);
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\">"
        "<title>{}: {} {} from {}</title></rect>\n",
        x, y, std::max(0.5, x_of(plan, span.until) - x), bar_height, colour(state),
        base::xml_escaped(key.name), record.name, to_string(state), readable_time(span.from));
  }
  return svg;
}

std::string key_bars(const Plan& plan, const PlannedKey& key, int y) {
  constexpr Record zsk_records[] = {{"DNSKEY", &KeyState::dnskey}, {"ZRRSIG", &KeyState::zrrsig}};
  constexpr Record ksk_records[] = {
      {"DNSKEY", &KeyState::dnskey}, {"KRRSIG", &KeyState::krrsig}, {"DS", &KeyState::ds}};
  std::string svg =
      fmt::format("<text x=\"4\" y=\"{}\">{}</text>\n", y + 14, base::xml_escaped(key.name));
  const std::span<const Record> records =
      key.ksk ? std::span<const Record>(ksk_records) : std::span<const Record>(zsk_records);
  for (const Record& record : records) {
    svg += record_bar(plan, key, record, y);
    y += bar_height + 2;
  }
  return svg;
}

std::string months(const Plan& plan, int height) {
  std::string svg;
  const auto first = std::chrono::floor<std::chrono::days>(plan.now);
  std::chrono::year_month month{std::chrono::year_month_day{first}.year(),
                                std::chrono::year_month_day{first}.month()};
  // Labels every so many months, so that they never touch.
  const auto days = (plan.until - plan.now) / std::chrono::days{1};
  const int step = static_cast<int>(days / 400) + 1;
  for (month += std::chrono::months{1};; month += std::chrono::months{step}) {
    const base::Time time = std::chrono::sys_days{month / 1};
    if (time >= plan.until) return svg;
    const double x = x_of(plan, time);
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"18\" x2=\"{0:.1f}\" y2=\"{1}\" stroke=\"#ddd\"/>"
        "<text x=\"{0:.1f}\" y=\"14\" text-anchor=\"middle\">{2}</text>\n",
        x, height, readable_time(time).substr(0, 7));
  }
}

std::string event_marks(const Plan& plan, int height) {
  std::string svg;
  for (const PlanEvent& event : plan.events) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"#888\" "
        "stroke-width=\"0.5\"><title>{3}: {4}</title></line>\n",
        x_of(plan, event.time), top - 6, height, readable_time(event.time),
        base::xml_escaped(event.what));
  }
  return svg;
}

std::string drawing(const Plan& plan) {
  const int height = top + static_cast<int>(plan.keys.size()) * key_height;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" "
      "font-size=\"10\">\n",
      left + width + 20, height);
  svg += months(plan, height);
  int y = top;
  for (const PlannedKey& key : plan.keys) {
    svg += key_bars(plan, key, y);
    y += key_height;
  }
  return svg + event_marks(plan, height) + "</svg>\n";
}

std::string table(const char* title, const std::vector<PlanEvent>& events) {
  std::string html = fmt::format("<h2>{}</h2>\n<table>\n", title);
  for (const PlanEvent& event : events) {
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", readable_time(event.time),
                        base::xml_escaped(event.what));
  }
  return html + "</table>\n" + (events.empty() ? "<p>none</p>\n" : "");
}

std::string legend() {
  std::string html = "<p>Bars from above: DNSKEY, signatures, DS. ";
  for (const RecordState state :
       {RecordState::rumoured, RecordState::omnipresent, RecordState::unretentive}) {
    html += fmt::format("<b style=\"background:{}\">&nbsp;&nbsp;&nbsp;</b> {} ", colour(state),
                        to_string(state));
  }
  return html + "</p>\n";
}

}  // namespace

std::string plan_page(const Plan& plan) {
  const std::string title = fmt::format("Keys of {}", base::xml_escaped(plan.apex.text()));
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
             "charset=\"utf-8\"><title>{0}</title>\n"
             "<style>body{{font-family:sans-serif;margin:1em}}td{{padding:0 1em 0 0;"
             "vertical-align:top}}svg{{width:100%}}</style></head>\n<body>\n<h1>{0}</h1>\n"
             "<p>{1} to {2}, UTC</p>\n",
             title, readable_time(plan.now), readable_time(plan.until)) +
         legend() + drawing(plan) + table("Warnings", plan.warnings) +
         table("Events", plan.events) + "</body>\n</html>\n";
}

}  // namespace tld::keys
