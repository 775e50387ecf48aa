// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/p256_table.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <exception>
#include <string>
#include <utility>

#include "hsm/openssl_key.h"

namespace tld::hsm {
namespace {

using Group = OpenSslPtr<EC_GROUP, EC_GROUP_free>;
using Point = OpenSslPtr<EC_POINT, EC_POINT_free>;
using Montgomery = OpenSslPtr<BN_MONT_CTX, BN_MONT_CTX_free>;
using Scratch = OpenSslPtr<BN_CTX, BN_CTX_free>;

constexpr std::size_t number_octets = 32;

// The numbers of one computation; all are public, so nothing is wiped or takes constant time.
class Numbers {
 public:
  explicit Numbers(BN_CTX* scratch) : scratch_(scratch) { BN_CTX_start(scratch_); }
  ~Numbers() { BN_CTX_end(scratch_); }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  BIGNUM* next() { return BN_CTX_get(scratch_); }  // once nullptr, always nullptr

 private:
  BN_CTX* const scratch_;
};

// What OpenSSL complains about meanwhile does not stay in the thread's error queue, for somebody
// else to find: a wrong signature is no fault.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

Point point_from(const EC_GROUP* group, std::string_view text, BN_CTX* scratch) {
  const std::string uncompressed = '\x04' + std::string(text);  // SEC 1 §2.3.3
  Point point(EC_POINT_new(group));
  if (point && EC_POINT_oct2point(group, point.get(), for_openssl(uncompressed),
                                  uncompressed.size(), scratch) != 1) {
    point.reset();
  }
  return point;
}

// Deprecated since OpenSSL 3.0, and what all of this is for; nothing has replaced it.
bool make_table(EC_GROUP* group, BN_CTX* scratch) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return EC_GROUP_precompute_mult(group, scratch) == 1;
#pragma GCC diagnostic pop
}

// Some multiple, once by the table and once without.
bool table_is_right(const EC_GROUP* curve, const EC_GROUP* table, const EC_POINT* point,
                    std::string_view text, BN_CTX* scratch) {
  const base::Sha256 digest = base::sha256(text);
  Numbers numbers(scratch);
  BIGNUM* const factor = numbers.next();
  const Point with(EC_POINT_new(curve));
  const Point without(EC_POINT_new(curve));
  return factor != nullptr && with && without &&
         BN_bin2bn(digest.data(), static_cast<int>(digest.size()), factor) != nullptr &&
         EC_POINT_mul(table, with.get(), factor, nullptr, nullptr, scratch) == 1 &&
         EC_POINT_mul(curve, without.get(), nullptr, point, factor, scratch) == 1 &&
         EC_POINT_cmp(curve, with.get(), without.get(), scratch) == 0;
}

bool is_below(const BIGNUM* number, const BIGNUM* limit) {
  return BN_is_zero(number) == 0 && BN_cmp(number, limit) < 0;
}

}  // namespace

struct P256Table::State {
  Group curve;
  Group key;  // the same curve with the key's point as base point, and its table
  Montgomery montgomery;

  const BIGNUM* order() const { return EC_GROUP_get0_order(curve.get()); }
  bool verify(BIGNUM* r, BIGNUM* s, BIGNUM* hash, Numbers& numbers, BN_CTX* scratch) const;
  bool x_of_sum(const BIGNUM* u1, const BIGNUM* u2, BIGNUM* x, BN_CTX* scratch) const;
};

P256Table::P256Table(std::unique_ptr<State> state) : state_(std::move(state)) {}
P256Table::P256Table(P256Table&&) noexcept = default;
P256Table& P256Table::operator=(P256Table&&) noexcept = default;
P256Table::~P256Table() = default;

// Memory may end anywhere in it, in base::sha256() too.
base::Result<P256Table> P256Table::make(std::string_view point) {
  try {
    return make_or_throw(point);
  } catch (const std::exception& fault) {
    return base::internal(std::string("no table for a P-256 key: ") + fault.what());
  }
}

base::Result<P256Table> P256Table::make_or_throw(std::string_view point) {
  const auto fault = [] {
    return base::internal("OpenSSL has no table for a P-256 key: " + openssl_reason());
  };
  const Scratch scratch(BN_CTX_new());
  auto state = std::make_unique<State>();
  state->curve.reset(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  if (!scratch || !state->curve) return fault();
  state->key.reset(EC_GROUP_dup(state->curve.get()));
  state->montgomery.reset(BN_MONT_CTX_new());
  const Point base = point_from(state->curve.get(), point, scratch.get());
  if (!state->key || !state->montgomery || !base ||
      BN_MONT_CTX_set(state->montgomery.get(), state->order(), scratch.get()) != 1 ||
      EC_GROUP_set_generator(state->key.get(), base.get(), state->order(), BN_value_one()) != 1 ||
      !make_table(state->key.get(), scratch.get()) ||
      !table_is_right(state->curve.get(), state->key.get(), base.get(), point, scratch.get())) {
    return fault();
  }
  return P256Table(std::move(state));
}

bool P256Table::verify(const base::Sha256& hash, std::string_view signature) const {
  const QuietErrors quiet;
  if (signature.size() != 2 * number_octets) return false;
  const Scratch scratch(BN_CTX_new());  // not thread_local: a plugin's threads are not its own
  if (!scratch) return false;
  Numbers numbers(scratch.get());
  BIGNUM* const r = numbers.next();
  BIGNUM* const s = numbers.next();
  BIGNUM* const e = numbers.next();
  if (e == nullptr || BN_bin2bn(for_openssl(signature), number_octets, r) == nullptr ||
      BN_bin2bn(for_openssl(signature) + number_octets, number_octets, s) == nullptr ||
      BN_bin2bn(hash.data(), static_cast<int>(hash.size()), e) == nullptr) {
    return false;
  }
  return state_->verify(r, s, e, numbers, scratch.get());
}

// The names are the standard's: r is the x coordinate of u1 G + u2 Q, modulo the order.
bool P256Table::State::verify(BIGNUM* r, BIGNUM* s, BIGNUM* hash, Numbers& numbers,
                              BN_CTX* scratch) const {
  BIGNUM* const inverse = numbers.next();
  BIGNUM* const u1 = numbers.next();
  BIGNUM* const u2 = numbers.next();
  BIGNUM* const x = numbers.next();
  return x != nullptr && is_below(r, order()) && is_below(s, order()) &&
         BN_nnmod(hash, hash, order(), scratch) == 1 &&
         BN_mod_inverse(inverse, s, order(), scratch) != nullptr &&
         BN_to_montgomery(inverse, inverse, montgomery.get(), scratch) == 1 &&
         BN_mod_mul_montgomery(u1, hash, inverse, montgomery.get(), scratch) == 1 &&
         BN_mod_mul_montgomery(u2, r, inverse, montgomery.get(), scratch) == 1 &&
         x_of_sum(u1, u2, x, scratch) && BN_nnmod(x, x, order(), scratch) == 1 && BN_cmp(x, r) == 0;
}

// False at infinity: there is no x.
bool P256Table::State::x_of_sum(const BIGNUM* u1, const BIGNUM* u2, BIGNUM* x,
                                BN_CTX* scratch) const {
  const Point sum(EC_POINT_new(curve.get()));
  const Point other(EC_POINT_new(curve.get()));
  return sum && other && EC_POINT_mul(curve.get(), sum.get(), u1, nullptr, nullptr, scratch) == 1 &&
         EC_POINT_mul(key.get(), other.get(), u2, nullptr, nullptr, scratch) == 1 &&
         EC_POINT_add(curve.get(), sum.get(), sum.get(), other.get(), scratch) == 1 &&
         EC_POINT_get_affine_coordinates(curve.get(), sum.get(), x, nullptr, scratch) == 1;
}

}  // namespace tld::hsm
