// SPDX-License-Identifier: GPL-2.0-only
#include "base/bytes.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace tld::base {
namespace {

// Fetched once per algorithm by the callers: a fetch costs more than a digest.
EVP_MD* fetch(const char* algorithm) {
  return EVP_MD_fetch(nullptr, algorithm, nullptr);
}

void digest(const EVP_MD* algorithm, std::string_view octets, void* out) {
  if (algorithm == nullptr ||
      EVP_Digest(octets.data(), octets.size(), static_cast<unsigned char*>(out), nullptr, algorithm,
                 nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute a digest");  // out of memory, or no provider
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_base64_text(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
         std::string_view::npos;
}

}  // namespace

std::string to_hex(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char c : octets) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return invalid_input("base16 text has an odd number of digits");
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return invalid_input("base16 text has a character that is no digit");
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string to_base64(std::string_view octets) {
  std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  if (!is_base64_text(text)) return invalid_input("not base64 text");
  std::string out(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  std::size_t padding = 0;
  while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (size < 0 || padding > 2) return invalid_input("not base64 text");
  out.resize(static_cast<std::size_t>(size) - padding);
  if (to_base64(out) != text) return invalid_input("base64 text with stray bits");
  return out;
}

Sha256 sha256(std::string_view octets) {
  static const EVP_MD* const algorithm = fetch("SHA256");
  Sha256 out;
  digest(algorithm, octets, out.data());
  return out;
}

std::string_view as_octets(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string sha1(std::string_view octets) {
  static const EVP_MD* const algorithm = fetch("SHA1");
  std::string out(20, '\0');
  digest(algorithm, octets, out.data());
  return out;
}

std::string sha384(std::string_view octets) {
  static const EVP_MD* const algorithm = fetch("SHA384");
  std::string out(48, '\0');
  digest(algorithm, octets, out.data());
  return out;
}

}  // namespace tld::base
