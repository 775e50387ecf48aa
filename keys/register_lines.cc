// SPDX-License-Identifier: GPL-2.0-only
#include "keys/register_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "dns/rrset.h"
#include "keys/record_line.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using nlohmann::ordered_json;

constexpr const char* format_name = "pdns-tld keys 1";

// Texts of a register are printable ASCII: messages that repeat them stay one line.
bool is_plain(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// The value as text; "" where it is something else: then the line is not what would be written.
std::string text_at(const ordered_json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return "";
  std::string text = found->get<std::string>();
  return is_plain(text) ? text : "";
}

bool flag_at(const ordered_json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

std::chrono::seconds seconds_at(const ordered_json& json, const char* key) {
  const auto found = json.find(key);
  const bool number = found != json.end() && found->is_number_unsigned();
  const auto value = number ? found->get<std::uint64_t>() : 0;
  return std::chrono::seconds{value > dns::max_ttl ? 0 : value};
}

base::Result<RegisterLine> read_header(const ordered_json& json) {
  return RegisterHeader{text_at(json, "zone")};
}

base::Result<RegisterLine> read_key(const ordered_json& json) {
  RegisterKey key{text_at(json, "key"), {}, flag_at(json, "foreign"), text_at(json, "id")};
  // As a whole record it is read by the same strict reader as those of signed-key files.
  TLD_TRY(const auto record, read_record_line(". 0 IN DNSKEY " + text_at(json, "dnskey")));
  TLD_TRY(key.dnskey, dns::Dnskey::from_wire(record.rdata));
  return RegisterLine(std::move(key));
}

base::Result<RegisterLine> read_event(const ordered_json& json) {
  const std::string name = text_at(json, "event");
  const auto kind = key_event_kind(name);
  if (!kind)
    return base::invalid_input(fmt::format("there is no event \"{}\"", name.substr(0, 32)));
  TLD_TRY(const base::Time time, time_from_text(text_at(json, "time")));
  const bool proved = *kind == KeyEventKind::backup_proved;
  return RegisterLine(RegisterEvent{
      text_at(json, "key"),
      {*kind, time, seconds_at(json, "ds-ttl"), proved ? text_at(json, "token") : ""}});
}

base::Result<RegisterLine> read_object(const ordered_json& json) {
  if (json.contains("register")) return read_header(json);
  if (json.contains("dnskey")) return read_key(json);
  if (json.contains("event")) return read_event(json);
  return base::invalid_input("neither a register, nor a key, nor an event");
}

std::string text_of(const RegisterHeader& header) {
  return ordered_json{{"register", format_name}, {"zone", header.zone}}.dump();
}

std::string text_of(const RegisterKey& key) {
  return ordered_json{{"key", key.fingerprint},
                      {"dnskey", dns::rdata_text(dns::RRType::DNSKEY, key.dnskey.wire())},
                      {"foreign", key.foreign},
                      {"id", key.id}}
      .dump();
}

std::string text_of(const RegisterEvent& line) {
  ordered_json json = {{"event", to_string(line.event.kind)},
                       {"key", line.fingerprint},
                       {"time", time_text(line.event.time)}};
  if (tells_ds_ttl(line.event.kind)) json["ds-ttl"] = line.event.ds_ttl.count();
  if (!line.event.token.empty()) json["token"] = line.event.token;
  return json.dump();
}

}  // namespace

base::Result<RegisterLine> read_register_line(std::string_view line) {
  const auto json = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::invalid_input("not a JSON object");
  TLD_TRY(auto read, read_object(json));
  // Catches what the DOM forgives: white space, order, members that are twice or that nobody reads.
  if (register_line(read) != line) {
    return base::invalid_input("not in its canonical form");
  }
  return read;
}

std::string register_line(const RegisterLine& line) {
  return std::visit([](const auto& each) { return text_of(each); }, line);
}

}  // namespace tld::keys
