// SPDX-License-Identifier: GPL-2.0-only
//
// Frames for tests, and a registry that has something in it.
//
// Thread rule: one thread.
#pragma once

#include <string>
#include <vector>

#include "epp/epp.h"
#include "tests/unit/epp/memory_registry.h"

namespace tld::epp::testing {

// <command>'s content → a frame with the client's identifier ABC-12345.
std::string frame(const std::string& action, const std::string& extension = "");

// The object's content → the action. The prefixes are domain and host.
std::string domain(const std::string& verb, const std::string& content);
std::string host(const std::string& verb, const std::string& content);
// secDNS-1.1 (or 1.0) → an extension for frame(). `attributes` with a leading space.
std::string secdns(const std::string& verb, const std::string& content,
                   const std::string& version = "1.1", const std::string& attributes = "");

// domain:create of `name` with these hosts, all required elements there.
std::string create_domain(const std::string& name, const std::vector<std::string>& hosts,
                          const std::string& extension = "");
// domain:update of `name` with nothing but the extension.
std::string update_ds(const std::string& name, const std::string& extension);

std::string ds_data(unsigned tag, unsigned algorithm, unsigned digest_type,
                    const std::string& digest);
// With a digest of the right length, made of the one hex digit `fill`.
std::string ds_data(unsigned tag, unsigned algorithm = 13, unsigned digest_type = 2,
                    char fill = 'a');
std::string key_data(const dns::Dnskey& key);

Settings settings_of_kz();

// Zone kz.: hosts ns1.example.net and ns2.example.net outside, ns.nic.kz of the zone itself;
// domains a.kz (with host ns1.a.kz as its glue and two DS) and b.kz.
MemoryRegistry registry_of_kz();

// 2026-11-22T08:00:00Z, svTRID "SRV-1".
Reply send(MemoryRegistry& registry, const std::string& xml,
           const Settings& settings = settings_of_kz());

// Every file of tests/fuzz/corpus/epp_frame, in the order of their names.
std::vector<std::string> corpus();

}  // namespace tld::epp::testing
