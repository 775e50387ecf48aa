// SPDX-License-Identifier: GPL-2.0-only
//
// The signatures of one zone by one key, beside their RRsets: one cell per slot. Only signatures
// that were verified come in (SigningService is the only writer); a log on disk will stand behind
// put().
//
// Thread rule: get() is wait-free against writers of other slots, takes no lock, and may run in any
// number of threads; put() may run in any thread, one at a time per table (it locks among writers).
// Lifetime: fixed number of slots; a signature is never removed, only replaced.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "signer/validity.h"
#include "zones/zone.h"

namespace tld::signer {

inline constexpr std::size_t max_signature_octets = 512;  // RSA 4096

struct Signature {
  Validity validity;
  std::uint16_t size = 0;
  char octets[max_signature_octets];
  std::string_view view() const { return {octets, size}; }
};

class SignatureTable {
 public:
  // Every signature of the key has `signature_octets` octets (RFC 6605: 64; RSA: the modulus' size).
  SignatureTable(std::size_t slots, std::size_t signature_octets);

  bool get(zones::Slot slot, Signature& out) const;  // false: none was made yet
  bool get_validity(zones::Slot slot, Validity& out) const;
  // REQUIRES: slot < slots(), signature of the table's size, verified.
  void put(zones::Slot slot, const Validity& validity, std::string_view signature);

  std::size_t slots() const { return slots_; }
  std::size_t signature_octets() const { return signature_octets_; }
  std::size_t filled() const { return filled_.load(std::memory_order_relaxed); }

 private:
  // A cell is [version, validity, octets ...] in 64-bit words; an odd version means: being written.
  std::atomic<std::uint64_t>* cell(zones::Slot slot) const { return &words_[slot * stride_]; }

  const std::size_t slots_;
  const std::size_t signature_octets_;
  const std::size_t payload_words_;
  const std::size_t stride_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::mutex writers_;
  std::atomic<std::size_t> filled_{0};
};

}  // namespace tld::signer
