// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: names of domains and hosts as EPP has them (RFC 5731 §2.1, RFC 5732 §2.1).
//
// Thread rule: pure functions.
#pragma once

#include "dns/name.h"
#include "epp/code.h"
#include "epp/element.h"

namespace tld::epp {

// A name as it stands in a frame.
struct NameAt {
  dns::Name name;
  const Element* at = nullptr;
};

// Letters, digits and hyphens (RFC 952, RFC 1123 §2.1), case folded, a final dot allowed. 2003:
// empty; 2005: anything else: U-labels too, they have to come as A-labels (RFC 5891 §4.4).
Answer<NameAt> read_name(const Element& element);

// Every label with "--" in its third and fourth place is an A-label that decodes to the U-label
// that it was made from (RFC 5890 §2.3.1, §2.3.2.1): asked of names that come into being. 2005.
Answer<void> check_a_labels(const NameAt& name);

}  // namespace tld::epp
