// SPDX-License-Identifier: GPL-2.0-only
//
// What the reader of scripts (ceremony_script_file.cc) asks of ceremony_script.cc.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "keys/ceremony_script.h"

namespace tld::keys {

// nullopt: there is no step of that name.
std::optional<ScriptStep::Kind> kind_named(const std::string& name);
std::string all_kinds();  // "people, input, ..."

// The rules SCRIPT-... over the whole script, without the file's name in front.
base::Status check_script(const CeremonyScript& script);

}  // namespace tld::keys
