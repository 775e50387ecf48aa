// SPDX-License-Identifier: GPL-2.0-only
//
// RFC 5155: NSEC3, its hash and the text form of the hash.
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <stdexcept>

#include "dns/rdata.h"
#include "dns/text.h"
#include "dns/wire.h"

namespace tld::dns {
namespace {

constexpr std::uint8_t hash_sha1 = 1;
constexpr std::uint8_t flag_opt_out = 1;
constexpr std::size_t max_salt_octets = 255;

const EVP_MD* sha1_algorithm() {  // fetched once: a fetch costs more than a hash
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return algorithm;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// H(octets | salt)
void hash_once(const void* octets, std::size_t size, std::string_view salt, Nsec3Hash& out) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr || sha1_algorithm() == nullptr ||
      EVP_DigestInit_ex(context.get(), sha1_algorithm(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), octets, size) != 1 ||
      EVP_DigestUpdate(context.get(), salt.data(), salt.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute SHA-1");  // out of memory, or no provider
  }
}

void put_counted(std::string& out, std::string_view octets) {
  assert(octets.size() <= max_salt_octets);
  put_u8(out, static_cast<std::uint8_t>(octets.size()));
  out += octets;
}

std::string parameters_wire(const Nsec3Parameters& parameters, std::uint8_t flags) {
  std::string out;
  put_u8(out, hash_sha1);
  put_u8(out, flags);
  put_u16(out, parameters.iterations);
  put_counted(out, parameters.salt);
  return out;
}

std::string_view as_octets(const Nsec3Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

int base32hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char folded = fold(c);
  return folded >= 'a' && folded <= 'v' ? folded - 'a' + 10 : -1;
}

}  // namespace

std::string Nsec3Parameters::nsec3param_wire() const {
  return parameters_wire(*this, 0);
}

Nsec3Hash nsec3_hash(NameView name, const Nsec3Parameters& parameters) {
  Nsec3Hash hash;
  hash_once(name.wire().data(), name.wire().size(), parameters.salt, hash);
  for (unsigned i = 0; i < parameters.iterations; ++i) {
    hash_once(hash.data(), hash.size(), parameters.salt, hash);
  }
  return hash;
}

std::string Nsec3::wire() const {
  std::string out = parameters_wire(parameters, opt_out ? flag_opt_out : 0);
  put_counted(out, as_octets(next));
  return out += type_bitmap(types);
}

base::Result<Nsec3> Nsec3::from_wire(std::string_view rdata) {
  Reader in(rdata);
  Nsec3 nsec3;
  const std::uint8_t algorithm = in.u8();
  const std::uint8_t flags = in.u8();
  nsec3.opt_out = flags == flag_opt_out;
  nsec3.parameters.iterations = in.u16();
  nsec3.parameters.salt = in.counted();
  const std::string_view next = in.counted();
  if (in.failed()) return base::invalid_input("NSEC3 RDATA ends inside its fixed fields");
  if (algorithm != hash_sha1 || next.size() != nsec3.next.size()) {
    return base::invalid_input("NSEC3 with a hash that is not SHA-1");
  }
  if (flags > flag_opt_out) return base::invalid_input("NSEC3 with unknown flags");  // §8.2
  std::copy(next.begin(), next.end(), nsec3.next.begin());
  TLD_TRY(nsec3.types, types_of_bitmap(in.rest()));
  return nsec3;
}

std::string to_base32hex(const Nsec3Hash& hash) {
  return base32hex_text(as_octets(hash));
}

base::Result<Nsec3Hash> nsec3_hash_from_base32hex(std::string_view label) {
  Nsec3Hash hash;
  if (label.size() != hash.size() * 8 / 5) {
    return base::invalid_input("an NSEC3 hash has 32 base32hex digits, not " +
                               std::to_string(label.size()));
  }
  std::uint64_t pending = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const int value = base32hex_value(label[i]);
    if (value < 0) return base::invalid_input(quoted(label) + " is not base32hex");
    pending = pending << 5 | static_cast<unsigned>(value);
    if (i % 8 != 7) continue;
    for (std::size_t j = 0; j < 5; ++j) {  // 8 digits are 5 octets
      hash[i / 8 * 5 + j] = static_cast<std::uint8_t>(pending >> (32 - 8 * j));
    }
  }
  return hash;
}

}  // namespace tld::dns
