// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone.h"

#include <map>

#include "tests/unit/zones/support.h"

namespace tld::zones {
namespace {

using dns::RRType;

const char* const ds =
    " DS 1 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

std::set<RRType> nsec3_types(const Zone& zone, std::string_view owner) {
  const auto hash = dns::nsec3_hash(name(owner), zone.nsec3_parameters());
  const Nsec3Link link = zone.ring_at(hash);
  if (link.hash != hash) throw std::runtime_error(std::string(owner) + " is not in the ring");
  const dns::RRset rrset = zone.signable(link.slot);
  return must(dns::Nsec3::from_wire(rrset.rdatas.at(0))).types;
}

bool in_ring(const Zone& zone, std::string_view owner) {
  const auto hash = dns::nsec3_hash(name(owner), zone.nsec3_parameters());
  return zone.ring_at(hash).hash == hash;
}

using Types = std::set<RRType>;

TEST(Zone, ApexHoldsWhatIsPublishedThere) {
  const auto zone = zone_of(with_apex("@ TXT x\n"), "kz.",
                            {{}, {RRType::DNSKEY, RRType::CDS, RRType::CDNSKEY}, 4000000000});
  const auto apex = zone->find(name("kz."));
  ASSERT_TRUE(apex.has_value());
  EXPECT_EQ(apex->kind(), NodeKind::apex);
  EXPECT_EQ(zone->serial(), 4000000000u);
  EXPECT_EQ(zone->soa_ttl(), 3600u);
  EXPECT_EQ(zone->nsec3_ttl(), 300u);
  EXPECT_EQ(zone->nsec3param_ttl(), 300u);
  const auto soa = apex->rrset(RRType::SOA);
  ASSERT_TRUE(soa && soa->authoritative);
  EXPECT_EQ(must(dns::Soa::from_wire(*soa->rdata.begin())).serial, 4000000000u);
  const auto nsec3param = apex->rrset(RRType::NSEC3PARAM);
  ASSERT_TRUE(nsec3param && nsec3param->authoritative);
  EXPECT_EQ(nsec3param->ttl, 300u);
  EXPECT_EQ(*nsec3param->rdata.begin(), std::string("\1\0\0\0\0", 5));
  EXPECT_FALSE(apex->rrset(RRType::DNSKEY).has_value());
  EXPECT_EQ(nsec3_types(*zone, "kz."),
            (Types{RRType::NS, RRType::SOA, RRType::TXT, RRType::RRSIG, RRType::NSEC3PARAM,
                   RRType::DNSKEY, RRType::CDS, RRType::CDNSKEY}));
}

TEST(Zone, DelegationsAndGlue) {
  const auto zone = zone_of(with_apex(std::string("s NS ns.s\ns NS s\n") + "s" + ds +
                                      "s A 192.0.2.1\nns.s A 192.0.2.2\nold.s A 192.0.2.3\n"
                                      "i NS ns.s\ni AAAA ::1\n"));
  const auto secure = zone->find(name("s.kz."));
  ASSERT_TRUE(secure.has_value());
  EXPECT_EQ(secure->kind(), NodeKind::delegation);
  EXPECT_FALSE(secure->rrset(RRType::NS)->authoritative);
  EXPECT_EQ(secure->rrset(RRType::NS)->slot, no_slot);
  EXPECT_TRUE(secure->rrset(RRType::DS)->authoritative);
  EXPECT_FALSE(secure->rrset(RRType::A)->authoritative);
  EXPECT_EQ(nsec3_types(*zone, "s.kz."), (Types{RRType::NS, RRType::DS, RRType::RRSIG}));
  const auto glue = zone->find(name("ns.s.kz."));
  ASSERT_TRUE(glue.has_value());
  EXPECT_EQ(glue->kind(), NodeKind::glue);
  EXPECT_FALSE(in_ring(*zone, "ns.s.kz."));
  EXPECT_FALSE(zone->find(name("old.s.kz.")).has_value()) << "orphan glue";
  const auto insecure = zone->find(name("i.kz."));
  EXPECT_FALSE(insecure->rrset(RRType::AAAA).has_value()) << "orphan glue at the cut";
  EXPECT_FALSE(in_ring(*zone, "i.kz."));
  EXPECT_EQ(zone->delegation_count(), 2u);
  EXPECT_EQ(zone->secure_delegation_count(), 1u);
}

TEST(Zone, EmptyNonTerminalsAreAllInTheRing) {
  const auto zone =
      zone_of(with_apex("x.y.ent NS ns.example.\nns.a.b NS ns.ns.a.b\n"
                        "ns.ns.a.b A 192.0.2.1\nh.g A 192.0.2.2\ng TXT t\n"));
  for (const char* ent : {"ent.kz.", "y.ent.kz.", "b.kz.", "a.b.kz."}) {
    const auto node = zone->find(name(ent));
    ASSERT_TRUE(node.has_value()) << ent;
    EXPECT_EQ(node->kind(), NodeKind::empty_non_terminal) << ent;
    EXPECT_TRUE(node->rrsets().empty());
    EXPECT_EQ(nsec3_types(*zone, ent), Types{}) << ent;
  }
  EXPECT_EQ(zone->find(name("g.kz."))->kind(), NodeKind::authoritative);
  EXPECT_EQ(zone->ring_size(), 7u);  // apex, four ENTs, g, h.g
}

// Glue below a cut makes no name between the cut and itself exist.
TEST(Zone, NoEmptyNonTerminalAboveGlue) {
  const auto zone = zone_of(with_apex("a NS ns.b.a\nns.b.a A 192.0.2.1\n"));
  EXPECT_FALSE(zone->find(name("b.a.kz.")).has_value());
  EXPECT_EQ(zone->node_count(), 3u);
}

TEST(Zone, NodesComeInCanonicalOrder) {
  const auto zone =
      zone_of(with_apex("b.ent NS ns.example.\nz NS ns.example.\nB NS ns.example.\n"));
  std::vector<std::string> names;
  zone->for_each_node([&](const Node& node) { names.push_back(node.name().text()); });
  EXPECT_EQ(names, (std::vector<std::string>{"kz.", "b.kz.", "ent.kz.", "b.ent.kz.", "z.kz."}));
}

TEST(Zone, SlotsAreInTheirOrder) {
  const auto zone = zone_of(with_apex(std::string("s NS ns.example.\ns") + ds + "h A 192.0.2.1\n"));
  std::vector<RRType> types;
  for (Slot slot = 0; slot < zone->slot_limit(); ++slot) {
    types.push_back(zone->signable(slot).type);
  }
  EXPECT_EQ(types, (std::vector<RRType>{RRType::NS, RRType::SOA, RRType::NSEC3PARAM, RRType::A,
                                        RRType::DS, RRType::NSEC3, RRType::NSEC3, RRType::NSEC3}));
}

TEST(Zone, RootAsApex) {
  const auto zone = zone_of(
      "$TTL 60\n. SOA a. b. 1 1800 900 604800 60\n. NS a.x.\n"
      "x. NS a.x.\na.x. A 192.0.2.1\n",
      ".");
  EXPECT_EQ(zone->find(name("x."))->kind(), NodeKind::delegation);
  EXPECT_EQ(zone->find(name("a.x."))->kind(), NodeKind::glue);
  EXPECT_EQ(zone->ring_size(), 1u);
  const dns::RRset nsec3 = zone->signable(static_cast<Slot>(zone->signature_count() - 1));
  EXPECT_EQ(nsec3.owner.view().label_count(), 1u);
}

TEST(Zone, RingOfOneIsItsOwnNeighbour) {
  const auto zone = zone_of(with_apex(""));
  for (const std::uint8_t octet : {0, 127, 255}) {
    dns::Nsec3Hash hash{};
    hash.fill(octet);
    const Nsec3Link link = zone->ring_at(hash);
    EXPECT_EQ(link.owner, name("kz.").view());
    EXPECT_EQ(link.hash, link.next);
  }
}

TEST(Zone, LivesWithoutItsContent) {
  std::shared_ptr<const Zone> zone;
  {
    const CheckReport report = check(content_of(with_apex("b.a NS ns.example.\n")));
    zone = must(build(*report.checked, {{}, {}, 1}));
  }
  EXPECT_EQ(zone->find(name("a.kz."))->name().text(), "a.kz.");
  EXPECT_EQ(*zone->find(name("b.a.kz."))->rrset(RRType::NS)->rdata.begin(),
            name("ns.example.").wire());
}

// The shape of RFC 5155 appendix A: its zone, with its salt and iterations. Wildcard and the
// records that are not served here are left out, so that the ring's neighbours differ from the
// appendix; the hashes are the appendix's own.
TEST(Zone, Rfc5155AppendixA) {
  const auto zone = zone_of(
      "$ORIGIN example.\n$TTL 3600\n@ SOA ns1 bugs.x.w 1 3600 300 3600000 3600\n@ NS ns1\n@ NS "
      "ns2\n"
      "@ MX 1 xx\n2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127\na NS ns1.a\na NS ns2.a\n"
      "a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C\nns1.a A 192.0.2.5\nns2.a A "
      "192.0.2.6\n"
      "ai A 192.0.2.9\nai HINFO \"KLH-10\" \"ITS\"\nai AAAA 2001:db8::f00:baa9\nc NS ns1.c\n"
      "c NS ns2.c\nns1.c A 192.0.2.7\nns2.c A 192.0.2.8\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
      "w.w MX 1 ai\nx.w MX 1 xx\nx.y.w MX 1 xx\nxx A 192.0.2.10\nxx HINFO \"KLH-10\" \"TOPS-20\"\n"
      "xx AAAA 2001:db8::f00:baaa\n",
      "example.", {{12, "\xaa\xbb\xcc\xdd"}, {RRType::DNSKEY}, 1});
  const std::map<std::string, std::string> owners{
      {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "example."},
      {"2t7b4g4vsa5smi47k61mv5bv1a22bojr", "ns1.example."},
      {"2vptu5timamqttgl4luu9kg21e0aor3s", "x.y.w.example."},
      {"35mthgpgcu1qg68fab165klnsnk3dpvl", "a.example."},
      {"b4um86eghhds6nea196smvmlo4ors995", "x.w.example."},
      {"gjeqe526plbf1g8mklp59enfd789njgi", "ai.example."},
      {"ji6neoaepv8b5o6k4ev33abha8ht9fgc", "y.w.example."},
      {"k8udemvp1j2f7eg6jebps17vp3n8i58h", "w.example."},
      {"kohar7mbb8dc2ce8a9qvl8hon4k53uhi", "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example."},
      {"q04jkcevqvmu85r014c7dkba38o0ji5r", "ns2.example."},
      {"t644ebqk9bibcna874givr6joj62mlhv", "xx.example."}};
  std::map<std::string, std::string> ring;
  zone->for_each_nsec3(
      [&](const Nsec3Link& link) { ring[dns::to_base32hex(link.hash)] = link.owner.text(); });
  ring.erase("r53bq7cc2uvmubfu5ocmm6pers9tk9en");  // w.w: the appendix has *.w
  std::erase_if(ring, [](const auto& entry) { return entry.second == "w.w.example."; });
  EXPECT_EQ(ring, owners);
  EXPECT_EQ(nsec3_types(*zone, "example."),
            (Types{RRType::NS, RRType::SOA, RRType::MX, RRType::RRSIG, RRType::DNSKEY,
                   RRType::NSEC3PARAM}));
  EXPECT_EQ(nsec3_types(*zone, "ai.example."),
            (Types{RRType::A, RRType::HINFO, RRType::AAAA, RRType::RRSIG}));
  EXPECT_EQ(nsec3_types(*zone, "y.w.example."), Types{});
}

}  // namespace
}  // namespace tld::zones
