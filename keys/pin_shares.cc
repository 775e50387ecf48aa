// SPDX-License-Identifier: GPL-2.0-only
#include "keys/pin_shares.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

extern "C" {  // the header does not say so itself
#include <libgfshare.h>
}

#include "base/bytes.h"
#include "base/secret.h"

namespace tld::keys {
namespace {

constexpr unsigned most_shares = 16;
constexpr std::size_t random_octets = 32, salt_octets = 16, hash_octets = 32, set_octets = 8;
// 32 random octets, the PIN's length, the PIN, zeros.
constexpr std::size_t block_octets = random_octets + 1 + max_shared_pin;
constexpr std::uint64_t scrypt_n = 16'384, scrypt_r = 8, scrypt_p = 1;
constexpr std::uint64_t scrypt_memory = 64 << 20;

using Context = std::unique_ptr<gfshare_ctx, decltype(&gfshare_ctx_free)>;

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// libgfshare's callback cannot fail; split_pin() asks afterwards.
bool random_failed = false;
void fill_random(unsigned char* buffer, unsigned count) {
  if (RAND_priv_bytes(buffer, static_cast<int>(count)) != 1) random_failed = true;
}

// Also for joining: libgfshare overwrites with random numbers what it frees.
void use_our_random() {
  gfshare_fill_rand = fill_random;
  random_failed = false;
}

base::Result<std::string> random_text(std::size_t size) {
  std::string text(size, '\0');
  if (RAND_priv_bytes(octets_of(text), static_cast<int>(size)) == 1) return text;
  return base::unavailable("OpenSSL has no random numbers");
}

base::Result<std::string> hash_of(std::string_view block, std::string_view salt) {
  std::string hash(hash_octets, '\0');
  if (EVP_PBE_scrypt(block.data(), block.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), scrypt_n,
                     scrypt_r, scrypt_p, scrypt_memory, octets_of(hash), hash.size()) == 1) {
    return hash;
  }
  return base::unavailable("OpenSSL cannot compute scrypt");
}

// --- texts: a first line, then "KEY: VALUE" lines in their order ---

using Fields = std::map<std::string, std::string>;

base::Result<Fields> read_fields(std::string_view text, const char* kind,
                                 const std::vector<std::string>& keys) {
  const auto wrong = [kind] {
    return base::invalid_input(fmt::format("PIN-SYNTAX: it is no {}", kind));
  };
  const std::string first = fmt::format("{} 1\n", kind);
  if (!text.starts_with(first)) return wrong();
  text.remove_prefix(first.size());
  Fields fields;
  for (const std::string& key : keys) {
    const std::size_t end = text.find('\n');
    if (!text.starts_with(key + ": ") || end == std::string_view::npos) return wrong();
    fields[key] = text.substr(key.size() + 2, end - key.size() - 2);
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) return wrong();
  return fields;
}

// `size` octets in lower case base16.
base::Result<std::string> read_octets(const std::string& hex, std::size_t size) {
  auto octets = base::from_hex(hex);
  if (octets && octets.value().size() == size && base::to_hex(octets.value()) == hex) return octets;
  return base::invalid_input(
      fmt::format("PIN-SYNTAX: a value is not {} lower case base16 digits", size * 2));
}

base::Result<unsigned> read_number(const std::string& text, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= most &&
      std::to_string(number) == text) {
    return number;
  }
  return base::invalid_input(fmt::format("PIN-SYNTAX: a number is not from 1 to {}", most));
}

struct Verifier {
  std::string set, salt, hash;
  unsigned threshold = 0;
};

base::Result<Verifier> read_verifier(std::string_view text) {
  TLD_TRY(auto fields,
          read_fields(text, "tld-pin-verifier", {"set", "threshold", "salt", "scrypt"}));
  Verifier verifier;
  verifier.set = fields["set"];
  TLD_TRY(verifier.threshold, read_number(fields["threshold"], most_shares));
  TLD_TRY(verifier.salt, read_octets(fields["salt"], salt_octets));
  TLD_TRY(verifier.hash, read_octets(fields["scrypt"], hash_octets));
  return verifier;
}

// Number → octets.
using Shares = std::map<unsigned char, std::string>;

base::Status add_share(Shares& shares, std::string_view text, const Verifier& verifier) {
  TLD_TRY(auto fields, read_fields(text, "tld-pin-share", {"set", "share", "octets"}));
  TLD_TRY(const unsigned number, read_number(fields["share"], most_shares));
  TLD_TRY(auto octets, read_octets(fields["octets"], block_octets));
  base::wipe(fields["octets"]);
  if (fields["set"] != verifier.set) {
    return base::refused(fmt::format("PIN-OTHER-SET: share {} is of another split", number));
  }
  shares[static_cast<unsigned char>(number)] = std::move(octets);
  return base::ok();
}

// The shares of `block`, numbered from 1.
base::Result<Shares> split(std::string& block, unsigned threshold, unsigned count) {
  use_our_random();
  std::string numbers;
  for (unsigned number = 1; number <= count; ++number) numbers += static_cast<char>(number);
  const Context context(gfshare_ctx_init_enc(octets_of(numbers), count,
                                             static_cast<unsigned char>(threshold), block_octets),
                        gfshare_ctx_free);
  if (!context) return base::unavailable("libgfshare has no memory");
  gfshare_ctx_enc_setsecret(context.get(), octets_of(block));
  if (random_failed) return base::unavailable("OpenSSL has no random numbers");
  Shares shares;
  for (unsigned i = 0; i < count; ++i) {
    std::string share(block_octets, '\0');
    gfshare_ctx_enc_getshare(context.get(), static_cast<unsigned char>(i), octets_of(share));
    shares[static_cast<unsigned char>(i + 1)] = std::move(share);
  }
  return shares;
}

base::Result<std::string> join(Shares& shares) {
  use_our_random();
  std::string numbers;
  for (const auto& [number, octets] : shares) numbers += static_cast<char>(number);
  const Context context(
      gfshare_ctx_init_dec(octets_of(numbers), static_cast<unsigned>(shares.size()), block_octets),
      gfshare_ctx_free);
  if (!context) return base::unavailable("libgfshare has no memory");
  unsigned char index = 0;
  for (auto& [number, octets] : shares) {
    gfshare_ctx_dec_giveshare(context.get(), index++, octets_of(octets));
  }
  std::string block(block_octets, '\0');
  gfshare_ctx_dec_extract(context.get(), octets_of(block));
  for (auto& [number, octets] : shares) base::wipe(octets);
  return block;
}

}  // namespace

base::Result<PinShares> split_pin(std::string_view pin, unsigned threshold, unsigned count) {
  if (threshold < 2 || count < threshold || count > most_shares) {
    return base::invalid_input(
        fmt::format("PIN-SPLIT: {} of {} is not possible: at least 2, of at most {}", threshold,
                    count, most_shares));
  }
  if (pin.empty() || pin.size() > max_shared_pin) {
    return base::invalid_input(
        fmt::format("PIN-SPLIT: a PIN of 1 to {} octets can be split", max_shared_pin));
  }
  TLD_TRY(std::string block, random_text(random_octets));
  block += static_cast<char>(pin.size());
  block += pin;
  block.resize(block_octets, '\0');
  TLD_TRY(const std::string salt, random_text(salt_octets));
  TLD_TRY(const std::string set_id, random_text(set_octets));
  TLD_TRY(const std::string hash, hash_of(block, salt));
  auto shares = split(block, threshold, count);
  base::wipe(block);
  if (!shares) return shares.error();
  const std::string set = base::to_hex(set_id);
  PinShares result;
  for (auto& [number, octets] : shares.value()) {
    result.shares.push_back(fmt::format("tld-pin-share 1\nset: {}\nshare: {}\noctets: {}\n", set,
                                        number, base::to_hex(octets)));
    base::wipe(octets);
  }
  result.verifier =
      fmt::format("tld-pin-verifier 1\nset: {}\nthreshold: {}\nsalt: {}\nscrypt: {}\n", set,
                  threshold, base::to_hex(salt), base::to_hex(hash));
  return result;
}

base::Result<std::string> combine_pin(const std::vector<std::string>& shares,
                                      std::string_view verifier_text) {
  TLD_TRY(const Verifier verifier, read_verifier(verifier_text));
  Shares given;
  for (const std::string& text : shares) {
    TLD_TRY(add_share(given, text, verifier));
  }
  if (given.size() < verifier.threshold) {
    return base::refused(fmt::format("PIN-FEW: {} different shares are needed, {} are here",
                                     verifier.threshold, given.size()));
  }
  TLD_TRY(std::string block, join(given));
  TLD_TRY(const std::string hash, hash_of(block, verifier.salt));
  const bool is_right = CRYPTO_memcmp(hash.data(), verifier.hash.data(), hash_octets) == 0;
  const std::size_t size = static_cast<unsigned char>(block[random_octets]);
  std::string pin = is_right ? block.substr(random_octets + 1, size) : "";
  base::wipe(block);
  if (is_right) return pin;
  return base::refused(
      "PIN-VERIFIER: these shares do not give the PIN: one of them is wrong; nothing was tried");
}

}  // namespace tld::keys
