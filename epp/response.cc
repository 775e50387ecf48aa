// SPDX-License-Identifier: GPL-2.0-only
#include "epp/response.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/xml_text.h"

namespace tld::epp {
namespace {

std::string response(Code code, const std::string& message, const std::string& details,
                     const std::string& data, const TransactionIds& ids) {
  const std::string client =
      ids.client.empty() ? "" : "<clTRID>" + base::xml_escaped(ids.client) + "</clTRID>";
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>"
      "<epp xmlns=\"{}\"><response><result code=\"{}\"><msg>{}</msg>{}</result>{}"
      "<trID>{}<svTRID>{}</svTRID></trID></response></epp>",
      uri::epp, static_cast<int>(code), base::xml_escaped(message), details, data, client,
      base::xml_escaped(ids.server));
}

// What a store says may hold the octets of a path or a driver: XML takes none but printable ASCII
// without a second look.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

// RFC 5731 §3.2.1, RFC 5732 §3.2.1.
std::string created_data(const NameAt& created, base::Time now) {
  const bool host = created.at->space == uri::host;
  std::string name = created.name.text();
  name.pop_back();  // as registrars write names: without the final dot
  return fmt::format(
      "<resData><{0}:creData xmlns:{0}=\"{1}\"><{0}:name>{2}</{0}:name>"
      "<{0}:crDate>{3:%Y-%m-%dT%H:%M:%SZ}</{0}:crDate></{0}:creData></resData>",
      host ? "host" : "domain", host ? uri::host : uri::domain, base::xml_escaped(name),
      fmt::gmtime(static_cast<std::time_t>(now.time_since_epoch().count())));
}

}  // namespace

std::string done_response(const Done& done, const std::string& note, base::Time now,
                          const TransactionIds& ids) {
  const std::string message =
      std::string(to_text(Code::done)) + (note.empty() ? "" : "; warning: " + note);
  return response(Code::done, message, "",
                  done.created == nullptr ? "" : created_data(*done.created, now), ids);
}

// extValue, the one place that RFC 5730 has for a reason, needs a value: without an element of the
// client's it is an empty one.
std::string refused_response(const Refusal& refusal, const TransactionIds& ids) {
  const std::string value = refusal.at == nullptr ? "" : to_xml(*refusal.at);
  const bool ours = refusal.code != Code::failed;
  const std::string reason = ours ? refusal.reason : printable(refusal.reason);
  const std::string details = "<extValue><value>" + value + "</value><reason>" +
                              base::xml_escaped(reason) + "</reason></extValue>";
  return response(refusal.code, to_text(refusal.code), details, "", ids);
}

}  // namespace tld::epp
