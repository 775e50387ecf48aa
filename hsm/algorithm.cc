// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/algorithm.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tld::hsm {
namespace {

// PKCS #11 v2.40 numbers, written out so that the client needs no PKCS #11 header; token.cc
// compares them with the header at compile time.
constexpr std::array<AlgorithmFacts, 2> table{{
    {Algorithm::rsasha256, "RSASHA256", 2048, 1024, 4096, 0, 0x00000000UL /* CKK_RSA */,
     0x00000000UL /* CKM_RSA_PKCS_KEY_PAIR_GEN */, 0x00000040UL /* CKM_SHA256_RSA_PKCS */, false},
    {Algorithm::ecdsap256sha256, "ECDSAP256SHA256", 256, 256, 256, 64, 0x00000003UL /* CKK_EC */,
     0x00001040UL /* CKM_EC_KEY_PAIR_GEN */, 0x00001041UL /* CKM_ECDSA */, true},
}};

template <class Matches>
const AlgorithmFacts* find(Matches matches) {
  const auto* it = std::find_if(table.begin(), table.end(), matches);
  return it == table.end() ? nullptr : it;
}

}  // namespace

std::span<const AlgorithmFacts> algorithms() {
  return table;
}

const AlgorithmFacts& facts(Algorithm algorithm) {
  const AlgorithmFacts* found = find_algorithm(static_cast<std::uint8_t>(algorithm));
  if (found == nullptr) std::abort();  // an Algorithm is made from this table only
  return *found;
}

const AlgorithmFacts* find_algorithm(std::uint8_t number) {
  return find(
      [&](const AlgorithmFacts& f) { return static_cast<std::uint8_t>(f.algorithm) == number; });
}

const AlgorithmFacts* find_algorithm(std::string_view mnemonic) {
  return find([&](const AlgorithmFacts& f) { return f.mnemonic == mnemonic; });
}

const char* to_string(Algorithm algorithm) {
  return facts(algorithm).mnemonic;
}

}  // namespace tld::hsm
