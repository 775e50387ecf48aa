// SPDX-License-Identifier: GPL-2.0-only
//
// The two machines of a ceremony: a token with a ZSK, one with a KSK, and the commands between
// them.
#pragma once

#include <cstdlib>

#include "keys/dnskey_file.h"
#include "keys/signed_keys.h"
#include "tests/unit/cli/fixture.h"

namespace tld::cli::testing {

using Words = std::vector<std::string>;

inline Words plus(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class OfflineCeremony : public TldctlTest {
 protected:
  OfflineCeremony() {
    zsk_token_ = make_token("zsk");
    make_key(zsk_token_, "zsk");
    ksk_token_ = make_token("ksk");
    ksk_id_ = make_key(ksk_token_, "ksk");
  }

  // A further ZSK, in path(name).
  std::string next_zsk(const std::string& name) const {
    const std::string kept = read("zsk.dnskey");
    make_key(zsk_token_, "zsk");
    write(name, read("zsk.dnskey"));
    write("zsk.dnskey", kept);
    return path(name);
  }
  Outcome request(const Words& more = {}) const {
    const Words all = {"ksr",     "create",   "--zone",   "kz.",
                       "--token", zsk_token_, "--output", path("kz.ksr")};
    return tldctl(plus(all, more));
  }
  Outcome run(const Words& more) const {
    const Words all = {"ceremony",  "run",          "--zone",      "kz.",
                       "--request", path("kz.ksr"), "--ksk-token", ksk_token_,
                       "--ksk-id",  ksk_id_,        "--output",    path("new.skr")};
    return tldctl(plus(all, more));
  }
  // With the sum that the request has.
  Outcome sign(const Words& more) const {
    return run(plus(more, {"--request-sha256", sum("kz.ksr")}));
  }
  Outcome import(const Words& more) const {
    const Words all = {"skr",       "import",       "--zone",       "kz.",
                       "--install", path("kz.skr"), "--zsk",        path("zsk.dnskey"),
                       "--request", path("kz.ksr"), path("new.skr")};
    return tldctl(plus(all, more));
  }
  void first_quarter() const {
    ASSERT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
    const Outcome signed_ = sign({"--first"});
    ASSERT_EQ(signed_.exit_code, 0) << signed_.err;
    const Outcome imported = import({"--first"});
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
  }
  std::string sum(const std::string& name) const {
    const std::string command = "sha256sum " + path(name) + " >" + path(".fixture/sum");
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read(".fixture/sum").substr(0, 64);
  }
  keys::SignedKeys installed() const {
    return keys::SignedKeys::read_file(path("kz.skr"), apex_).value();
  }
  dns::Dnskey key(const std::string& name) const {
    return keys::read_dnskey_file(path(name), apex_).value();
  }

  const dns::Name apex_ = dns::Name::from_text("kz.").value();
  std::string zsk_token_, ksk_token_, ksk_id_;
};

}  // namespace tld::cli::testing
