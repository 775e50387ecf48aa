// SPDX-License-Identifier: GPL-2.0-only
#include "keys/wrapped_key_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "dns/rrset.h"
#include "hsm/verify.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"
#include "keys/record_line.h"

namespace tld::keys {
namespace {

constexpr std::size_t max_octets = 16384, max_id_octets = 255, max_mechanism = 32;
constexpr std::string_view first_line = "Wrapped-Key: pdns-tld 1\n";
constexpr std::string_view last_name = "SHA-256: ";
constexpr std::size_t last_line_octets = last_name.size() + 64 + 1;

base::Error wrong(const char* check, const std::string& why) {
  return base::invalid_input(fmt::format("{}: {}", check, why));
}

// Takes one line after the other from the front.
class Lines {
 public:
  explicit Lines(std::string_view text) : left_(text) {}
  base::Result<std::string> next(std::string_view name) {
    const std::size_t end = left_.find('\n');
    const std::string start = std::string(name) + ": ";
    if (end == std::string_view::npos || !left_.starts_with(start)) {
      return wrong("WRAPPED-SYNTAX", fmt::format("line {} must be \"{}: ...\"", number_, name));
    }
    std::string value(left_.substr(start.size(), end - start.size()));
    left_.remove_prefix(end + 1);
    ++number_;
    return value;
  }
  base::Result<std::string> next_hex(std::string_view name) {
    TLD_TRY(const std::string text, next(name));
    return decoded(name, base::from_hex(text));
  }
  base::Result<std::string> next_base64(std::string_view name) {
    TLD_TRY(const std::string text, next(name));
    return decoded(name, base::from_base64(text));
  }
  bool at_end() const { return left_.empty(); }

 private:
  static base::Result<std::string> decoded(std::string_view name,
                                           base::Result<std::string> octets) {
    if (octets) return octets;
    return wrong("WRAPPED-SYNTAX", fmt::format("{}: {}", name, octets.error().message));
  }
  std::string_view left_;
  unsigned number_ = 2;
};

bool is_mechanism(const std::string& text) {
  return !text.empty() && text.size() <= max_mechanism && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

base::Result<dns::Dnskey> read_dnskey(const std::string& text) {
  const auto record = read_record_line(". 0 IN DNSKEY " + text);
  if (!record) return wrong("WRAPPED-KEY", record.error().message);
  const auto read = dns::Dnskey::from_wire(record.value().rdata);
  if (!read) return wrong("WRAPPED-KEY", read.error().message);
  const dns::Dnskey& dnskey = read.value();
  if ((dnskey.flags != 256 && dnskey.flags != 257) || dnskey.protocol != 3) {
    return wrong("WRAPPED-KEY", "its flags must be 256 or 257 and its protocol 3");
  }
  const auto verifier =
      hsm::Verifier::make({static_cast<hsm::Algorithm>(dnskey.algorithm), dnskey.public_key});
  if (!verifier) return wrong("WRAPPED-KEY", verifier.error().message);
  return dnskey;
}

base::Result<WrappedKeyFile> read_lines(Lines lines) {
  WrappedKeyFile file;
  TLD_TRY(const std::string zone, lines.next("Zone"));
  auto apex = dns::Name::from_text(zone);
  if (!apex) return wrong("WRAPPED-SYNTAX", apex.error().message);
  file.zone = std::move(apex.value());
  TLD_TRY(const std::string dnskey, lines.next("DNSKEY"));
  TLD_TRY(file.dnskey, read_dnskey(dnskey));
  TLD_TRY(const std::string fingerprint, lines.next("DNSKEY-SHA256"));
  if (fingerprint != sha256_hex(file.dnskey.wire())) {
    return wrong("WRAPPED-KEY", "the DNSKEY's SHA-256 is another one");
  }
  TLD_TRY(file.id, lines.next_hex("CKA_ID"));
  TLD_TRY(file.label, lines.next_hex("CKA_LABEL"));
  TLD_TRY(file.wrapping_key, lines.next_hex("Wrapping-Key"));
  TLD_TRY(file.mechanism, lines.next("Mechanism"));
  TLD_TRY(file.octets, lines.next_base64("Octets"));
  if (!lines.at_end()) return wrong("WRAPPED-SYNTAX", "there are lines that do not belong there");
  const bool sizes = !file.id.empty() && file.id.size() <= max_id_octets &&
                     file.label.size() <= max_id_octets && !file.wrapping_key.empty() &&
                     file.wrapping_key.size() <= max_id_octets && !file.octets.empty();
  if (!sizes || !is_mechanism(file.mechanism)) {
    return wrong("WRAPPED-SYNTAX", "an id, the mechanism or the octets are empty or too long");
  }
  return file;
}

base::Result<WrappedKeyFile> parse_checked(std::string_view text) {
  if (text.size() > max_octets) return wrong("WRAPPED-SIZE", "larger than 16 KiB");
  if (!text.starts_with(first_line) || text.size() < first_line.size() + last_line_octets) {
    return wrong("WRAPPED-SYNTAX", "no wrapped key of pdns-tld");
  }
  const std::string_view body = text.substr(0, text.size() - last_line_octets);
  if (text.substr(body.size()) != fmt::format("{}{}\n", last_name, sha256_hex(body))) {
    return wrong("WRAPPED-CHECKSUM",
                 "the file was altered: its last line is not the SHA-256 of the others");
  }
  TLD_TRY(auto file, read_lines(Lines(body.substr(first_line.size()))));
  if (file.text() != text) return wrong("WRAPPED-SYNTAX", "not in its one form");
  return file;
}

}  // namespace

std::string WrappedKeyFile::text() const {
  const std::string body = fmt::format(
      "{}Zone: {}\nDNSKEY: {}\nDNSKEY-SHA256: {}\nCKA_ID: {}\nCKA_LABEL: {}\nWrapping-Key: {}\n"
      "Mechanism: {}\nOctets: {}\n",
      first_line, zone.text(), dns::rdata_text(dns::RRType::DNSKEY, dnskey.wire()),
      sha256_hex(dnskey.wire()), base::to_hex(id), base::to_hex(label), base::to_hex(wrapping_key),
      mechanism, base::to_base64(octets));
  return fmt::format("{}{}{}\n", body, last_name, sha256_hex(body));
}

base::Result<WrappedKeyFile> WrappedKeyFile::parse(std::string_view text,
                                                   const std::string& source) {
  auto file = parse_checked(text);
  if (file) return file;
  return file.error().in(source);
}

base::Result<WrappedKeyFile> WrappedKeyFile::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_octets + 1));
  return parse(text, path.string());
}

}  // namespace tld::keys
