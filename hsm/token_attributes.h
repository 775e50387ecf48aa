// SPDX-License-Identifier: GPL-2.0-only
//
// PKCS #11 attributes, read from objects and put together for templates.
//
// Thread rule: as the Session that is used.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "hsm/token.h"

namespace tld::hsm {

// Owns the values of a template.
class Template {
 public:
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& octets(CK_ATTRIBUTE_TYPE type, std::string value);
  // An array attribute: a template that the token keeps (CKA_UNWRAP_TEMPLATE).
  Template& nested(CK_ATTRIBUTE_TYPE type, Template value);
  // Valid until the template changes.
  std::vector<CK_ATTRIBUTE> attributes();

 private:
  struct Nested;
  std::vector<std::pair<CK_ATTRIBUTE_TYPE, std::string>> values_;
  std::vector<Nested> nested_;
};

struct Template::Nested {
  CK_ATTRIBUTE_TYPE type;
  Template value;
  std::vector<CK_ATTRIBUTE> attributes;  // of `value`, as they were asked for last
};

base::Result<std::string> read_octets(Session& session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE_TYPE type);
base::Result<CK_ULONG> read_number(Session& session, CK_OBJECT_HANDLE object,
                                   CK_ATTRIBUTE_TYPE type);
base::Result<bool> read_flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

base::Result<std::vector<CK_OBJECT_HANDLE>> find_objects(Session& session, Template wanted);

}  // namespace tld::hsm
