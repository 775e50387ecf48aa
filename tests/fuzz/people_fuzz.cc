// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of people files. A refusal names the file and is one line each; people
// that were read pass their own checks, are found by name, and each act has a rule.
#include <cstdlib>

#include "keys/people.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::People::parse(text, "f");
  if (!read) {
    require(read.error().message.starts_with("f:"));
    return 0;
  }
  const keys::People& people = read.value();
  require(static_cast<bool>(people.check()));
  for (const keys::Person& person : people.people) {
    require(people.find(person.name) != nullptr && !person.keys.empty());
    require(!people.is_in_two_roles(person));
  }
  for (const std::string& act : keys::approved_acts()) static_cast<void>(people.rule_for(act));
  return 0;
}
