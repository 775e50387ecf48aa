// SPDX-License-Identifier: GPL-2.0-only
#include "cli/allowed_signers.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "base/child_process.h"
#include "base/file_descriptor.h"

namespace tld::cli {
namespace {

constexpr std::chrono::seconds time_limit{30};

// ssh-keygen reads the octets that were checked, not the file once more.
base::Result<base::FileDescriptor> in_memory(std::string_view octets) {
  base::FileDescriptor file(::memfd_create("signed", MFD_CLOEXEC));
  if (file.get() < 0) return base::unavailable("memfd_create failed");
  while (!octets.empty()) {
    const ssize_t written = ::write(file.get(), octets.data(), octets.size());
    if (written < 0) return base::unavailable("cannot write to memory");
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

base::Result<std::string> verify_signature(const char* rule, const std::string& file,
                                           std::string_view octets, const std::string& signers,
                                           const char* name_space) {
  const std::string signature = file + ".sig";
  const auto refuse = [&](const std::string& why) {
    return base::refused(fmt::format("{}: {}: {}", rule, signature, why));
  };
  if (!std::filesystem::is_regular_file(signature)) return refuse("there is no such file");
  if (!std::filesystem::is_regular_file(signers)) {
    return base::refused(fmt::format("{}: {}: there is no such file", rule, signers));
  }
  TLD_TRY(const base::ChildResult found,
          base::run_child({"ssh-keygen", "-Y", "find-principals", "-s", signature, "-f", signers},
                          time_limit));
  const std::string principal = first_line(found.output);
  if (found.exit_code != 0 || principal.empty()) {
    return refuse("it is by nobody in " + signers);
  }
  TLD_TRY(const auto memory, in_memory(octets));
  TLD_TRY(const base::ChildResult verified,
          base::run_child({"ssh-keygen", "-Y", "verify", "-f", signers, "-I", principal, "-n",
                           name_space, "-s", signature},
                          time_limit, fmt::format("/proc/self/fd/{}", memory.get())));
  if (verified.exit_code != 0) {
    return refuse(fmt::format("it is not {}'s signature over {} for {}: {}", principal, file,
                              name_space, first_line(verified.errors + verified.output)));
  }
  return principal;
}

}  // namespace tld::cli
