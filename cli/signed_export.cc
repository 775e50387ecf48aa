// SPDX-License-Identifier: GPL-2.0-only
#include "cli/signed_export.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <memory>
#include <ostream>

#include "cli/output_file.h"
#include "cli/progress.h"
#include "dns/rrset.h"
#include "publish/verifiers.h"

namespace tld::cli {
namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* value) const { release(value); }
};
template <class T, void (*release)(T*)>
using Owned = std::unique_ptr<T, Release<T, release>>;
using Rdf = Owned<ldns_rdf, ldns_rdf_deep_free>;
using Rr = Owned<ldns_rr, ldns_rr_free>;
using Buffer = Owned<ldns_buffer, ldns_buffer_free>;
using Resolver = Owned<ldns_resolver, ldns_resolver_deep_free>;

struct Transferred {
  std::uint64_t records = 0, signatures = 0;
  std::uint32_t serial = 0;
};

std::string octets_of(const ldns_buffer* buffer) {
  return {reinterpret_cast<const char*>(ldns_buffer_begin(buffer)), ldns_buffer_position(buffer)};
}

// In our own presentation form: ldns 1.8 leaves characters unescaped that other programs stumble
// at.
base::Result<std::string> line_of(const ldns_rr* rr) {
  const Buffer owner(ldns_buffer_new(LDNS_MAX_DOMAINLEN + 1));
  const Buffer rdata(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (!owner || !rdata || ldns_rdf2buffer_wire(owner.get(), ldns_rr_owner(rr)) != LDNS_STATUS_OK ||
      ldns_rr_rdata2buffer_wire(rdata.get(), rr) != LDNS_STATUS_OK) {
    return base::invalid_input("the server sent a record that ldns cannot write");
  }
  TLD_TRY(const dns::Name name, dns::Name::from_wire(octets_of(owner.get())));
  const auto type = static_cast<dns::RRType>(ldns_rr_get_type(rr));
  return fmt::format("{}\t{}\tIN\t{}\t{}\n", name.text(), ldns_rr_ttl(rr), dns::to_text(type),
                     dns::rdata_text(type, octets_of(rdata.get())));
}

base::Result<Resolver> resolver_to(const SignedExport& wanted) {
  Rdf address(ldns_rdf_new_frm_str(
      wanted.server.find(':') == std::string::npos ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA,
      wanted.server.c_str()));
  if (!address) return base::invalid_input("--server: " + wanted.server + " is not an address");
  Resolver resolver(ldns_resolver_new());
  if (!resolver || ldns_resolver_push_nameserver(resolver.get(), address.get()) != LDNS_STATUS_OK) {
    return base::internal("ldns: no resolver");
  }
  ldns_resolver_set_port(resolver.get(), wanted.port);
  return resolver;
}

// The first record of a transfer is the SOA, and so is the last: that one is left out.
base::Result<Transferred> transfer(const SignedExport& wanted, ldns_resolver* resolver,
                                   std::ostream& out) {
  const std::string zone = wanted.zone.text();
  const std::string place =
      fmt::format("AXFR of {} from {} port {}", zone, wanted.server, wanted.port);
  const Rdf name(ldns_dname_new_frm_str(zone.c_str()));
  const ldns_status begun = ldns_axfr_start(resolver, name.get(), LDNS_RR_CLASS_IN);
  if (begun != LDNS_STATUS_OK) {
    return base::unavailable(place + ": " + ldns_get_errorstr_by_id(begun));
  }
  ProgressBar bar("transferring " + zone, "records");
  Transferred result;
  while (const Rr rr{ldns_axfr_next(resolver)}) {
    const ldns_rr_type type = ldns_rr_get_type(rr.get());
    if (type == LDNS_RR_TYPE_SOA && result.records > 0) continue;
    if (type == LDNS_RR_TYPE_SOA) result.serial = ldns_rdf2native_int32(ldns_rr_rdf(rr.get(), 2));
    if (type == LDNS_RR_TYPE_RRSIG) ++result.signatures;
    TLD_TRY(const std::string line, line_of(rr.get()));
    out << line;
    bar.update(++result.records, 0);
  }
  if (!ldns_axfr_complete(resolver)) {
    return base::unavailable(place + ": it was refused, or broken off after " +
                             std::to_string(result.records) +
                             " records; the server's log says why");
  }
  return result;
}

}  // namespace

base::Result<Report> export_signed(const SignedExport& wanted) {
  TLD_TRY(auto file, OutputFile::create(wanted.output));
  TLD_TRY(const auto resolver, resolver_to(wanted));
  TLD_TRY(const Transferred got, transfer(wanted, resolver.get(), file.stream()));
  Report report;
  report.json = {{"zone", wanted.zone.text()},    {"serial", got.serial},
                 {"records", got.records},        {"signatures", got.signatures},
                 {"verifiers", wanted.verifiers}, {"output", wanted.output}};
  if (wanted.serial && *wanted.serial != got.serial) {
    report.verdict = fmt::format("the server has serial {}, not {}; no file was written",
                                 got.serial, *wanted.serial);
    return report;
  }
  TLD_TRY(const auto path, file.flushed_path());
  TLD_TRY(const std::string complaint,
          publish::complaint_about(path, wanted.zone, {wanted.verifiers}));
  if (!complaint.empty()) {
    report.verdict = fmt::format("{}, serial {}, is refused: {}; no file was written",
                                 wanted.zone.text(), got.serial, complaint);
    return report;
  }
  TLD_TRY(file.commit());
  report.text =
      fmt::format("{}: serial {}, {} records, {} of them RRSIG; accepted by {} verifiers\n",
                  wanted.output, got.serial, got.records, got.signatures, wanted.verifiers.size());
  return report;
}

}  // namespace tld::cli
