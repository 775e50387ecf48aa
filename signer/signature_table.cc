// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signature_table.h"

#include <array>
#include <cstring>
#include <stdexcept>

namespace tld::signer {
namespace {

constexpr std::size_t word = sizeof(std::uint64_t);
constexpr std::size_t max_payload_words = max_signature_octets / word;

std::uint64_t pack(const Validity& v) {
  return (std::uint64_t{v.inception} << 32) | v.expiration;
}
Validity unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
}

}  // namespace

SignatureTable::SignatureTable(std::size_t slots, std::size_t signature_octets)
    : signature_octets_(signature_octets),
      payload_words_((signature_octets + word - 1) / word),
      words_(slots, payload_words_ + 2) {
  if (signature_octets == 0 || signature_octets > max_signature_octets) {
    throw std::invalid_argument("SignatureTable: impossible signature size");
  }
}

// A sequence lock without fences (ThreadSanitizer knows none): every word is loaded with acquire,
// so none of them can be older than the first version read, nor the second version older than they.
bool SignatureTable::get(zones::Slot slot, Signature& out) const {
  if (slot >= slots()) return false;
  const std::atomic<std::uint64_t>* const at = cell(slot);
  std::array<std::uint64_t, max_payload_words> payload;
  for (;;) {
    const std::uint64_t before = at[0].load(std::memory_order_acquire);
    if (before == 0) return false;
    if (before & 1) continue;
    const std::uint64_t validity = at[1].load(std::memory_order_acquire);
    for (std::size_t i = 0; i < payload_words_; ++i) {
      payload[i] = at[2 + i].load(std::memory_order_acquire);
    }
    if (at[0].load(std::memory_order_relaxed) != before) continue;
    out.validity = unpack(validity);
    out.size = static_cast<std::uint16_t>(signature_octets_);
    std::memcpy(out.octets, payload.data(), signature_octets_);
    return true;
  }
}

bool SignatureTable::get_validity(zones::Slot slot, Validity& out) const {
  if (slot >= slots()) return false;
  const std::atomic<std::uint64_t>* const at = cell(slot);
  if (at[0].load(std::memory_order_acquire) < 2) return false;
  out = unpack(at[1].load(std::memory_order_acquire));
  return true;
}

void SignatureTable::put(zones::Slot slot, const Validity& validity, std::string_view signature) {
  put_where(false, slot, validity, signature);
}

bool SignatureTable::put_first(zones::Slot slot, const Validity& validity,
                               std::string_view signature) {
  return put_where(true, slot, validity, signature);
}

bool SignatureTable::put_where(bool only_first, zones::Slot slot, const Validity& validity,
                               std::string_view signature) {
  if (slot >= slots() || signature.size() != signature_octets_) {
    throw std::invalid_argument("SignatureTable::put: wrong slot or signature size");
  }
  std::array<std::uint64_t, max_payload_words> payload{};
  std::memcpy(payload.data(), signature.data(), signature.size());
  const std::lock_guard lock(writers_);
  std::atomic<std::uint64_t>* const at = cell(slot);
  const std::uint64_t before = at[0].load(std::memory_order_relaxed);
  if (only_first && before != 0) return false;
  at[0].store(before + 1, std::memory_order_relaxed);
  at[1].store(pack(validity), std::memory_order_release);
  for (std::size_t i = 0; i < payload_words_; ++i) {
    at[2 + i].store(payload[i], std::memory_order_release);
  }
  at[0].store(before + 2, std::memory_order_release);
  if (before == 0) filled_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace tld::signer
