// SPDX-License-Identifier: GPL-2.0-only
//
// All that a registry's store holds at one name, and its text: one record per line, "TTL TYPE
// RDATA", in canonical order. A SOA's serial is 0 there: a publication has it.
//
// Thread rule: values and pure functions; a RdataParser is the caller's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/rrset.h"
#include "zones/content.h"
#include "zones/rdata_parser.h"

namespace tld::zones {

struct NameData {
  dns::Name name;
  // By type; canonical; owners are `name`. Orphan glue is there too. None: nothing is at the name.
  std::vector<dns::RRset> rrsets;
};

std::string text_of(const NameData& data);
// invalid_input: a line that is none of text_of's.
base::Result<NameData> name_data_from_text(const dns::Name& name, const std::string& text,
                                           RdataParser& parser);
// invalid_input: text_of(data) would be read back as something else, or not at all. What the check
// type-dnssec refuses is passed over.
base::Status check_reads_back(const NameData& data, RdataParser& parser);

// The same but for the SOA's serial, which a publication decides.
bool same_data(const NameData& a, const NameData& b);

// Each name of `content` once, in canonical order.
void for_each_name(const ZoneContent& content, const std::function<void(const NameData&)>& visit);

}  // namespace tld::zones
