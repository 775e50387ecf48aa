// SPDX-License-Identifier: GPL-2.0-only
//
// RFC 5732's elements.
#include "epp/command.h"
#include "epp/reader.h"

namespace tld::epp {
namespace {

Answer<std::vector<AddressAt>> read_addresses(const std::vector<const Element*>& elements) {
  std::vector<AddressAt> out;
  for (const Element* one : elements) {
    TLD_TRY(AddressAt address, read_address(*one));
    out.push_back(std::move(address));
  }
  return out;
}

Answer<Command> read_create(const Element& element) {
  Sequence in(element);
  TLD_TRY(const Element* name, in.required("name"));
  const std::vector<const Element*> addresses = in.all("addr");
  TLD_TRY(in.end());
  HostCreate create;
  TLD_TRY(create.name, read_name(*name));
  TLD_TRY(create.addresses, read_addresses(addresses));
  return Command(std::move(create));
}

// host:add and host:rem. Statuses of hosts say nothing about the zone.
Answer<std::vector<AddressAt>> read_part(const Element* element) {
  if (element == nullptr) return std::vector<AddressAt>{};
  Sequence in(*element);
  const std::vector<const Element*> addresses = in.all("addr");
  in.all("status");
  TLD_TRY(in.end());
  return read_addresses(addresses);
}

Answer<Command> read_update(const Element& element) {
  Sequence in(element);
  TLD_TRY(const Element* name, in.required("name"));
  const Element* add = in.optional("add");
  const Element* remove = in.optional("rem");
  const Element* other = in.optional("chg");
  TLD_TRY(in.end());
  if (add == nullptr && remove == nullptr && other == nullptr) {
    return Refusal(Code::parameter_missing,
                   "none of add, rem and chg is there (RFC 5732 section "
                   "3.2.5)",
                   &element);
  }
  HostUpdate update;
  TLD_TRY(update.name, read_name(*name));
  TLD_TRY(update.remove, read_part(remove));
  TLD_TRY(update.add, read_part(add));
  if (other != nullptr) {
    Sequence inside(*other);
    TLD_TRY(const Element* new_name, inside.required("name"));
    TLD_TRY(inside.end());
    TLD_TRY(update.new_name, read_name(*new_name));
  }
  return Command(std::move(update));
}

}  // namespace

Answer<Command> read_host_command(const Element& command) {
  if (command.name == "create") return read_create(command);
  if (command.name == "update") return read_update(command);
  Sequence in(command);
  TLD_TRY(const Element* name, in.required("name"));
  TLD_TRY(in.end());
  TLD_TRY(NameAt read, read_name(*name));
  return Command(HostDelete{std::move(read)});
}

}  // namespace tld::epp
