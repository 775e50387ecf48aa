// SPDX-License-Identifier: GPL-2.0-only
//
// What rdata_text() writes, read by programs that we did not write: ldns and BIND.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "dns/rdata.h"
#include "dns/rrset.h"
#include "dns/wire.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using namespace std::string_literals;

struct Record {
  RRType type;
  std::string rdata;
};

std::string all_octets_but(int first, int last) {
  std::string text;
  for (int octet = first; octet <= last; ++octet) text += static_cast<char>(octet);
  return text;
}

std::vector<Record> plain_records() {
  const std::string odd =
      std::string(Name::child(".\\\";()@$ \t\x7f\xff", name("kz.")).value().wire());
  return {
      {RRType::A, hex("c0000201")},
      {RRType::AAAA, hex("20010db8000000000000000000000001")},
      {RRType::AAAA, hex("00000000000000000000ffffc0000201")},
      {RRType::PTR, odd},
      {RRType::MX, hex("000a") + odd},
      {RRType::SRV, hex("0001 0002 01bb") + wire("s.kz.")},
      {RRType::HINFO, "\3a b\2\"\\"s},
      {RRType::NAPTR, hex("0001 0002") + "\1u\3e2u\x8!^.*$!\"!"s + odd},
      {RRType::TXT, "\0"s},
      {RRType::TXT, "\3a;b\0\2()"s},
      {RRType::TXT, '\x80' + all_octets_but(0, 127) + '\x80' + all_octets_but(128, 255)},
      {RRType::CAA, "\x80\5issueca.kz; a=\"b\""},
      {RRType::TLSA, hex("03 01 01") + std::string(32, 'x')},
      {RRType::SSHFP, hex("04 02") + std::string(32, 'x')},
      {static_cast<RRType>(731), hex("abcdef012345")},
      {static_cast<RRType>(17), odd + odd},
      {static_cast<RRType>(18), hex("0001") + odd},
  };
}

std::vector<Record> dnssec_records() {
  const Dnskey key{257, 3, 13, std::string(64, 'k')};
  const Rrsig rrsig{RRType::NSEC3,       13, 1, 3600, 0x7fffffff, 951782400, 1, name("kz."),
                    std::string(64, 's')};
  const Nsec3 nsec3{true,
                    {12, hex("aabbccdd")},
                    Nsec3Hash{1, 2, 3},
                    {RRType::NS, RRType::SOA, RRType::CAA, static_cast<RRType>(1234)}};
  return {
      {RRType::DNSKEY, key.wire()},
      {RRType::DS, make_ds(name("kz."), key, 2).value().wire()},
      {RRType::DS, make_ds(name("kz."), key, 4).value().wire()},
      {RRType::CDS, hex("0000 00 00 00")},
      {RRType::CDNSKEY, key.wire()},
      {RRType::RRSIG, rrsig.wire()},
      {RRType::NSEC3, nsec3.wire()},
      {RRType::NSEC3, Nsec3{}.wire()},
      {RRType::NSEC3PARAM, nsec3.parameters.nsec3param_wire()},
      {RRType::NSEC3PARAM, Nsec3Parameters().nsec3param_wire()},
      {RRType::ZONEMD, hex("00000001 01 01") + std::string(48, 'z')},
  };
}

class RdataReaders : public testing::Test {
 protected:
  RdataReaders() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tld-dns-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::ofstream out(zone_file());
    out << "kz. 60 IN SOA ns.kz. h.kz. 1 2 3 4 5\nkz. 60 IN NS ns.kz.\nns.kz. 60 IN A 192.0.2.1\n";
    for (const Record& record : records_) out << line(record);
  }
  ~RdataReaders() override { std::filesystem::remove_all(folder_); }

  std::string zone_file() const { return folder_ / "kz.zone"; }

  static std::string line(const Record& record) {
    // NSEC3 records stand at a name of their own; the rest share one.
    const std::string owner = record.type == RRType::NSEC3 ? "00000000000000000000000000000000.kz."
                              : record.type == RRType::DS  ? "d.kz."
                                                           : "n.kz.";
    return owner + " 60 IN " + to_text(record.type) + ' ' + rdata_text(record.type, record.rdata) +
           '\n';
  }

  // Standard output; fails the test unless the program ends with 0.
  static std::string run(const std::string& command) {
    std::string output;
    FILE* const pipe = popen(command.c_str(), "r");
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) output += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0) << command << '\n' << output;
    return output;
  }

  static std::vector<Record> all_records() {
    auto records = plain_records();
    for (auto& record : dnssec_records()) records.push_back(std::move(record));
    return records;
  }

  std::filesystem::path folder_;
  const std::vector<Record> records_ = all_records();
};

TEST_F(RdataReaders, LdnsReadsTheSameOctets) {
  // -U SOA: all types but SOA in RFC 3597's form.
  const std::string output = run("timeout 20 ldns-read-zone -U SOA " + zone_file() + " 2>&1");
  for (const Record& record : records_) {
    const std::string expected = "TYPE" + std::to_string(number(record.type)) + "\t\\# " +
                                 std::to_string(record.rdata.size()) + ' ' +
                                 base::to_hex(record.rdata) + '\n';
    EXPECT_NE(output.find(expected), std::string::npos) << line(record) << expected;
  }
}

TEST_F(RdataReaders, BindReadsTheSameOctets) {
  const std::string raw = folder_ / "kz.raw";
  run("timeout 20 named-compilezone -i none -k ignore -n ignore -r ignore -m ignore -M ignore "
      "-S ignore -F raw -o " +
      raw + " kz. " + zone_file() + " 2>&1");
  std::ifstream file(raw, std::ios::binary);
  const std::string octets{std::istreambuf_iterator<char>(file), {}};
  for (const Record& record : records_) {
    std::string expected;  // in BIND's raw format RDATA follows its length
    put_u16(expected, static_cast<std::uint16_t>(record.rdata.size()));
    expected += record.rdata;
    EXPECT_NE(octets.find(expected), std::string::npos) << line(record);
  }
}

}  // namespace
}  // namespace tld::dns
