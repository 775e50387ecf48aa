// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_head.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"

namespace tld::keys {
namespace {

constexpr std::string_view mark = "tld-audit-head 1 ";

base::Error wrong(const char* why) {
  return base::invalid_input(fmt::format("AUDIT-HEAD-SYNTAX: {}", why));
}

// Takes the word in front off `rest`.
std::string_view take_word(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

base::Result<ChainLink> read_link(std::string_view number, std::string_view hash) {
  ChainLink link;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, link.sequence);
  if (error != std::errc() || stop != end || std::to_string(link.sequence) != number ||
      link.sequence == 0) {
    return wrong("the sequence number is no number");
  }
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return wrong("the hash is not 64 base16 digits");
  }
  link.hash = hash;
  return link;
}

}  // namespace

base::Result<std::string> signed_head(const ChainLink& head, const MachineKey& key) {
  const std::string words = fmt::format("{}{} {}", mark, head.sequence, head.hash);
  TLD_TRY(const std::string signature, key.sign(words));
  return words + " " + base::to_base64(signature);
}

base::Result<ChainLink> read_signed_head(std::string_view line, const MachineKey& key) {
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return wrong("there is no \"tld-audit-head 1 \" in it");
  std::string_view rest = line.substr(at + mark.size());
  const std::string_view number = take_word(rest, ' ');
  const std::string_view hash = take_word(rest, ' ');
  const std::string words = fmt::format("{}{} {}", mark, number, hash);
  const auto signature = base::from_base64(rest);
  if (!signature) return wrong("the signature is not base64");
  TLD_TRY(const ChainLink link, read_link(number, hash));
  if (!key.verifies(words, signature.value())) {
    return base::refused("AUDIT-HEAD-SIGNATURE: the head is not signed with this log's key");
  }
  return link;
}

base::Result<ChainLink> find_signed_head(std::string_view text, const MachineKey& key) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return wrong("there is no \"tld-audit-head 1 \" in it");
  std::string_view line = text.substr(at);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return read_signed_head(line, key);
}

base::Result<ChainLink> read_plain_head(std::string_view text) {
  std::string_view rest = text;
  const std::string_view number = take_word(rest, ':');
  return read_link(number, rest);
}

}  // namespace tld::keys
