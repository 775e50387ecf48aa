// SPDX-License-Identifier: GPL-2.0-only
//
// The few kinds of error that rooms return to each other, and the Result that carries them.
//
// Thread rule: values; no shared state.
// No exception crosses a room's wall: a room's public functions return Result.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <string>
#include <utility>

namespace tld::base {

enum class ErrorKind {
  invalid_input,  // what was given breaks a rule; the same input fails again
  not_found,      // what was asked for does not exist
  refused,        // a policy or a check forbids it
  unavailable,    // a token, store or peer does not answer now; a retry can help
  timed_out,      // the deadline passed first; a retry can help
  internal,       // a broken invariant of ours: report it as a bug
};

const char* to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // what happened, to which zone, key, file or line; no trailing full stop

  bool retry_can_help() const {
    return kind == ErrorKind::unavailable || kind == ErrorKind::timed_out;
  }
  // The same error with "context: " before its message.
  Error in(const std::string& context) const { return {kind, context + ": " + message}; }
};

// REQUIRES: value() only after has_value(), error() only after has_error(); else the process ends.
template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

using Status = Result<void>;

inline Status ok() {
  return boost::outcome_v2::success();
}

inline Error invalid_input(std::string message) {
  return {ErrorKind::invalid_input, std::move(message)};
}
inline Error not_found(std::string message) {
  return {ErrorKind::not_found, std::move(message)};
}
inline Error refused(std::string message) {
  return {ErrorKind::refused, std::move(message)};
}
inline Error unavailable(std::string message) {
  return {ErrorKind::unavailable, std::move(message)};
}
inline Error timed_out(std::string message) {
  return {ErrorKind::timed_out, std::move(message)};
}
inline Error internal(std::string message) {
  return {ErrorKind::internal, std::move(message)};
}

}  // namespace tld::base

// TLD_TRY(auto x, f());  TLD_TRY(x, f());  or  TLD_TRY(f());  returns the error to the caller, else
// x is f()'s value. Not Boost's macro, whose meaning differs between releases. Two statements: give
// an `if` that guards it braces.
#define TLD_TRY(...)                                         \
  TLD_TRY_PICK(__VA_ARGS__, TLD_TRY_VALUE, TLD_TRY_STATUS, ) \
  (TLD_TRY_GLUE(tld_try_result_, __COUNTER__), __VA_ARGS__)
#define TLD_TRY_STATUS(result, ...) \
  auto&& result = (__VA_ARGS__);    \
  if (!result.has_value()) return boost::outcome_v2::failure(std::move(result).error())
#define TLD_TRY_VALUE(result, target, ...) \
  TLD_TRY_STATUS(result, __VA_ARGS__);     \
  target = std::move(result).value()
#define TLD_TRY_PICK(first, second, macro, ...) macro
#define TLD_TRY_GLUE(a, b) TLD_TRY_GLUE_EXPANDED(a, b)
#define TLD_TRY_GLUE_EXPANDED(a, b) a##b
