// SPDX-License-Identifier: GPL-2.0-only
//
// RegistryTransaction in SQL: the change feed is kept by the store's triggers.
//
// Thread rule: as RegistryTransaction.
#pragma once

#include "zones/database.h"
#include "zones/registry.h"

namespace tld::zones {

class SqlRegistryTransaction final : public RegistryTransaction {
 public:
  // Begins the transaction. May throw. Lifetime: the database's is longer.
  SqlRegistryTransaction(Database& database, std::string what, std::int64_t zone_id);

  base::Result<std::optional<Delegation>> delegation(dns::NameView name) override;
  base::Status put(const Delegation& delegation) override;
  base::Status remove_delegation(dns::NameView name) override;
  base::Result<std::optional<Host>> host(dns::NameView name) override;
  base::Status put(const Host& host) override;
  base::Status rename_host(dns::NameView from, dns::NameView to) override;
  base::Status remove_host(dns::NameView name) override;
  base::Result<std::vector<dns::Name>> delegations_of(dns::NameView host,
                                                      std::size_t limit) override;
  base::Result<std::vector<dns::Name>> hosts_below(dns::NameView name, std::size_t limit) override;
  base::Status commit() override;

 private:
  std::optional<long long> id_in(const char* table, dns::NameView name);
  void delete_of_delegation(long long id);
  base::Status put_nameservers(long long id, const std::vector<dns::Name>& nameservers);
  void put_ds(long long id, const std::vector<dns::Ds>& ds);
  base::Result<std::vector<dns::Name>> names(const std::string& query, std::size_t limit);

  Database& database_;
  soci::session& sql_;
  const std::string what_;
  const long long zone_id_;
  Transaction transaction_;
};

}  // namespace tld::zones
