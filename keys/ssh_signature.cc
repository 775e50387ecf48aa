// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ssh_signature.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/bytes.h"
#include "base/child_process.h"
#include "keys/input_file.h"

namespace tld::keys {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds signing_limit{120};
constexpr std::chrono::seconds verifying_limit{10};
constexpr std::size_t max_armour = 16'384;
constexpr std::size_t armour_width = 70;
constexpr std::string_view armour_begin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view armour_end = "-----END SSH SIGNATURE-----\n";
constexpr const char* signer = "signer";

// Removed with all that is in it.
class TemporaryDirectory {
 public:
  static base::Result<TemporaryDirectory> make() {
    std::error_code fault;
    std::string pattern = (fs::temp_directory_path(fault) / "tld-ssh.XXXXXX").string();
    if (fault || ::mkdtemp(pattern.data()) == nullptr) {
      return base::unavailable("cannot make a temporary directory: " +
                               std::error_code(errno, std::generic_category()).message());
    }
    return TemporaryDirectory(pattern);
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  base::Result<std::string> write(const char* name, std::string_view octets) const {
    const fs::path path = path_ / name;
    std::ofstream file(path, std::ios::binary);
    file << octets << std::flush;
    if (!file) return base::unavailable("cannot write " + path.string());
    return path.string();
  }

 private:
  explicit TemporaryDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

bool is_canonical_armour(std::string_view armour) {
  if (!armour.starts_with(armour_begin) || !armour.ends_with(armour_end) ||
      armour.size() > max_armour) {
    return false;
  }
  std::string base64;
  for (const char c :
       armour.substr(0, armour.size() - armour_end.size()).substr(armour_begin.size())) {
    if (c != '\n') base64 += c;
  }
  if (base64.empty() || !base::from_base64(base64)) return false;
  std::string again(armour_begin);
  for (std::size_t at = 0; at < base64.size(); at += armour_width) {
    again += base64.substr(at, armour_width) + "\n";
  }
  return again + std::string(armour_end) == armour;
}

struct SignedFiles {
  std::string message, signature;
};

base::Result<SignedFiles> write_signed(const TemporaryDirectory& directory, std::string_view octets,
                                       std::string_view armour) {
  if (!is_canonical_armour(armour)) return base::refused("it is no armoured SSH signature");
  SignedFiles files;
  TLD_TRY(files.message, directory.write("message", octets));
  TLD_TRY(files.signature, directory.write("signature", armour));
  return files;
}

base::Status verify(const SignedFiles& files, const std::string& name_space,
                    const std::string& signers, const std::string& principal) {
  // ssh-keygen takes the message from its standard input only.
  TLD_TRY(const auto child,
          base::run_child({"sh", "-c",
                           "exec ssh-keygen -Y verify -f \"$1\" -I \"$2\" -n \"$3\" -s \"$4\" "
                           "<\"$5\"",
                           "sh", signers, principal, name_space, files.signature, files.message},
                          verifying_limit));
  if (child.exit_code == 127) return base::unavailable("ssh-keygen is not installed");
  if (child.exit_code == 0) return base::ok();
  return base::refused("ssh-keygen: " + first_line(child.errors + child.output));
}

}  // namespace

base::Result<std::string> ssh_sign(std::string_view octets, const std::string& name_space,
                                   const fs::path& key) {
  TLD_TRY(const auto directory, TemporaryDirectory::make());
  TLD_TRY(const std::string message, directory.write("message", octets));
  TLD_TRY(const auto child, base::run_child({"ssh-keygen", "-Y", "sign", "-f", key.string(), "-n",
                                             name_space, message},
                                            signing_limit));
  if (child.exit_code != 0) {
    return base::refused(fmt::format("ssh-keygen does not sign with {}: {}", key.string(),
                                     first_line(child.errors)));
  }
  return read_input_file(message + ".sig", max_armour);
}

base::Status ssh_verify(std::string_view octets, std::string_view armour,
                        const std::string& name_space, const std::vector<std::string>& keys) {
  std::string allowed;
  for (const std::string& key : keys) {
    allowed += fmt::format("{} namespaces=\"{}\" {}\n", signer, name_space, key);
  }
  TLD_TRY(const auto directory, TemporaryDirectory::make());
  TLD_TRY(const auto files, write_signed(directory, octets, armour));
  TLD_TRY(const std::string signers, directory.write("allowed_signers", allowed));
  return verify(files, name_space, signers, signer);
}

base::Result<std::string> ssh_signer(std::string_view octets, std::string_view armour,
                                     const std::string& name_space,
                                     std::string_view allowed_signers, const std::string& source) {
  TLD_TRY(const auto directory, TemporaryDirectory::make());
  TLD_TRY(const auto files, write_signed(directory, octets, armour));
  TLD_TRY(const std::string signers, directory.write("allowed_signers", allowed_signers));
  TLD_TRY(const auto found, base::run_child({"ssh-keygen", "-Y", "find-principals", "-s",
                                             files.signature, "-f", signers},
                                            verifying_limit));
  const std::string principal = first_line(found.output);
  if (found.exit_code != 0 || principal.empty()) {
    return base::refused("it is by nobody in " + source);
  }
  const base::Status verified = verify(files, name_space, signers, principal);
  if (verified) return principal;
  return verified.error().in("it is not " + principal + "'s signature over it for " + name_space);
}

}  // namespace tld::keys
