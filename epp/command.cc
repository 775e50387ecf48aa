// SPDX-License-Identifier: GPL-2.0-only
//
// RFC 5730's own elements: epp, command, extension, clTRID.
#include "epp/command.h"

#include <algorithm>

#include "epp/reader.h"

namespace tld::epp {
namespace {

constexpr std::string_view taken[] = {"create", "update", "delete"};
constexpr std::string_view not_taken[] = {"check", "info",  "login",   "logout",
                                          "poll",  "renew", "transfer"};

template <std::size_t count>
bool is_among(const Element& element, const std::string_view (&names)[count]) {
  return element.space == uri::epp && std::ranges::find(names, element.name) != std::end(names);
}

Answer<const Element*> command_of(const Element& root) {
  if (root.name == "epp" && root.space.starts_with("urn:ietf:params:xml:ns:epp-") &&
      root.space != uri::epp) {
    return Refusal(Code::unimplemented_version, "only epp-1.0 is known", &root);
  }
  if (!root.is(uri::epp, "epp")) return Refusal(Code::syntax, "not an EPP frame", &root);
  Sequence in(root);
  if (const Element* hello = in.optional("hello")) {
    return Refusal(Code::unimplemented_command, "there is no session here to say hello to", hello);
  }
  const Element* command = in.any();
  if (command == nullptr) return Refusal(Code::parameter_missing, "no command is there", &root);
  TLD_TRY(in.end());
  if (!command->is(uri::epp, "command")) {
    return Refusal(Code::syntax, "only commands are taken", command);
  }
  return command;
}

bool is_secdns(const Element& element) {
  return element.space == uri::secdns_1_1 || element.space == uri::secdns_1_0;
}

// The secDNS element of <extension>, which must be named as the command; nullptr without one.
Answer<const Element*> read_extension(const Element* extension, const Element& command) {
  if (extension == nullptr) return static_cast<const Element*>(nullptr);
  Sequence in(*extension);
  const Element* found = nullptr;
  while (const Element* one = in.any()) {
    if (!is_secdns(*one)) {
      return Refusal(Code::unimplemented_extension, "this extension is not known", one);
    }
    if (found != nullptr) {
      return Refusal(Code::syntax, "one secDNS element is enough", one);
    }
    if (!command.is(uri::domain, one->name) || command.name == "delete") {
      return Refusal(Code::syntax,
                     "secDNS extends domain:create and domain:update, each by its own", one);
    }
    found = one;
  }
  TLD_TRY(in.end());
  if (found == nullptr) {
    return Refusal(Code::parameter_missing, "the extension is empty", extension);
  }
  return found;
}

// The one child of create, update or delete, of the same name: what is created, updated, deleted.
Answer<const Element*> object_of(const Element& action) {
  Sequence in(action);
  const Element* object = in.any();
  if (object == nullptr) {
    return Refusal(Code::parameter_missing, "the command names no object", &action);
  }
  TLD_TRY(in.end());
  if (object->space != uri::domain && object->space != uri::host) {
    return Refusal(Code::unimplemented_object, "only domains and hosts are kept here", object);
  }
  if (object->name != action.name) {
    return Refusal(Code::syntax, "this is not what the command is called", object);
  }
  return object;
}

}  // namespace

Answer<Command> read_command(const Element& root) {
  TLD_TRY(const Element* command, command_of(root));
  TLD_TRY(check_attributes(root));
  Sequence in(*command);
  const Element* action = in.any();
  if (action == nullptr || action->is(uri::epp, "extension") || action->is(uri::epp, "clTRID")) {
    return Refusal(Code::parameter_missing, "the command is empty", command);
  }
  const Element* extension = in.optional("extension");
  const Element* id = in.optional("clTRID");
  if (is_among(*action, not_taken)) {
    return Refusal(Code::unimplemented_command, "only create, update and delete are known", action);
  }
  if (!is_among(*action, taken)) return Refusal(Code::syntax, "no command of EPP", action);
  TLD_TRY(in.end());
  if (id != nullptr) {
    TLD_TRY(token(*id, 3, 64));
  }
  TLD_TRY(const Element* object, object_of(*action));
  TLD_TRY(const Element* secdns, read_extension(extension, *object));
  if (object->space == uri::host) return read_host_command(*object);
  return read_domain_command(*object, secdns);
}

std::string client_id(const Element& root) {
  for (const Element& command : root.children) {
    if (!command.is(uri::epp, "command")) continue;
    for (const Element& one : command.children) {
      if (!one.is(uri::epp, "clTRID")) continue;
      auto id = token(one, 3, 64);
      return id ? std::move(id).value() : "";
    }
  }
  return "";
}

}  // namespace tld::epp
