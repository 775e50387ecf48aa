// SPDX-License-Identifier: GPL-2.0-only
//
// Frames, and the result code and reason that each gets (docs/epp.md).
#pragma once

#include <string>
#include <vector>

#include "tests/unit/epp/frames.h"

namespace tld::epp::testing {

struct Case {
  const char* what;
  int code;
  std::string xml;
  const char* in_response;  // part of <value> or <reason>
};

std::vector<Case> syntax_cases();
std::vector<Case> value_cases();
std::vector<Case> unimplemented_cases();
std::vector<Case> association_cases();
std::vector<Case> policy_cases();

// --- frames of which they are made ---

inline const std::string n = "<domain:name>a.kz</domain:name>";
inline const std::string pw = "<domain:authInfo><domain:pw>x</domain:pw></domain:authInfo>";
inline const std::string ns1 =
    "<domain:ns><domain:hostObj>ns1.example.net</domain:hostObj></domain:ns>";

inline std::string name_only(const std::string& text) {
  return frame(domain("delete", "<domain:name>" + text + "</domain:name>"));
}
inline std::string create_host(const std::string& name, const std::string& rest = "") {
  return frame(host("create", "<host:name>" + name + "</host:name>" + rest));
}
inline std::string update_host(const std::string& name, const std::string& rest) {
  return frame(host("update", "<host:name>" + name + "</host:name>" + rest));
}
inline std::string v4(const std::string& address) {
  return "<host:addr ip=\"v4\">" + address + "</host:addr>";
}
inline std::string add_ds(const std::string& content) {
  return update_ds("a.kz", secdns("update", "<secDNS:add>" + content + "</secDNS:add>"));
}
inline std::string remove_ds(const std::string& content) {
  return update_ds("a.kz", secdns("update", "<secDNS:rem>" + content + "</secDNS:rem>"));
}
inline std::string ds_1_0(const std::string& verb, const std::string& content) {
  return update_ds(
      "a.kz",
      secdns("update", "<secDNS:" + verb + ">" + content + "</secDNS:" + verb + ">", "1.0"));
}
inline std::string add_ns(const std::string& name) {
  return frame(domain("update", n + "<domain:add><domain:ns><domain:hostObj>" + name +
                                    "</domain:hostObj></domain:ns></domain:add>"));
}
inline std::string many_ds(unsigned count) {
  std::string all;
  for (unsigned i = 0; i < count; ++i) all += ds_data(100 + i);
  return all;
}
inline std::string many_addresses(int count) {
  std::string all;
  for (int i = 1; i <= count; ++i) all += v4("192.0.2." + std::to_string(i));
  return all;
}

}  // namespace tld::epp::testing
