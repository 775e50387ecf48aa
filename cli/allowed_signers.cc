// SPDX-License-Identifier: GPL-2.0-only
#include "cli/allowed_signers.h"

#include <fmt/format.h>

#include <filesystem>

#include "keys/input_file.h"
#include "keys/ssh_signature.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_signature = 16'384;

}  // namespace

base::Result<std::string> verify_signature(const char* rule, const std::string& file,
                                           std::string_view octets, const std::string& signers,
                                           const char* name_space) {
  const std::string signature = file + ".sig";
  const auto refuse = [rule](const std::string& where, const std::string& why) {
    return base::refused(fmt::format("{}: {}: {}", rule, where, why));
  };
  for (const std::string& needed : {signature, signers}) {
    if (!std::filesystem::is_regular_file(needed)) return refuse(needed, "there is no such file");
  }
  TLD_TRY(const std::string armour, keys::read_input_file(signature, max_signature));
  auto signer = keys::ssh_signer(octets, armour, name_space, signers);
  if (signer || signer.error().kind != base::ErrorKind::refused) return signer;
  return refuse(signature, signer.error().message);
}

}  // namespace tld::cli
