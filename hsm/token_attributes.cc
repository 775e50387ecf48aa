// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_attributes.h"

#include <array>
#include <cstring>
#include <utility>

namespace tld::hsm {

Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  return octets(type, std::string(1, value ? '\x01' : '\0'));
}

Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  return octets(type, std::string(reinterpret_cast<const char*>(&value), sizeof value));
}

Template& Template::octets(CK_ATTRIBUTE_TYPE type, std::string value) {
  values_.emplace_back(type, std::move(value));
  return *this;
}

Template& Template::nested(CK_ATTRIBUTE_TYPE type, Template value) {
  nested_.push_back({type, std::move(value), {}});
  return *this;
}

std::vector<CK_ATTRIBUTE> Template::attributes() {
  std::vector<CK_ATTRIBUTE> out;
  for (auto& [type, value] : values_) out.push_back({type, value.data(), value.size()});
  for (Nested& each : nested_) {
    each.attributes = each.value.attributes();
    out.push_back(
        {each.type, each.attributes.data(), each.attributes.size() * sizeof(CK_ATTRIBUTE)});
  }
  return out;
}

base::Result<std::string> read_octets(Session& session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CK_FUNCTION_LIST& functions = session.functions();
  CK_RV code = functions.C_GetAttributeValue(session.handle(), object, &attribute, 1);
  if (code != CKR_OK) return token_error("C_GetAttributeValue", code);
  std::string out(attribute.ulValueLen, '\0');
  attribute.pValue = out.data();
  code = functions.C_GetAttributeValue(session.handle(), object, &attribute, 1);
  if (code != CKR_OK) return token_error("C_GetAttributeValue", code);
  out.resize(attribute.ulValueLen);
  return out;
}

base::Result<CK_ULONG> read_number(Session& session, CK_OBJECT_HANDLE object,
                                   CK_ATTRIBUTE_TYPE type) {
  TLD_TRY(const std::string octets, read_octets(session, object, type));
  CK_ULONG out = 0;
  if (octets.size() != sizeof out) return base::internal("the token gave a number of a wrong size");
  std::memcpy(&out, octets.data(), sizeof out);
  return out;
}

base::Result<bool> read_flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  TLD_TRY(const std::string octets, read_octets(session, object, type));
  return octets.size() == 1 && octets[0] != '\0';
}

base::Result<std::vector<CK_OBJECT_HANDLE>> find_objects(Session& session, Template wanted) {
  CK_FUNCTION_LIST& functions = session.functions();
  std::vector<CK_ATTRIBUTE> attributes = wanted.attributes();
  CK_RV code = functions.C_FindObjectsInit(session.handle(), attributes.data(), attributes.size());
  if (code != CKR_OK) return token_error("C_FindObjectsInit", code);
  std::vector<CK_OBJECT_HANDLE> out;
  std::array<CK_OBJECT_HANDLE, 64> some{};
  CK_ULONG count = 0;
  do {
    code = functions.C_FindObjects(session.handle(), some.data(), some.size(), &count);
    if (code == CKR_OK) out.insert(out.end(), some.begin(), some.begin() + count);
  } while (code == CKR_OK && count > 0);
  functions.C_FindObjectsFinal(session.handle());
  if (code != CKR_OK) return token_error("C_FindObjects", code);
  return out;
}

}  // namespace tld::hsm
