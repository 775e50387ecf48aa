// SPDX-License-Identifier: GPL-2.0-only
//
// What somebody can and cannot have signed who owns pdns_server: connects as its user and sends
// tld-hsmd whatever he likes (docs/attacker.md).
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <functional>

#include "base/file_descriptor.h"
#include "hsm/proof.h"
#include "hsm/verify.h"
#include "tests/contract/situation.h"

namespace tld::hsm::test {
namespace {

using namespace std::string_literals;
using Change = std::function<void(RrsigInput&)>;

constexpr std::chrono::hours day{24};

class OwnedServer : public Situation {
 protected:
  void SetUp() override {
    start();
    ASSERT_TRUE(signs());
    before_ = token_.calls("C_Sign");
  }
  base::Result<std::string> ask(const Change& change) {
    RrsigInput input;
    change(input);
    return sign(input);
  }
  void expect_refused(const char* check, const Change& change) {
    const auto signature = ask(change);
    ASSERT_TRUE(signature.has_error()) << check;
    EXPECT_NE(signature.error().message.find(check), std::string::npos)
        << signature.error().message;
  }
  std::size_t before_ = 0;
};

// Catches: a way to new keys, to another zone, or to a signature that outlives the intruder for
// long. Nothing of it may even reach the token.
TEST_F(OwnedServer, IsRefusedWhatWouldOutliveIt) {
  for (const std::uint16_t type : {48, 59, 60}) {  // DNSKEY, CDS, CDNSKEY
    expect_refused("RRSIG-TYPE", [&](RrsigInput& i) { i.type = type, i.owner = i.signer; });
  }
  expect_refused("RRSIG-SIGNER", [](RrsigInput& i) { i.signer = "\x02zz\x00"s; });
  expect_refused("RRSIG-SIGNER", [](RrsigInput& i) { i.signer = "\0"s; });
  expect_refused("RRSIG-OWNER", [](RrsigInput& i) { i.owner = "\x03www\x02zz\x00"s; });
  expect_refused("RRSIG-VALIDITY", [](RrsigInput& i) { i.expiration = 40 * day; });
  expect_refused("RRSIG-AHEAD",
                 [](RrsigInput& i) { i.inception = 30 * day, i.expiration = 50 * day; });
  expect_refused("RRSIG-ALGORITHM",
                 [](RrsigInput& i) { i.algorithm = static_cast<Algorithm>(15); });
  EXPECT_EQ(token_.calls("C_Sign"), before_);
}

// Catches: octets that are not an RRset signed all the same, such as a digest, a TLS handshake, or
// a proof of possession, which a parent or a ceremony would believe.
TEST_F(OwnedServer, IsRefusedWhatIsNoRrset) {
  const KeyId& id = token_.key(Algorithm::ecdsap256sha256).id;
  const std::string good = RrsigInput{}.octets();
  for (const std::string& message :
       {""s, std::string(32, 'h'), std::string(64, '\x20') + "TLS 1.3, server CertificateVerify"s,
        proof_message(std::string(32, 'n')), good.substr(0, good.size() - 1), good + "\0"s,
        good + good, std::string(1 << 20, '\0')}) {
    EXPECT_TRUE(sign_now(*client(), id, message, in(milliseconds(5'000))).has_error())
        << message.size();
  }
  EXPECT_EQ(token_.calls("C_Sign"), before_);
  EXPECT_TRUE(signs());
}

// Catches: a key that is in the token and not in the configuration.
TEST_F(OwnedServer, CannotUseAnotherKeyOfTheToken) {
  process_.reset();
  start({.keys = {token_.key(Algorithm::ecdsap256sha256).id}});
  ASSERT_TRUE(signs());
  before_ = token_.calls("C_Sign");
  RrsigInput input;
  input.algorithm = Algorithm::rsasha256;
  EXPECT_EQ(sign(input).error().kind, base::ErrorKind::not_found);
  const KeyId& other = token_.key(Algorithm::rsasha256).id;
  EXPECT_TRUE(client()->prove(other, std::string(32, 'n'), in(milliseconds(2'000))).has_error());
  EXPECT_EQ(client()->list(in(milliseconds(2'000))).value().size(), 1U);
  EXPECT_EQ(token_.calls("C_Sign"), before_);
}

// What it can have: tld-hsmd does not know the registry. The page says so, and that for how long.
TEST_F(OwnedServer, CanHaveAnyOtherRrsetOfItsZone) {
  const Verifier verifier =
      Verifier::make(token_.key(Algorithm::ecdsap256sha256).public_key).value();
  const std::vector<Change> changes{
      [](RrsigInput& i) { i.type = 43, i.rdata = {std::string(36, '\x01')}; },  // DS
      [](RrsigInput& i) { i.owner = "\x01*\x02kz\x00"s; },                      // a wildcard
      [](RrsigInput& i) { i.type = 6, i.owner = i.signer; },                    // SOA
      [](RrsigInput& i) { i.expiration = 30 * day; },
      [](RrsigInput& i) { i.inception = -20 * day, i.expiration = 10 * day; }};
  for (const Change& change : changes) {
    RrsigInput input;
    change(input);
    const auto signature = sign(input);
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_TRUE(verifier.verify(input.octets(), signature.value()));
  }
}

// Catches: memory without end for requests that wait: 100 MiB of them, while the token hangs.
TEST_F(OwnedServer, CannotFillTheMemory) {
  process_.reset();
  start({.operation_deadline = "PT60S", .sessions = 1});
  ASSERT_TRUE(signs());
  before_ = token_.calls("C_Sign");
  token_.faults("hang 1\n");
  const KeyId& id = token_.key(Algorithm::ecdsap256sha256).id;
  std::atomic<int> answered{0};
  std::atomic<int> too_many{0};
  const auto count = [&](const base::Result<Signature>& result) {
    if (result.has_error() && result.error().message.find("too many") != std::string::npos) {
      ++too_many;
    }
    ++answered;
  };
  client()->sign(id, RrsigInput{}.octets(), in(milliseconds(60'000)), count);
  ASSERT_TRUE(eventually([&] { return token_.calls("C_Sign") > before_; }));
  constexpr int requests = 100;
  for (int i = 0; i < requests; ++i) {
    client()->sign(id, std::string(1 << 20, 'x'), in(milliseconds(60'000)), count);
  }
  EXPECT_TRUE(eventually([&] { return too_many >= requests - 64; }, milliseconds(30'000)));
  EXPECT_TRUE(health().reachable);
  EXPECT_EQ(health().queued, 64U);
  token_.faults("");
  EXPECT_TRUE(eventually([&] { return answered == requests + 1; }, milliseconds(30'000)));
  EXPECT_TRUE(signs());
}

// Catches: frames that are begun and never end, which keep the others out.
TEST_F(OwnedServer, UnfinishedFramesKeepNobodyOut) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path(token_).copy(address.sun_path, sizeof address.sun_path - 1);
  std::vector<base::FileDescriptor> open;
  for (int i = 0; i < 60; ++i) {
    base::FileDescriptor one(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string begun = "\0\x3f\xff\xff\x01\x01"s;  // a frame of 4 MiB
    ASSERT_EQ(send(one.get(), begun.data(), begun.size(), 0), ssize_t(begun.size()));
    open.push_back(std::move(one));
  }
  EXPECT_TRUE(signs());
}

}  // namespace
}  // namespace tld::hsm::test
