// SPDX-License-Identifier: GPL-2.0-only
//
// The signatures of one zone by one key, beside their RRsets: one cell per slot. Only signatures
// that were verified come in: by SigningService, by recall() from the log on disk, by carry_over().
//
// Thread rule: get() is wait-free against writers of other slots and against reserve(), takes no
// lock, and may run in any number of threads; put() and reserve() may run in any thread (each locks
// out others of its kind).
// Lifetime: a signature is never removed, only replaced; it never moves. All versions of one
// lineage of a zone share the table: a slot is of one RRset for ever (zones/zone.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/growing_array.h"
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
  // Every signature of the key has `signature_octets` octets (RFC 6605: 64; RSA: the modulus'
  // size).
  SignatureTable(std::size_t slots, std::size_t signature_octets);

  // Room for the slots below `limit`: before a version that has such slots goes live.
  void reserve(std::size_t limit) { words_.reserve(limit); }

  bool get(zones::Slot slot, Signature& out) const;  // false: none was made yet
  bool get_validity(zones::Slot slot, Validity& out) const;
  // REQUIRES: slot < slots(), signature of the table's size, verified.
  void put(zones::Slot slot, const Validity& validity, std::string_view signature);
  // The same, but only where there is none yet; else false.
  bool put_first(zones::Slot slot, const Validity& validity, std::string_view signature);

  std::size_t slots() const { return words_.size(); }
  std::size_t signature_octets() const { return signature_octets_; }
  std::size_t filled() const { return filled_.load(std::memory_order_relaxed); }

 private:
  // A cell is [version, validity, octets ...] in 64-bit words; an odd version means: being written.
  std::atomic<std::uint64_t>* cell(zones::Slot slot) const { return words_.at(slot); }
  bool put_where(bool only_first, zones::Slot slot, const Validity& validity,
                 std::string_view signature);

  const std::size_t signature_octets_;
  const std::size_t payload_words_;
  base::GrowingArray<std::atomic<std::uint64_t>> words_;
  std::mutex writers_;
  std::atomic<std::size_t> filled_{0};
};

}  // namespace tld::signer
