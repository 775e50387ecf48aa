// SPDX-License-Identifier: GPL-2.0-only
#include "cli/allowed_signers.h"

#include <fmt/format.h>

#include "keys/ssh_signature.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_signature = 16'384, max_signers = 1 << 20;

}  // namespace

base::Result<std::string> verify_signature(const char* rule, const std::string& file,
                                           std::string_view octets, const std::string& signers,
                                           const char* name_space, const ReadFile& read) {
  const std::string signature = file + ".sig";
  const auto refuse = [rule](const std::string& where, const std::string& why) {
    return base::refused(fmt::format("{}: {}: {}", rule, where, why));
  };
  const auto get = [&](const std::string& name, std::size_t max) -> base::Result<std::string> {
    auto text = read(name, max);
    if (text || text.error().kind != base::ErrorKind::not_found) return text;
    return refuse(name, "there is no such file");
  };
  TLD_TRY(const std::string armour, get(signature, max_signature));
  TLD_TRY(const std::string allowed, get(signers, max_signers));
  auto signer = keys::ssh_signer(octets, armour, name_space, allowed, signers);
  if (signer || signer.error().kind != base::ErrorKind::refused) return signer;
  return refuse(signature, signer.error().message);
}

}  // namespace tld::cli
