// SPDX-License-Identifier: GPL-2.0-only
//
// RFC 5731's elements.
#include "epp/command.h"
#include "epp/reader.h"

namespace tld::epp {
namespace {

Answer<std::vector<NameAt>> read_nameservers(const Element* element) {
  std::vector<NameAt> out;
  if (element == nullptr) return out;
  Sequence in(*element);
  if (const Element* attribute = in.optional("hostAttr")) {
    return Refusal(Code::unimplemented_option,
                   "name servers are host objects here (RFC 5731 section 1.1)", attribute);
  }
  for (const Element* one : in.all("hostObj")) {
    TLD_TRY(NameAt name, read_name(*one));
    out.push_back(std::move(name));
  }
  TLD_TRY(in.end());
  if (out.empty()) return Refusal(Code::parameter_missing, "element hostObj is missing", element);
  return out;
}

// clIDType: of a registrant or a contact.
Answer<void> check_client_id(const Element& element) {
  TLD_TRY(token(element, 3, 16));
  return boost::outcome_v2::success();
}

Answer<void> check_period(const Element* element) {
  if (element == nullptr) return boost::outcome_v2::success();
  TLD_TRY(number(*element, 1, 99));
  return boost::outcome_v2::success();
}

// pw and ext; `null`, which takes the password away, in an update.
Answer<void> check_auth_info(const Element& element, bool update) {
  Sequence in(element);
  const Element* password = in.optional("pw");
  bool found = password != nullptr || in.optional("ext") != nullptr;
  if (!found && update) found = in.optional("null") != nullptr;
  TLD_TRY(in.end());
  if (!found) return Refusal(Code::parameter_missing, "authInfo is empty", &element);
  if (password != nullptr && !password->children.empty()) {
    return Refusal(Code::syntax, "an element stands where only text can", password);
  }
  return boost::outcome_v2::success();
}

// A held domain is not in the zone (RFC 5731 §2.3). The store keeps no statuses, so a hold is
// refused rather than answered and not done; the others say nothing about the zone.
Answer<void> check_status(const Element& element) {
  const std::string* status = element.attribute("s");
  if (status != nullptr && (*status == "clientHold" || *status == "serverHold")) {
    return Refusal(Code::unimplemented_option,
                   "holds are not kept here: delete the domain to take it out of the zone",
                   &element);
  }
  return boost::outcome_v2::success();
}

Answer<Command> read_create(const Element& element, const Element* extension) {
  Sequence in(element);
  TLD_TRY(const Element* name, in.required("name"));
  const Element* period = in.optional("period");
  const Element* nameservers = in.optional("ns");
  const Element* registrant = in.optional("registrant");
  const std::vector<const Element*> contacts = in.all("contact");
  TLD_TRY(const Element* auth_info, in.required("authInfo"));
  TLD_TRY(in.end());
  DomainCreate create;
  create.at = &element;
  TLD_TRY(create.name, read_name(*name));
  TLD_TRY(check_period(period));
  TLD_TRY(create.nameservers, read_nameservers(nameservers));
  if (registrant != nullptr) {
    TLD_TRY(check_client_id(*registrant));
  }
  for (const Element* contact : contacts) {
    TLD_TRY(check_client_id(*contact));
  }
  TLD_TRY(check_auth_info(*auth_info, false));
  if (extension != nullptr) {
    TLD_TRY(create.ds, read_ds_create(*extension, create.name.name));
  }
  return Command(std::move(create));
}

// domain:add and domain:rem.
Answer<std::vector<NameAt>> read_part(const Element* element) {
  if (element == nullptr) return std::vector<NameAt>{};
  Sequence in(*element);
  const Element* nameservers = in.optional("ns");
  const std::vector<const Element*> contacts = in.all("contact");
  const std::vector<const Element*> statuses = in.all("status");
  TLD_TRY(in.end());
  TLD_TRY(auto names, read_nameservers(nameservers));
  for (const Element* contact : contacts) {
    TLD_TRY(check_client_id(*contact));
  }
  for (const Element* status : statuses) {
    TLD_TRY(check_status(*status));
  }
  return names;
}

Answer<void> check_other_changes(const Element* element) {
  if (element == nullptr) return boost::outcome_v2::success();
  Sequence in(*element);
  const Element* registrant = in.optional("registrant");
  const Element* auth_info = in.optional("authInfo");
  TLD_TRY(in.end());
  // An empty registrant takes it away (RFC 5731 §3.2.5).
  if (registrant != nullptr && !registrant->text.empty()) {
    TLD_TRY(check_client_id(*registrant));
  }
  if (auth_info != nullptr) {
    TLD_TRY(check_auth_info(*auth_info, true));
  }
  return boost::outcome_v2::success();
}

Answer<Command> read_update(const Element& element, const Element* extension) {
  Sequence in(element);
  TLD_TRY(const Element* name, in.required("name"));
  const Element* add = in.optional("add");
  const Element* remove = in.optional("rem");
  const Element* other = in.optional("chg");
  TLD_TRY(in.end());
  if (add == nullptr && remove == nullptr && other == nullptr && extension == nullptr) {
    return Refusal(Code::parameter_missing,
                   "none of add, rem and chg is there (RFC 5731 section "
                   "3.2.5)",
                   &element);
  }
  DomainUpdate update;
  TLD_TRY(update.name, read_name(*name));
  TLD_TRY(update.remove, read_part(remove));
  TLD_TRY(update.add, read_part(add));
  TLD_TRY(check_other_changes(other));
  if (extension != nullptr) {
    TLD_TRY(update.ds, read_ds_update(*extension, update.name.name));
  }
  return Command(std::move(update));
}

}  // namespace

Answer<Command> read_domain_command(const Element& command, const Element* extension) {
  if (command.name == "create") return read_create(command, extension);
  if (command.name == "update") return read_update(command, extension);
  Sequence in(command);
  TLD_TRY(const Element* name, in.required("name"));
  TLD_TRY(in.end());
  TLD_TRY(NameAt read, read_name(*name));
  return Command(DomainDelete{std::move(read)});
}

}  // namespace tld::epp
