// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "plugin/counters.h"
#include "plugin/pdns.h"
#include "plugin/question.h"
#include "plugin/server.h"

namespace tld::plugin {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

std::string utc(base::Time t) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(t.time_since_epoch().count())));
}

json describe(const publish::Publication& publication) {
  const signer::SignedZone& signed_zone = *publication.signed_zone;
  json out;
  out["serial"] = signed_zone.zone().serial();
  out["live-since"] = utc(publication.since);
  out["publication"] = publication.publication.id;
  out["delegations"] = signed_zone.zone().delegation_count();
  out["secure-delegations"] = signed_zone.zone().secure_delegation_count();
  out["nsec3-ring"] = signed_zone.zone().ring_size();
  for (std::size_t i = 0; i < signed_zone.key_count(); ++i) {
    const signer::ZoneKey& key = signed_zone.key(i);
    out["zsk"].push_back(
        {{"key-tag", key.key_tag()},
         {"use", to_string(signed_zone.use(i))},
         {"algorithm", key.dnskey().algorithm},
         {"id", base::to_hex(key.id())},
         {"fingerprint", base::to_hex(base::as_octets(key.dnskey().fingerprint()))},
         {"signatures", signed_zone.signatures(i)},
         {"signatures-wanted", signed_zone.zone().signature_count()}});
  }
  return out;
}

json describe(const publish::Notifier::Secondary& secondary) {
  json out{{"address", secondary.address}, {"given-up", secondary.given_up}};
  if (secondary.notified) out["notified"] = *secondary.notified;
  if (secondary.answered) out["answered"] = *secondary.answered;
  if (secondary.behind_since) out["behind-since"] = utc(*secondary.behind_since);
  if (!secondary.trouble.empty()) out["trouble"] = secondary.trouble;
  return out;
}

json describe(ServedZone& zone, base::Time now) {
  json out;
  out["zone"] = zone.apex().text();
  const auto publication = zone.publication();
  if (publication) out["live"] = describe(*publication);
  if (const auto until = zone.signed_keys_until(now)) out["signed-keys-until"] = utc(*until);
  if (const std::string trouble = zone.signed_keys_trouble(); !trouble.empty()) {
    out["signed-keys-refused"] = trouble;
  }
  if (zone.notifier() != nullptr) {
    for (const auto& secondary : zone.notifier()->secondaries()) {
      out["secondaries"].push_back(describe(secondary));
    }
  }
  if (const std::string why = zone.roll_waits_for(); !why.empty()) out["roll-waits-for"] = why;
  if (zone.verifier() != nullptr) {
    out["verified"] = json::object();
    if (const auto accepted = zone.verifier()->last_accepted()) {
      out["verified"] = {{"serial", accepted->serial}, {"at", utc(accepted->at)}};
    }
  }
  if (const auto waiting = zone.waiting()) {
    out["waiting"] = {
        {"since", utc(waiting->since)}, {"for", waiting->why}, {"names", waiting->names}};
  }
  return out;
}

json describe_breaker(const hsm::PoolMember::View& breaker, base::Time now) {
  json out{{"state", to_string(breaker.state)},
           {"opened", breaker.opened},
           {"wrong-signature", breaker.distrusted}};
  if (breaker.opened == 0) return out;
  const auto ago = std::chrono::steady_clock::now() - breaker.since;
  out["since"] = utc(now - std::chrono::duration_cast<std::chrono::seconds>(ago));
  out["why"] = breaker.why;
  return out;
}

json describe(const base::CheckedClock::View& clock) {
  json out{{"state", to_string(clock.state)},
           {"difference-seconds", clock.difference.count()},
           {"synchronised", clock.synchronised}};
  if (!clock.trouble.empty()) out["trouble"] = clock.trouble;
  return out;
}

json describe(const Server& server, const Token& token, base::Time now) {
  const hsm::Health health =
      token.client->health(std::chrono::steady_clock::now() + milliseconds{300});
  return {{"token", token.name},
          {"reachable", health.reachable},
          {"logged-in", health.logged_in},
          {"detail", health.detail},
          {"sessions", health.sessions},
          {"queued", health.queued},
          {"signatures", health.signatures},
          {"refresh-rate", token.budget->rate()},
          {"refresh-rate-too-low", server.budget_trouble(token.name)},
          {"breaker", describe_breaker(token.member->view(), now)}};
}

json status() {
  Server* const server = running_server();
  if (server == nullptr) return {{"error", "the tld backend has not started yet"}};
  json out;
  out["zones"] = json::array();
  out["tokens"] = json::array();
  const base::Time now = server->clock().now();
  for (const auto& zone : server->zones()) out["zones"].push_back(describe(*zone, now));
  for (const Token& token : server->tokens())
    out["tokens"].push_back(describe(*server, token, now));
  out["clock"] = describe(server->checked_clock().view());
  for (const Counter& counter : counters()) out["counters"][counter.name] = counter.value(*server);
  out["signatures-in-the-making"] = server->service().in_flight();
  out["last-signing-failure"] = server->service().last_failure();
  return out;
}

std::string secondary_text(const json& secondary) {
  std::string text = fmt::format("  secondary {}: ", secondary["address"].get<std::string>());
  if (!secondary.contains("notified")) return text + "not notified yet\n";
  if (!secondary.contains("behind-since")) {
    return text + fmt::format("answered serial {}\n", secondary["answered"].dump());
  }
  return text + fmt::format("BEHIND since {}, notified of serial {}{}: {}\n",
                            secondary["behind-since"].get<std::string>(),
                            secondary["notified"].dump(),
                            secondary["given-up"].get<bool>() ? ", given up" : "",
                            secondary.value("trouble", ""));
}

std::string verified_text(const json& zone) {
  if (!zone.contains("verified")) return "  not verified by other programs\n";
  const json& verified = zone["verified"];
  if (verified.empty()) return "  not verified since the start\n";
  return fmt::format("  serial {} was verified at {}\n", verified["serial"].dump(),
                     verified["at"].get<std::string>());
}

std::string zone_text(const json& zone) {
  std::string text = fmt::format("zone {}\n", zone["zone"].get<std::string>());
  if (zone.contains("live")) {
    const json& live = zone["live"];
    text += fmt::format("  serial {} since {}, {} delegations ({} secure), NSEC3 ring of {}\n",
                        live["serial"].get<std::uint32_t>(), live["live-since"].get<std::string>(),
                        live["delegations"].dump(), live["secure-delegations"].dump(),
                        live["nsec3-ring"].dump());
    for (const json& key : live["zsk"]) {
      text += fmt::format("  ZSK {} ({}) algorithm {} (CKA_ID {}): {} of {} signatures\n",
                          key["key-tag"].dump(), key["use"].get<std::string>(),
                          key["algorithm"].dump(), key["id"].get<std::string>(),
                          key["signatures"].dump(), key["signatures-wanted"].dump());
    }
  } else {
    text += "  NOT SERVED (SERVFAIL)\n";
  }
  if (zone.contains("signed-keys-until")) {
    text += "  signed keys cover until " + zone["signed-keys-until"].get<std::string>() + "\n";
  }
  if (zone.contains("signed-keys-refused")) {
    text += "  SIGNED-KEY FILE REFUSED: " + zone["signed-keys-refused"].get<std::string>() + "\n";
  }
  if (zone.contains("secondaries")) {
    for (const json& secondary : zone["secondaries"]) text += secondary_text(secondary);
  }
  text += verified_text(zone);
  if (zone.contains("roll-waits-for")) {
    text += "  ROLL WAITS: " + zone["roll-waits-for"].get<std::string>() + "\n";
  }
  if (zone.contains("waiting")) {
    text += fmt::format("  WAITING since {} ({} names): {}\n",
                        zone["waiting"]["since"].get<std::string>(),
                        zone["waiting"]["names"].dump(), zone["waiting"]["for"].get<std::string>());
  }
  return text;
}

std::string token_text(const json& token) {
  const bool fine = token["reachable"].get<bool>() && token["logged-in"].get<bool>();
  const auto detail = token["detail"].get<std::string>();
  std::string text = fmt::format("token {}: {}{}{} ({} sessions, {} queued, {} signatures)\n",
                                 token["token"].get<std::string>(), fine ? "ready" : "NOT READY",
                                 detail.empty() ? "" : ": ", detail, token["sessions"].dump(),
                                 token["queued"].dump(), token["signatures"].dump());
  const auto too_low = token["refresh-rate-too-low"].get<std::string>();
  if (!too_low.empty()) text += "  REFRESH RATE: " + too_low + "\n";
  const json& breaker = token["breaker"];
  const auto state = breaker["state"].get<std::string>();
  if (state == "closed") return text;
  return text + fmt::format("  BREAKER {} since {}: {}\n", state == "open" ? "OPEN" : "HALF-OPEN",
                            breaker["since"].get<std::string>(), breaker["why"].get<std::string>());
}

std::string run_command(const std::vector<std::string>& words, Utility::pid_t /*parent*/) {
  // PowerDNS upper-cases the words it is given.
  if (words.size() == 1) return status_text();
  if (words.size() == 2 && pdns_iequals(words[1], "json")) return status_json();
  return "usage: TLD-STATUS [JSON]\n";
}

}  // namespace

std::string status_json() {
  try {
    return status().dump(2, ' ', true, json::error_handler_t::replace) + "\n";
  } catch (const std::exception&) {
    return "{\"error\": \"the status could not be put together\"}\n";
  }
}

std::string status_text() {
  try {
    const json all = status();
    if (all.contains("error")) return all["error"].get<std::string>() + "\n";
    std::string text;
    for (const json& zone : all["zones"]) text += zone_text(zone);
    for (const json& token : all["tokens"]) text += token_text(token);
    if (all["clock"].contains("trouble")) {
      text += "CLOCK NOT TRUSTED: " + all["clock"]["trouble"].get<std::string>() + "\n";
    }
    for (const auto& [name, value] : all["counters"].items()) {
      text += fmt::format("{} {}\n", name, value.dump());
    }
    const auto failure = all["last-signing-failure"].get<std::string>();
    if (!failure.empty()) text += "last signing failure: " + failure + "\n";
    return text;
  } catch (const std::exception& e) {
    return std::string("the status could not be put together: ") + e.what() + "\n";
  }
}

void register_status_command() {
  DynListener::registerFunc("TLD-STATUS", run_command, "what the tld backend serves and signs",
                            "[JSON]");
}

void register_statistics() {
  for (const Counter& counter : counters()) {
    S.declare(
        std::string("tld-") + counter.name, counter.description,
        [&counter](const std::string&) -> std::uint64_t {
          Server* const server = running_server();
          return server != nullptr ? counter.value(*server) : 0;
        },
        StatType::counter);
  }
}

}  // namespace tld::plugin
