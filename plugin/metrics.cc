// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/metrics.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/open_metrics.h"
#include "plugin/counters.h"
#include "plugin/pdns.h"
#include "plugin/server.h"

namespace tld::plugin {
namespace {

using base::OpenMetrics;
using Type = OpenMetrics::Type;
using Value = std::optional<double>;  // none: there is nothing to say now

constexpr std::chrono::milliseconds health_patience{300};

// A zone at the moment of the scrape: all that is said of it fits together.
struct ZoneView {
  const ServedZone& zone;
  std::string name;
  std::shared_ptr<const publish::Publication> live;  // null: SERVFAIL
  std::shared_ptr<const signer::Survey> survey;      // null: nobody has looked yet
  std::optional<publish::Follower::Waiting> waiting;
  base::Time now;

  const zones::Zone& content() const { return live->signed_zone->zone(); }
};

struct TokenView {
  const Token& token;
  hsm::Health health;
  hsm::PoolMember::View breaker;
};

Value number(auto value) {
  return static_cast<double>(value);
}

Value timestamp(base::Time time) {
  return number(time.time_since_epoch().count());
}

Value age(base::Time since, base::Time now) {
  return number(std::max(now - since, std::chrono::seconds{0}).count());
}

struct ZoneGauge {
  const char* name;
  const char* help;
  Value (*value)(const ZoneView&);
};

constexpr ZoneGauge live_gauges[] = {
    {"tld_zone_serial", "Serial of the version that is served",
     [](const ZoneView& z) { return number(z.content().serial()); }},
    {"tld_zone_live_since_timestamp_seconds", "When that version went live",
     [](const ZoneView& z) { return timestamp(z.live->since); }},
    {"tld_zone_delegations", "Delegations in it",
     [](const ZoneView& z) { return number(z.content().delegation_count()); }},
    {"tld_zone_secure_delegations", "Delegations with a DS RRset",
     [](const ZoneView& z) { return number(z.content().secure_delegation_count()); }},
    {"tld_zone_nsec3_ring", "NSEC3 RRs in it",
     [](const ZoneView& z) { return number(z.content().ring_size()); }},
};

constexpr ZoneGauge survey_gauges[] = {
    {"tld_signatures_wanted", "RRsets that need a signature by each signing ZSK",
     [](const ZoneView& z) { return number(z.survey->rrsets); }},
    {"tld_rrsets_unservable", "RRsets without a signature that may be served: SERVFAIL",
     [](const ZoneView& z) { return number(z.survey->unservable); }},
    {"tld_rrsig_earliest_expiration_timestamp_seconds",
     "When the first RRSIG of those that are served expires",
     [](const ZoneView& z) {
       const auto& first = z.survey->earliest_expiration;
       return first ? timestamp(*first) : Value();
     }},
    {"tld_safe_without_hsm_until_timestamp_seconds",
     "When the first answer becomes SERVFAIL if no signature is made from now on; past: one is",
     [](const ZoneView& z) { return timestamp(z.survey->safe_until); }},
    {"tld_survey_timestamp_seconds", "When all signatures were looked at for these figures",
     [](const ZoneView& z) { return timestamp(z.survey->at); }},
};

constexpr ZoneGauge zone_gauges[] = {
    {"tld_zone_live", "1: the zone is served; 0: SERVFAIL",
     [](const ZoneView& z) { return number(z.live != nullptr); }},
    {"tld_signed_keys_remaining_seconds",
     "How long the signed-key file covers the keys that sign now",
     [](const ZoneView& z) {
       const auto until = z.zone.signed_keys_until(z.now);
       return until ? age(z.now, *until) : Value();
     }},
    {"tld_signed_keys_refused", "1: the signed-key file as it is now is not in use",
     [](const ZoneView& z) { return number(!z.zone.signed_keys_trouble().empty()); }},
    {"tld_zsk_roll_waiting", "1: a ZSK roll that is due has not happened",
     [](const ZoneView& z) { return number(!z.zone.roll_waits_for().empty()); }},
    {"tld_publication_waiting", "1: what the store has cannot go live",
     [](const ZoneView& z) { return number(z.waiting.has_value()); }},
    {"tld_publication_waiting_names", "Names that were published and are not live",
     [](const ZoneView& z) { return number(z.waiting ? z.waiting->names : 0); }},
    {"tld_publication_waiting_seconds", "For how long; 0: nothing waits",
     [](const ZoneView& z) { return z.waiting ? age(z.waiting->since, z.now) : number(0); }},
    {"tld_verified_timestamp_seconds", "When all verifiers accepted the whole zone last",
     [](const ZoneView& z) {
       const auto* verifier = z.zone.verifier();
       const auto last = verifier != nullptr ? verifier->last_accepted() : std::nullopt;
       return last ? timestamp(last->at) : Value();
     }},
};

struct TokenMetric {
  const char* name;
  Type type;
  const char* help;
  double (*value)(const TokenView&);
};

constexpr TokenMetric token_metrics[] = {
    {"tld_hsm_reachable", Type::gauge, "1: its tld-hsmd answers",
     [](const TokenView& t) -> double { return t.health.reachable; }},
    {"tld_hsm_logged_in", Type::gauge, "1: the token is there and took the PIN",
     [](const TokenView& t) -> double { return t.health.logged_in; }},
    {"tld_hsm_sessions", Type::gauge, "Sessions that are logged in",
     [](const TokenView& t) -> double { return t.health.sessions; }},
    {"tld_hsm_queue", Type::gauge, "Requests that wait in tld-hsmd for a session",
     [](const TokenView& t) -> double { return t.health.queued; }},
    {"tld_hsm_under_way", Type::gauge, "Requests sent and not answered",
     [](const TokenView& t) { return static_cast<double>(t.token.member->under_way()); }},
    {"tld_hsm_signatures", Type::counter, "Signatures made since tld-hsmd started",
     [](const TokenView& t) { return static_cast<double>(t.health.signatures); }},
    {"tld_hsm_failed", Type::counter, "Requests that it did not fulfil",
     [](const TokenView& t) { return static_cast<double>(t.token.member->counters().failed); }},
    {"tld_hsm_wrong_signatures", Type::counter,
     "Signatures that did not verify with the published DNSKEY",
     [](const TokenView& t) {
       return static_cast<double>(t.token.member->counters().wrong_signatures);
     }},
    {"tld_hsm_breaker_opened", Type::counter, "Times that it was found unfit",
     [](const TokenView& t) { return static_cast<double>(t.breaker.opened); }},
    {"tld_hsm_distrusted", Type::gauge, "1: it gave a wrong signature and has not made up for it",
     [](const TokenView& t) -> double { return t.breaker.distrusted; }},
};

constexpr const char* breaker_states[] = {"closed", "open", "half-open"};

std::vector<ZoneView> zone_views(Server& server) {
  std::vector<ZoneView> views;
  for (const auto& zone : server.zones()) {
    views.push_back({*zone, zone->apex().text(), zone->publication(), zone->survey(),
                     zone->waiting(), server.clock().now()});
  }
  return views;
}

std::vector<TokenView> token_views(Server& server) {
  std::vector<TokenView> views;
  for (const Token& token : server.tokens()) {
    views.push_back({token,
                     token.client->health(std::chrono::steady_clock::now() + health_patience),
                     token.member->view()});
  }
  return views;
}

void add_gauges(OpenMetrics& text, std::span<const ZoneGauge> gauges,
                const std::vector<ZoneView>& zones, auto&& can_say) {
  for (const ZoneGauge& gauge : gauges) {
    text.family(gauge.name, Type::gauge, gauge.help);
    for (const ZoneView& zone : zones) {
      const Value value = can_say(zone) ? gauge.value(zone) : std::nullopt;
      if (value) text.sample(*value, {{"zone", zone.name}});
    }
  }
}

void add_signatures(OpenMetrics& text, const std::vector<ZoneView>& zones) {
  text.family("tld_signatures", Type::gauge, "Signatures that a ZSK has made for what is served");
  for (const ZoneView& view : zones) {
    if (!view.live || !view.survey) continue;
    for (const auto& [used, signatures] : view.survey->keys) {
      const signer::ZoneKey& key = *used.key;
      text.sample(std::uint64_t{signatures}, {{"zone", view.name},
                                              {"key_tag", std::to_string(key.key_tag())},
                                              {"algorithm", std::to_string(key.dnskey().algorithm)},
                                              {"key_id", base::to_hex(key.id())},
                                              {"use", to_string(used.use)}});
    }
  }
}

void add_secondaries(OpenMetrics& text, const std::vector<ZoneView>& zones) {
  text.family("tld_secondary_behind_seconds", Type::gauge,
              "For how long a secondary has not answered a NOTIFY; 0: it has");
  for (const ZoneView& view : zones) {
    if (view.zone.notifier() == nullptr) continue;
    for (const auto& secondary : view.zone.notifier()->secondaries()) {
      const auto& since = secondary.behind_since;
      text.sample(since ? *age(*since, view.now) : 0.0,
                  {{"zone", view.name}, {"secondary", secondary.address}});
    }
  }
}

void add_tokens(OpenMetrics& text, const std::vector<TokenView>& tokens) {
  for (const TokenMetric& metric : token_metrics) {
    text.family(metric.name, metric.type, metric.help);
    for (const TokenView& view : tokens) {
      text.sample(metric.value(view), {{"token", view.token.name}});
    }
  }
  text.family("tld_hsm_breaker", Type::stateset,
              "closed: it is used; open: others are asked first");
  for (const TokenView& view : tokens) {
    text.state(breaker_states, to_string(view.breaker.state), {{"token", view.token.name}});
  }
  text.family("tld_hsm_latency_seconds", Type::histogram,
              "How long a signature took, queueing included");
  for (const TokenView& view : tokens) {
    text.histogram(view.token.member->counters().latency.view(), {{"token", view.token.name}});
  }
}

void add_counters(OpenMetrics& text, Server& server, const std::vector<ZoneView>& zones) {
  for (const Counter& counter : counters()) {
    const std::string family = counter.metric();
    if (family.empty()) continue;
    text.family(family, counter.is_gauge ? Type::gauge : Type::counter, counter.description);
    if (counter.of_server != nullptr) {
      text.sample(counter.of_server(server));
      continue;
    }
    for (const ZoneView& view : zones) {
      text.sample(counter.of_zone(view.zone), {{"zone", view.name}});
    }
  }
}

void add_signing(OpenMetrics& text, const signer::SigningService& service,
                 const std::vector<ZoneView>& zones) {
  text.family("tld_signatures_made", Type::counter, "Signatures made and verified, by reason");
  for (const ZoneView& view : zones) {
    const signer::SignaturesMade made = service.made_for(view.zone.apex());
    text.sample(made.on_demand, {{"zone", view.name}, {"reason", "on-demand"}});
    text.sample(made.background, {{"zone", view.name}, {"reason", "background"}});
    text.sample(made.publication, {{"zone", view.name}, {"reason", "publication"}});
  }
  text.family("tld_signatures_in_the_making", Type::gauge, "Asked for and not there yet");
  text.sample(std::uint64_t{service.in_flight()});
}

void add_clock(OpenMetrics& text, const base::CheckedClock& clock) {
  text.family("tld_clock_trusted", Type::gauge,
              "1: signatures are made by it; 0: it was stepped, is behind or not synchronised");
  text.sample(clock.is_trusted() ? 1.0 : 0.0);
}

std::string put_together() {
  OpenMetrics text;
  text.family("tld_build", Type::info, "Version of the tld backend and of PowerDNS");
  text.info({{"version", TLD_VERSION}, {"powerdns", TLD_PDNS_VERSION_TEXT}});
  Server* const server = running_server();
  if (server == nullptr) return std::move(text).finish();
  const auto zones = zone_views(*server);
  const auto has_survey = [](const ZoneView& z) { return z.live && z.survey; };
  add_gauges(text, zone_gauges, zones, [](const ZoneView&) { return true; });
  add_gauges(text, live_gauges, zones, [](const ZoneView& z) { return z.live != nullptr; });
  add_gauges(text, survey_gauges, zones, has_survey);
  add_signatures(text, zones);
  add_secondaries(text, zones);
  add_tokens(text, token_views(*server));
  add_signing(text, server->service(), zones);
  add_clock(text, server->checked_clock());
  add_counters(text, *server, zones);
  return std::move(text).finish();
}

std::string run_command(const std::vector<std::string>& words, Utility::pid_t /*parent*/) {
  if (words.size() != 1) return "usage: TLD-METRICS\n";
  std::string text = metrics_text();
  text.pop_back();  // pdns_control ends it with a line end, and nothing may follow "# EOF"
  return text;
}

}  // namespace

std::string metrics_text() {
  try {
    return put_together();
  } catch (const std::exception& e) {
    return std::string("# the metrics could not be put together: ") + e.what() + "\n";
  }
}

void register_metrics_command() {
  DynListener::registerFunc("TLD-METRICS", run_command, "the tld backend as OpenMetrics", "");
}

}  // namespace tld::plugin
