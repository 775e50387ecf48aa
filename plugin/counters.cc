// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/counters.h"

#include <algorithm>

namespace tld::plugin {
namespace {

using SignCounters = signer::SigningCounters;
using NotifyCounters = publish::Notifier::Counters;
using VerifierCounters = publish::ZoneVerifier::Counters;
using LogCounters = signer::SignatureLog::Counters;

template <auto counter>
std::uint64_t questions(Server& server) {
  return server.counters().*counter;
}

template <auto counter>
std::uint64_t signing(Server& server) {
  return server.service().counters().*counter;
}

template <auto counter>
std::uint64_t made(Server& server) {
  return server.service().made().*counter;
}

template <auto counter>
std::uint64_t notified(const ServedZone& zone) {
  return zone.notifier() == nullptr ? 0 : (zone.notifier()->counters().*counter).load();
}

template <auto counter>
std::uint64_t verified(const ServedZone& zone) {
  return zone.verifier() == nullptr ? 0 : (zone.verifier()->counters().*counter).load();
}

template <auto counter>
std::uint64_t logged(const ServedZone& zone) {
  return zone.signature_log() == nullptr ? 0 : (zone.signature_log()->counters().*counter).load();
}

constexpr Counter all[] = {
    {"backend-calls", "Calls from PowerDNS that answered a question",
     questions<&QuestionCounters::backend_calls>, nullptr},
    {"question-exclusive-locks", "Exclusive locks taken while answering; none when all is signed",
     questions<&QuestionCounters::exclusive_locks>, nullptr},
    {"signatures-served", "Signatures in answers and transfers",
     questions<&QuestionCounters::signatures_served>, nullptr},
    {"signatures-missing", "Signatures that a question needed and that were not there yet",
     questions<&QuestionCounters::signatures_missing>, nullptr},
    {"waited", "Questions that waited for a signature", questions<&QuestionCounters::waited>,
     nullptr},
    {"wait-refused", "Questions that could not wait because all places were taken",
     questions<&QuestionCounters::wait_refused>, nullptr},
    {"servfail-unsigned", "SERVFAIL because a signature could not be had in time",
     questions<&QuestionCounters::servfail_unsigned>, nullptr},
    {"servfail-not-loaded", "SERVFAIL because the zone was not loaded yet",
     questions<&QuestionCounters::servfail_not_loaded>, nullptr},
    {"servfail-signed-keys", "SERVFAIL because the signed-key file does not cover the present",
     questions<&QuestionCounters::servfail_signed_keys>, nullptr},
    {"transfers-broken-off", "AXFRs broken off for lack of a signature",
     questions<&QuestionCounters::transfers_broken_off>, nullptr},
    {"sign-requests", "Signatures asked of a token", signing<&SignCounters::requests>, nullptr},
    {"sign-on-demand", "Signatures made because a question needed them",
     made<&signer::SignaturesMade::on_demand>, nullptr, ""},
    {"sign-background", "Signatures made in the background",
     made<&signer::SignaturesMade::background>, nullptr, ""},
    {"sign-publication", "Signatures made before a changed zone went live",
     made<&signer::SignaturesMade::publication>, nullptr, ""},
    {"sign-failed", "Signatures that a token or its tld-hsmd refused or could not make",
     signing<&SignCounters::failed>, nullptr},
    {"sign-timed-out", "Signatures that did not come within the sign-deadline",
     signing<&SignCounters::timed_out>, nullptr},
    {"sign-verify-failed", "Signatures thrown away: wrong by the published DNSKEY",
     signing<&SignCounters::verify_failed>, nullptr},
    {"sign-retried-elsewhere", "Signatures that another token was asked for, too",
     [](Server& s) { return s.retried_elsewhere(); }, nullptr},
    {"hsm-breaker-opened", "Times that a token was found unfit and left alone for a while",
     [](Server& s) { return s.breakers_opened(); }, nullptr, ""},
    {"sign-refused-overload", "Signatures not started because too many were in the making",
     signing<&SignCounters::refused_overload>, nullptr},
    {"sign-refused-clock", "Signatures not made because the clock was not trusted",
     signing<&SignCounters::refused_clock>, nullptr},
    {"clock-stops", "Times that the clock was not trusted any more",
     [](Server& s) { return s.checked_clock().view().stops; }, nullptr},
    {"looks", "Times that clock, signed keys and key registers were looked at",
     [](Server& s) { return s.looks(); }, nullptr},
    {"notify-sent", "NOTIFY datagrams sent to secondaries", nullptr,
     notified<&NotifyCounters::sent>},
    {"notify-answered", "Serials that a secondary was told of and answered", nullptr,
     notified<&NotifyCounters::answered>},
    {"notify-given-up", "Serials that a secondary was told of in vain", nullptr,
     notified<&NotifyCounters::given_up>},
    {"verifications-accepted", "Versions of a zone that every verifier accepted", nullptr,
     verified<&VerifierCounters::accepted>},
    {"verifications-rejected", "Versions of a zone that a verifier refused", nullptr,
     verified<&VerifierCounters::rejected>},
    {"verifications-failed", "Versions of a zone that could not be judged", nullptr,
     verified<&VerifierCounters::failed>},
    {"log-entries", "Signatures written to the signature log", nullptr,
     logged<&LogCounters::written>},
    {"log-octets", "Octets that the signature log has on the disk now", nullptr,
     logged<&LogCounters::octets>, "log_bytes", true},
    {"log-loaded", "Signatures taken from the signature log, each verified", nullptr,
     logged<&LogCounters::recalled>},
    {"log-rejected", "Signatures in the signature log that did not verify", nullptr,
     logged<&LogCounters::rejected>},
    {"log-dropped", "Signatures that could not be written to the signature log", nullptr,
     logged<&LogCounters::dropped>},
    {"log-damaged", "Octets of the signature log that were no whole entries", nullptr,
     logged<&LogCounters::damaged_octets>, "log_damaged_bytes"},
    {"log-write-failures", "Failures of the disk under the signature log", nullptr,
     logged<&LogCounters::failures>},
    {"log-rewrites", "Times that a signature log was written anew", nullptr,
     logged<&LogCounters::rewrites>},
    {"store-reads", "Loads of a zone from the registry store", nullptr,
     [](const ServedZone& zone) { return zone.store_reads(); }},
};

}  // namespace

std::uint64_t Counter::value(Server& server) const {
  if (of_server != nullptr) return of_server(server);
  std::uint64_t sum = 0;
  for (const auto& zone : server.zones()) sum += of_zone(*zone);
  return sum;
}

std::string Counter::metric() const {
  if (family != nullptr && *family == '\0') return "";
  std::string text = std::string("tld_") + (family != nullptr ? family : name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::span<const Counter> counters() {
  return all;
}

}  // namespace tld::plugin
