// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony that `tldctl ceremony hold` carries out by script.yaml, in the directory room.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/cli/ceremony_people.h"

namespace tld::cli::testing {

class HeldCeremony : public PeoplesCeremony {
 protected:
  HeldCeremony() {
    std::filesystem::create_directory(path("room"));
    EXPECT_EQ(request({"--zsk", path("zsk.dnskey"), path("spare.dnskey")}).exit_code, 0);
    for (const char* file : {"kz.ksr", "zsk.dnskey", "ksk.dnskey"}) {
      write(std::string("room/") + file, read(file));
    }
  }

  std::string step_input(const std::string& name) const {
    return fmt::format("  - {{step: input, file: {}, sha256: {}}}\n", name, sum("room/" + name));
  }
  std::string script(const std::string& steps, const char* from = "2020-01-01T00:00:00Z",
                     const char* until = "2099-01-01T00:00:00Z") const {
    return fmt::format(
        "zone: kz.\ntitle: KSK ceremony 1\nnot-before: {}\nnot-after: {}\nsteps:\n"
        "  - {{step: people, people: [ann, bob]}}\n{}",
        from, until, steps);
  }
  // With the KSK that there is. `before`: steps between the inputs and the signing.
  std::string signing_steps(const std::string& before = "") const {
    return step_input("kz.ksr") + step_input("ksk.dnskey") + before +
           "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: ksk, ksks: [{dnskey: "
           "ksk.dnskey}]}\n";
  }
  static std::string asking(const std::string& text) {
    return "  - {step: read-aloud, text: " + text + "}\n";
  }
  static std::string generating(const std::string& token) {
    return "  - {step: key-generate, role: ksk, algorithm: ECDSAP256SHA256, output: new.dnskey, "
           "token: " +
           token + "}\n";
  }

  // Ann's and Bob's of each act, over the script as it is.
  Words approvals(const Words& acts = {"ceremony", "activation"}) const {
    Words all;
    for (const std::string& act : acts) {
      for (const char* name : {"ann", "bob"}) all.push_back(approved(name, "script.yaml", act));
    }
    return all;
  }
  Outcome hold(const Words& approvals, const std::string& answers = "\n\n\n\n") const {
    write(".fixture/answers", answers);
    return hold_in(approvals, "", "<" + path(".fixture/answers"));
  }
  // What the transcript has when an answer (Enter) is due, "": at once; and what the shell does
  // before it is given.
  using Event = std::pair<std::string, std::string>;
  Outcome hold_while(const Words& approvals, const std::vector<Event>& events) const {
    std::string writer = "exec 3>room.fifo; ";
    for (const auto& [wanted, commands] : events) {
      if (!wanted.empty()) writer += wait_for(wanted);
      writer += commands + "; echo >&3; ";
    }
    const Outcome outcome =
        hold_in(approvals, "mkfifo room.fifo; ( " + writer + ") &", "<room.fifo");
    std::filesystem::remove(path("room.fifo"));
    return outcome;
  }

  // By the head that the audit log has, which ends with the ceremony.
  std::string transcript() const {
    const auto entry = last_entry();
    EXPECT_EQ(entry.at("type"), "ceremony");
    const Outcome shown = tldctl({"audit", "transcript", path(transcript_), "--head",
                                  entry.at("detail").at("transcript-head").get<std::string>()});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    return shown.out;
  }

  std::string transcript_ = "transcript";  // its file

 private:
  Outcome hold_in(const Words& approvals, const std::string& prefix,
                  const std::string& suffix) const {
    const Words all = {"ceremony",    "hold",       "--script",     path("script.yaml"),
                       "--directory", path("room"), "--transcript", path(transcript_),
                       "--ksk-token", ksk_token_};
    const Words given = approvals.empty() ? Words() : plus({"--approval"}, approvals);
    return tldctl(plus(plus(all, log_), given), prefix, suffix);
  }
  std::string wait_for(const std::string& text) const {
    return fmt::format(
        "n=0; until grep -qs '{}' {} || [ $n -gt 30000 ]; do sleep 0.01; n=$((n+1)); done; ", text,
        transcript_);
  }

  const std::string spare_ = next_zsk("spare.dnskey");
};

}  // namespace tld::cli::testing
