// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ssh_public_key.h"

#include <fmt/format.h>

#include <array>
#include <bit>

#include "base/bytes.h"

namespace tld::keys {
namespace {

constexpr std::size_t least_rsa_bits = 2048;
constexpr std::size_t most_rsa_bits = 16'384;

struct KeyType {
  const char* name;
  const char* curve;   // "" unless it is ECDSA
  std::size_t octets;  // of the key itself; 0: RSA
  bool has_application;
};
constexpr std::array types = {
    KeyType{"ssh-ed25519", "", 32, false},
    KeyType{"sk-ssh-ed25519@openssh.com", "", 32, true},
    KeyType{"ecdsa-sha2-nistp256", "nistp256", 65, false},
    KeyType{"ecdsa-sha2-nistp384", "nistp384", 97, false},
    KeyType{"ecdsa-sha2-nistp521", "nistp521", 133, false},
    KeyType{"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65, true},
    KeyType{"ssh-rsa", "", 0, false},
};

const KeyType* find_type(std::string_view name) {
  for (const KeyType& type : types) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

// RFC 4251 §5: a string is its length in four octets, then its octets. At the end of the input, or
// with a length beyond it: not ok.
class Wire {
 public:
  explicit Wire(std::string_view octets) : rest_(octets) {}

  std::string_view string() {
    if (rest_.size() < 4) return fail();
    std::size_t size = 0;
    for (const char c : rest_.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(c);
    if (size > rest_.size() - 4) return fail();
    const std::string_view value = rest_.substr(4, size);
    rest_.remove_prefix(4 + size);
    return value;
  }
  bool ended_well() const { return is_ok_ && rest_.empty(); }

 private:
  std::string_view fail() {
    is_ok_ = false;
    rest_ = {};
    return {};
  }
  std::string_view rest_;
  bool is_ok_ = true;
};

// Of a positive mpint (RFC 4251 §5) in its shortest form; 0 for anything else.
std::size_t bits_of(std::string_view mpint) {
  if (mpint.starts_with('\0')) mpint.remove_prefix(1);
  if (mpint.empty() || mpint.front() == 0) return 0;
  return (mpint.size() - 1) * 8 +
         static_cast<std::size_t>(std::bit_width(static_cast<unsigned char>(mpint.front())));
}

base::Status check_octets(const KeyType& type, std::string_view octets) {
  Wire wire(octets);
  bool is_right = wire.string() == type.name;
  if (type.octets == 0) {
    const std::size_t exponent = bits_of(wire.string()), modulus = bits_of(wire.string());
    is_right = is_right && wire.ended_well() && exponent > 1;
    if (is_right && (modulus < least_rsa_bits || modulus > most_rsa_bits)) {
      return base::invalid_input(fmt::format("RSA keys must have {} to {} bits, this one has {}",
                                             least_rsa_bits, most_rsa_bits, modulus));
    }
  } else {
    if (*type.curve != '\0') is_right = is_right && wire.string() == type.curve;
    is_right = is_right && wire.string().size() == type.octets;
    if (type.has_application) is_right = is_right && !wire.string().empty();
    is_right = is_right && wire.ended_well();
  }
  if (is_right) return base::ok();
  return base::invalid_input(fmt::format("its octets are no {} key", type.name));
}

}  // namespace

base::Result<std::string> canonical_ssh_key(std::string_view text) {
  const std::size_t first = std::min(text.find(' '), text.size());
  const KeyType* type = find_type(text.substr(0, first));
  if (type == nullptr) {
    return base::invalid_input(
        fmt::format("'{}' is no type of key that may approve: ssh-ed25519, ecdsa-sha2-nistp256/384/"
                    "521, sk-... or ssh-rsa",
                    text.substr(0, std::min<std::size_t>(first, 40))));
  }
  const std::string_view rest = text.substr(std::min(first + 1, text.size()));
  const std::string_view base64 = rest.substr(0, rest.find(' '));
  const auto octets = base::from_base64(base64);
  if (!octets) return base::invalid_input("the key is not base64");
  TLD_TRY(check_octets(*type, octets.value()));
  return fmt::format("{} {}", type->name, base64);
}

}  // namespace tld::keys
