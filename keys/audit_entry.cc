// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_entry.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/terminal_text.h"

namespace tld::keys {
namespace {

constexpr std::array levels = {"info", "notice", "warning", "error"};
constexpr std::array results = {"begun", "done", "failed", "refused"};

template <class Enum, std::size_t size>
std::optional<Enum> find(const std::array<const char*, size>& names, const std::string& name) {
  for (std::size_t i = 0; i < size; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

base::Error wrong(const std::string& why) {
  return base::invalid_input("AUDIT-SYNTAX: " + why);
}

bool is_texts(const Json& json) {
  return std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_string(); });
}

base::Status check_shape(const Json& json) {
  static const std::vector<std::string> keys = {"sequence", "time",      "clock",  "identity",
                                                "role",     "type",      "level",  "object",
                                                "result",   "approvals", "detail", "previous"};
  std::vector<std::string> found;
  for (const auto& [key, value] : json.items()) {
    found.push_back(key);
    const bool right = key == "sequence"    ? value.is_number_unsigned()
                       : key == "approvals" ? value.is_array() && is_texts(value)
                       : key == "detail"    ? value.is_object() && is_texts(value)
                                            : value.is_string();
    if (!right) return wrong(key + " is not of its kind");
  }
  if (found != keys) return wrong("the fields are not those of an entry, in their order");
  return base::ok();
}

}  // namespace

const char* to_string(AuditLevel level) {
  return levels.at(static_cast<std::size_t>(level));
}
const char* to_string(AuditResult result) {
  return results.at(static_cast<std::size_t>(result));
}

Json to_json(const AuditEntry& entry) {
  Json json = {{"time", utc_text(entry.time)}, {"clock", entry.clock},
               {"identity", entry.identity},   {"role", entry.role},
               {"type", entry.type},           {"level", to_string(entry.level)},
               {"object", entry.object},       {"result", to_string(entry.result)}};
  json["approvals"] = entry.approvals;
  json["detail"] = Json::object();
  for (const auto& [key, value] : entry.detail) json["detail"][key] = value;
  return json;
}

base::Result<AuditEntry> audit_entry_from(const Json& json) {
  TLD_TRY(check_shape(json));
  const auto text = [&json](const char* key) { return json[key].get<std::string>(); };
  AuditEntry entry;
  const auto time = utc_from_text(text("time"));
  if (!time) return wrong(time.error().message);
  entry.time = time.value();
  const auto level = find<AuditLevel>(levels, text("level"));
  const auto result = find<AuditResult>(results, text("result"));
  if (!level || !result) return wrong("level or result is no such word");
  entry.level = *level;
  entry.result = *result;
  entry.clock = text("clock");
  entry.identity = text("identity");
  entry.role = text("role");
  entry.type = text("type");
  entry.object = text("object");
  entry.approvals = json["approvals"].get<std::vector<std::string>>();
  for (const auto& [key, value] : json["detail"].items()) {
    entry.detail[key] = value.get<std::string>();
  }
  return entry;
}

std::string audit_text(std::uint64_t sequence, const AuditEntry& entry) {
  std::string text =
      fmt::format("{} {} {} {} {}{} {}: {}", sequence, utc_text(entry.time), to_string(entry.level),
                  entry.identity, entry.role.empty() ? "" : entry.role + " ", entry.type,
                  to_string(entry.result), entry.object);
  if (entry.clock != "synchronised") text += fmt::format("; clock {}", entry.clock);
  for (const auto& [key, value] : entry.detail) text += fmt::format("; {}: {}", key, value);
  return base::terminal_text(text);
}

}  // namespace tld::keys
