// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of ceremonies' scripts. A refusal names the file; in a script that was
// read, no step uses a file that none before it has brought or made, no file is made twice, and no
// name leads out of the directory.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "keys/ceremony_script.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

// `there`: what the steps before it have brought or made, but for emergency files.
void check_step(const keys::ScriptStep& step, const std::vector<keys::ScriptStep>& before,
                std::set<std::string>& there) {
  const bool brings = step.kind == keys::ScriptStep::Kind::input;
  for (const std::string& name : files_read(step)) {
    require(is_plain(name));
    if (brings) {
      require(there.insert(name).second);
      continue;
    }
    const bool is_emergency = std::ranges::any_of(
        before, [&name](const auto& other) { return is_emergency_file(other, name); });
    require(there.contains(name) || is_emergency);
  }
  for (const std::string& name : files_made(step)) {
    require(is_plain(name) && there.insert(name).second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::CeremonyScript::parse(text, "f");
  if (!read) {
    require(read.error().message.starts_with("f:"));
    return 0;
  }
  const keys::CeremonyScript& script = read.value();
  require(script.not_before < script.not_after && !script.zone.empty());
  require(static_cast<bool>(script.check_at(script.not_before)));
  require(!script.check_at(script.not_after));
  std::set<std::string> there;
  std::vector<keys::ScriptStep> before;
  for (const keys::ScriptStep& step : script.steps) {
    require((step.kind == keys::ScriptStep::Kind::people) == before.empty());
    check_step(step, before, there);
    before.push_back(step);
  }
  require(script.acts().front() == "ceremony");
  return 0;
}
