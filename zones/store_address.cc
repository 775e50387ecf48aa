// SPDX-License-Identifier: GPL-2.0-only
#include "zones/store_address.h"

#include <libpq-fe.h>

#include <memory>

namespace tld::zones {
namespace {

constexpr std::string_view postgresql_prefix = "postgresql:";

base::Status check_words(const std::string& words) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(words.c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
  if (!options) {
    std::string reason = message != nullptr ? message : "out of memory";
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    return base::invalid_input("store postgresql: " + reason);
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::string_view(option->keyword) != "password") continue;
    return base::invalid_input(
        "store postgresql: a password does not belong here, where others can read it: put it into "
        "the file that passfile= names");
  }
  return base::ok();
}

}  // namespace

base::Result<StoreAddress> StoreAddress::parse(std::string_view text) {
  StoreAddress address;
  address.text_ = text;
  if (text.starts_with(postgresql_prefix)) {
    address.kind_ = Kind::postgresql;
    TLD_TRY(check_words(address.connection_words()));
  } else if (text.empty()) {
    return base::invalid_input("store: no path");
  } else if (text.find('"') != std::string_view::npos) {
    return base::invalid_input("store " + address.text_ + ": a path with a quotation mark");
  }
  return address;
}

std::string StoreAddress::connection_words() const {
  return text_.substr(postgresql_prefix.size());
}

}  // namespace tld::zones
