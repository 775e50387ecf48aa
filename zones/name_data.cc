// SPDX-License-Identifier: GPL-2.0-only
#include "zones/name_data.h"

#include <algorithm>
#include <charconv>

#include "dns/rdata.h"
#include "zones/check_rules.h"
#include "zones/stored_rows.h"

namespace tld::zones {
namespace {

std::string without_serial(const std::string& rdata) {
  auto soa = dns::Soa::from_wire(rdata);
  if (!soa) return rdata;
  soa.value().serial = 0;
  return soa.value().wire();
}

std::string stored_form(dns::RRType type, const std::string& rdata) {
  return type == dns::RRType::SOA ? without_serial(rdata) : rdata;
}

struct Line {
  dns::RRType type = dns::RRType::A;
  std::uint32_t ttl = 0;
  std::string rdata;
};

base::Result<Line> parse_line(std::string_view text, RdataParser& parser) {
  const std::size_t type_at = text.find(' ');
  const std::size_t rdata_at =
      type_at == std::string_view::npos ? type_at : text.find(' ', type_at + 1);
  if (rdata_at == std::string_view::npos) {
    return base::invalid_input(shown(std::string(text)) + " is not \"TTL TYPE RDATA\"");
  }
  Line line;
  const auto number = std::from_chars(text.data(), text.data() + type_at, line.ttl);
  if (number.ec != std::errc() || number.ptr != text.data() + type_at || line.ttl > dns::max_ttl) {
    return base::invalid_input(shown(std::string(text)) + " does not begin with a TTL");
  }
  const std::string type_text(text.substr(type_at + 1, rdata_at - type_at - 1));
  TLD_TRY(line.type, dns::rrtype_from_text(type_text));
  TLD_TRY(line.rdata, parser.parse_text(line.type, text.substr(rdata_at + 1)));
  return line;
}

}  // namespace

std::string text_of(const NameData& data) {
  std::string text;
  for (const dns::RRset& rrset : data.rrsets) {
    const std::string head = std::to_string(rrset.ttl) + " " + to_text(rrset.type) + " ";
    for (const std::string& rdata : rrset.rdatas) {
      text += head + dns::rdata_text(rrset.type, stored_form(rrset.type, rdata)) + "\n";
    }
  }
  return text;
}

base::Result<NameData> name_data_from_text(const dns::Name& name, const std::string& text,
                                           RdataParser& parser) {
  NameData data{name, {}};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    TLD_TRY(Line line, parse_line(std::string_view(text).substr(at, end - at), parser));
    at = end + 1;
    if (data.rrsets.empty() || data.rrsets.back().type != line.type) {
      data.rrsets.push_back({name, line.type, line.ttl, {}});
    }
    if (data.rrsets.back().ttl != line.ttl) {
      return base::invalid_input("ttl-single: " + to_text(line.type) + " has two TTLs");
    }
    data.rrsets.back().rdatas.push_back(std::move(line.rdata));
  }
  // Whatever its order was: what is compared and signed is canonical.
  std::sort(data.rrsets.begin(), data.rrsets.end(),
            [](const auto& a, const auto& b) { return a.type < b.type; });
  for (std::size_t i = 0; i < data.rrsets.size(); ++i) {
    if (i > 0 && data.rrsets[i].type == data.rrsets[i - 1].type) {
      return base::invalid_input(to_text(data.rrsets[i].type) + " records do not stand together");
    }
    dns::canonicalise(data.rrsets[i].rdatas);
  }
  return data;
}

base::Status check_reads_back(const NameData& data, RdataParser& parser) {
  for (const dns::RRset& rrset : data.rrsets) {
    if (is_made_by_the_signer(rrset.type)) continue;
    for (const std::string& rdata : rrset.rdatas) {
      const std::string text = dns::rdata_text(rrset.type, rdata);
      const auto back = parser.parse_text(rrset.type, text);
      if (back && back.value() == rdata) continue;
      return base::invalid_input("reads-back: " + to_text(rrset.type) + " " + shown(text) +
                                 " is read as " +
                                 (back ? "other data" : "a fault: " + back.error().message));
    }
  }
  return base::ok();
}

bool same_data(const NameData& a, const NameData& b) {
  if (a.rrsets.size() != b.rrsets.size()) return false;
  for (std::size_t i = 0; i < a.rrsets.size(); ++i) {
    const dns::RRset& x = a.rrsets[i];
    const dns::RRset& y = b.rrsets[i];
    if (x.type != y.type || x.ttl != y.ttl || x.rdatas.size() != y.rdatas.size()) return false;
    for (std::size_t n = 0; n < x.rdatas.size(); ++n) {
      if (stored_form(x.type, x.rdatas[n]) != stored_form(y.type, y.rdatas[n])) return false;
    }
  }
  return true;
}

void for_each_name(const ZoneContent& content, const std::function<void(const NameData&)>& visit) {
  for (std::size_t i = 0; i < content.size();) {
    NameData data{dns::Name(content[i].owner), {}};
    for (; i < content.size() && content[i].owner == data.name; ++i) {
      data.rrsets.push_back(content[i].copy());
    }
    visit(data);
  }
}

}  // namespace tld::zones
