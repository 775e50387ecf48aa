// SPDX-License-Identifier: GPL-2.0-only
//
// The result codes of RFC 5730 §3 that are answered here, and what carries one between functions.
//
// Thread rule: values. A Refusal points into the frame that it is about, and lives no longer.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <string>
#include <utility>

#include "base/result.h"

namespace tld::epp {

enum class Code {
  done = 1000,
  syntax = 2001,  // not the XML that the schemas describe
  parameter_missing = 2003,
  parameter_range = 2004,
  parameter_syntax = 2005,
  unimplemented_version = 2100,
  unimplemented_command = 2101,
  unimplemented_option = 2102,
  unimplemented_extension = 2103,
  exists = 2302,
  does_not_exist = 2303,
  status_prohibits = 2304,
  association_prohibits = 2305,
  parameter_policy = 2306,
  unimplemented_object = 2307,
  data_management_policy = 2308,
  failed = 2400,
};

// RFC 5730 §3's text.
const char* to_text(Code code);

struct Element;

// Why a command is not carried out.
struct Refusal {
  Refusal() = default;
  Refusal(Code why, std::string what, const Element* where = nullptr)
      : code(why), reason(std::move(what)), at(where) {}
  // What the store says is not the client's fault.
  Refusal(base::Error error) : code(Code::failed), reason(std::move(error.message)) {}

  Code code = Code::failed;
  std::string reason;           // for the client; no trailing full stop
  const Element* at = nullptr;  // the offending element; nullptr: the frame as a whole
};

// As base::Result, for TLD_TRY too; a base::Error becomes a Refusal with code 2400.
template <class T>
using Answer = boost::outcome_v2::basic_result<T, Refusal, boost::outcome_v2::policy::terminate>;

}  // namespace tld::epp
