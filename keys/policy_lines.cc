// SPDX-License-Identifier: GPL-2.0-only
#include "keys/policy_lines.h"

#include <fmt/format.h>

#include <array>

#include "base/duration.h"
#include "hsm/algorithm.h"

namespace tld::keys {
namespace {

using std::chrono::seconds;

struct Line {
  const char* key;
  std::string (*text)(const Policy& policy);
  base::Status (*read)(std::string_view value, Policy& policy);
};

std::string algorithm_text(const Policy& policy) {
  return hsm::to_string(policy.algorithm);
}

base::Status read_algorithm(std::string_view value, Policy& policy) {
  const hsm::AlgorithmFacts* facts = hsm::find_algorithm(value);
  if (facts == nullptr) return base::invalid_input("not ECDSAP256SHA256 or RSASHA256");
  policy.algorithm = facts->algorithm;
  return base::ok();
}

template <seconds SignedKeysPolicy::*member>
std::string duration_field_text(const Policy& policy) {
  return base::to_text(policy.signed_keys.*member);
}

template <seconds SignedKeysPolicy::*member>
base::Status read_duration_field(std::string_view value, Policy& policy) {
  TLD_TRY(const seconds duration, base::parse_duration(value));
  if (base::to_text(duration) != value) {
    return base::invalid_input("not in canonical form: " + base::to_text(duration));
  }
  policy.signed_keys.*member = duration;
  return base::ok();
}

std::string digest_types_text(const Policy& policy) {
  std::string text;
  for (const unsigned type : policy.signed_keys.cds_digest_types) {
    text += (text.empty() ? "" : " ") + std::to_string(type);
  }
  return text.empty() ? "none" : text;
}

base::Status read_digest_types(std::string_view value, Policy& policy) {
  auto& types = policy.signed_keys.cds_digest_types;
  if (value == "none")
    types = {};
  else if (value == "2")
    types = {2};
  else if (value == "4")
    types = {4};
  else if (value == "2 4")
    types = {2, 4};
  else
    return base::invalid_input("not \"none\", \"2\", \"4\" or \"2 4\"");
  return base::ok();
}

template <seconds SignedKeysPolicy::*member>
constexpr Line duration_line(const char* key) {
  return {key, duration_field_text<member>, read_duration_field<member>};
}

constexpr std::array lines = {
    Line{"algorithm", algorithm_text, read_algorithm},
    duration_line<&SignedKeysPolicy::span>("span"),
    duration_line<&SignedKeysPolicy::slot>("slot"),
    duration_line<&SignedKeysPolicy::validity>("validity"),
    duration_line<&SignedKeysPolicy::inception_offset>("inception-offset"),
    duration_line<&SignedKeysPolicy::dnskey_ttl>("dnskey-ttl"),
    Line{"cds-digest-types", digest_types_text, read_digest_types},
};

std::string head(const Line& line) {
  return fmt::format(";; policy-{}: ", line.key);
}

}  // namespace

std::size_t policy_line_count() {
  return lines.size();
}

std::string policy_lines(const Policy& policy) {
  std::string text;
  for (const Line& line : lines) text += head(line) + line.text(policy) + "\n";
  return text;
}

base::Status read_policy_line(std::size_t index, std::string_view line, Policy& policy) {
  const Line& wanted = lines.at(index);
  const std::string start = head(wanted);
  if (!line.starts_with(start)) {
    return base::invalid_input(fmt::format("expected a line \"{}...\" here", start));
  }
  auto status = wanted.read(line.substr(start.size()), policy);
  if (!status) return status.error().in(wanted.key);
  return base::ok();
}

}  // namespace tld::keys
