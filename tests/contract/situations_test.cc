// SPDX-License-Identifier: GPL-2.0-only
//
// What goes wrong around a token and its process, and what must come of it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "hsm/proof.h"
#include "hsm/token_door.h"
#include "hsm/unix_socket.h"
#include "hsm/verify.h"
#include "tests/contract/situation.h"

namespace tld::hsm::test {
namespace {

TEST_F(Situation, KeyThatIsNotInTheTokenIsNamed) {
  const KeyInfo& there = token_.key(Algorithm::ecdsap256sha256);
  const KeyId absent(16, '\x5a');
  start({.keys = {there.id, absent}});
  ASSERT_TRUE(logs_in());
  EXPECT_NE(health().detail.find("5a5a5a5a"), std::string::npos) << health().detail;
  EXPECT_TRUE(signs());
  const auto signature =
      sign_now(*client(), absent, RrsigInput{}.octets(), in(milliseconds(2'000)));
  EXPECT_EQ(signature.error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(client()->list(in(milliseconds(2'000))).value().size(), 1U);
}

TEST_F(Situation, TokenThatIsNotThereIsNamed) {
  start();
  process_.reset();
  const std::string config = write_config(token_);
  std::ifstream file(config);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  text.replace(text.find("token=tld-"), 10, "token=xyz-");
  token_.folder().write("hsmd.yaml", text);
  process_.emplace(daemon_command(config));
  EXPECT_TRUE(says("no token is there")) << health().detail;
}

TEST_F(Situation, KilledProcessIsStartedAgain) {
  Supervisor supervisor({.token = "test", .command = daemon_command(write_config(token_))},
                        client(), std::make_shared<NullLog>());
  ASSERT_TRUE(signs());
  const pid_t first = supervisor.pid();
  token_.faults("delay-ms 300\n");
  std::atomic<int> answers{0};
  for (int i = 0; i < 20; ++i) {
    client()->sign(token_.key(Algorithm::ecdsap256sha256).id, RrsigInput{}.octets(),
                   in(milliseconds(10'000)), [&](base::Result<Signature> result) {
                     EXPECT_EQ(result.error().kind, base::ErrorKind::unavailable);
                     ++answers;
                   });
  }
  kill(first, SIGKILL);
  EXPECT_TRUE(eventually([&] { return answers == 20; }, milliseconds(2'000))) << answers;
  token_.faults("");
  EXPECT_TRUE(signs());
  EXPECT_NE(supervisor.pid(), first);
  EXPECT_EQ(supervisor.starts(), 2U);
}

TEST_F(Situation, HungProcessTimesOutAndIsReplaced) {
  Supervisor supervisor({.token = "test",
                         .command = daemon_command(write_config(token_)),
                         .silence = milliseconds(1'500),
                         .check_every = milliseconds(100)},
                        client(), std::make_shared<NullLog>());
  ASSERT_TRUE(signs());
  const pid_t first = supervisor.pid();
  kill(first, SIGSTOP);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sign({}, milliseconds(300)).error().kind, base::ErrorKind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1'000));
  EXPECT_TRUE(signs());
  EXPECT_NE(supervisor.pid(), first);
}

// A C_Sign cannot be cancelled: the process ends itself, and another takes its place.
TEST_F(Situation, StuckTokenCallEndsTheProcess) {
  start({.operation_deadline = "PT1S"});
  ASSERT_TRUE(signs());
  token_.faults("hang 1\n");
  EXPECT_EQ(sign({}, milliseconds(200)).error().kind, base::ErrorKind::timed_out);
  EXPECT_TRUE(health().reachable);  // one stuck session does not silence the process
  EXPECT_EQ(process_->status_within(milliseconds(5'000)), 75);
  token_.faults("");
  start();
  EXPECT_TRUE(signs());
}

TEST_F(Situation, RemovedDeviceIsOpenedAgain) {
  start();
  ASSERT_TRUE(signs());
  token_.faults("device-removed 1\n");
  EXPECT_EQ(sign().error().kind, base::ErrorKind::unavailable);
  token_.faults("");
  EXPECT_TRUE(signs());
  EXPECT_EQ(token_.calls("C_Login"), 2U);
}

TEST_F(Situation, RequestsThatWaitedTooLongDoNotReachTheToken) {
  start({.sessions = 1});
  ASSERT_TRUE(signs());
  const std::size_t before = token_.calls("C_Sign");
  token_.faults("delay-ms 250\n");
  std::atomic<int> late{0};
  for (int i = 0; i < 20; ++i) {
    client()->sign(token_.key(Algorithm::ecdsap256sha256).id, RrsigInput{}.octets(),
                   in(milliseconds(400)), [&](const base::Result<Signature>& result) {
                     if (result.has_error()) ++late;
                   });
  }
  EXPECT_TRUE(eventually([&] { return late >= 18; }, milliseconds(3'000))) << late;
  EXPECT_TRUE(eventually([&] { return health().queued == 0; }));
  token_.faults("");
  EXPECT_TRUE(signs());
  EXPECT_LE(token_.calls("C_Sign") - before, 4U);
}

// Listens on the token's socket and sends `answer` to whoever connects, then what comes echoes
// back.
class Impostor {
 public:
  Impostor(const std::string& path, std::string answer)
      : path_(path), answer_(std::move(answer)), socket_(bind_unix(path, 0600).value()) {
    listen(socket_.get(), 8);
    thread_ = std::thread([this] { run(); });
  }
  ~Impostor() {
    stop_ = true;
    thread_.join();
    unlink(path_.c_str());
  }

 private:
  void run() {
    std::vector<base::FileDescriptor> peers;
    while (!stop_) {
      base::FileDescriptor peer(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK));
      if (peer) peers.push_back(std::move(peer));
      for (base::FileDescriptor& known : peers) {
        char buffer[4096];
        const ssize_t size = recv(known.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (size <= 0) continue;
        const std::string reply =
            answer_.empty() ? std::string(buffer, std::size_t(size)) : answer_;
        (void)send(known.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
  }

  std::string path_;
  std::string answer_;
  base::FileDescriptor socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(Situation, NonsenseAnswersCostAConnectionAndNothingElse) {
  using namespace std::string_literals;
  const std::string frame_of_id_9999 = "\0\0\0\x0b\x01\x81\0\0\0\0\0\0\x27\x0f\0"s;
  for (const std::string& answer : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, std::string(5'000, '\xff'),
                                    std::string(64, '\0'), frame_of_id_9999, ""s /* an echo */}) {
    Impostor impostor(socket_path(token_), answer);
    const auto before = client()->statistics().malformed_frames;
    EXPECT_TRUE(eventually([&] {
      const auto result = sign({}, milliseconds(300));
      EXPECT_TRUE(result.has_error());
      EXPECT_TRUE(result.error().retry_can_help());
      return client()->statistics().malformed_frames > before;
    }));
    EXPECT_FALSE(health().logged_in);
  }
  start();
  EXPECT_TRUE(signs());
}

TEST_F(Situation, WithoutAProcessSignFailsAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sign({}, milliseconds(60'000)).error().kind, base::ErrorKind::unavailable);
  EXPECT_FALSE(health().reachable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(500));
  EXPECT_EQ(client()->list(in(milliseconds(100))).error().kind, base::ErrorKind::unavailable);
}

TEST_F(Situation, OnlyRrsigInputOfConfiguredZonesIsSigned) {
  start();
  ASSERT_TRUE(signs());
  const std::size_t before = token_.calls("C_Sign");
  RrsigInput other;
  other.signer = {"\x02zz\x00", 4};
  other.owner = {"\x03www\x02zz\x00", 8};
  EXPECT_EQ(sign(other).error().kind, base::ErrorKind::refused);
  EXPECT_NE(sign(other).error().message.find("RRSIG-SIGNER"), std::string::npos);
  RrsigInput dnskey;
  dnskey.owner = dnskey.signer;
  dnskey.type = 48;
  dnskey.rdata = {std::string("\x01\x00\x03\x0d", 4) + std::string(64, 'p')};
  EXPECT_NE(sign(dnskey).error().message.find("RRSIG-TYPE"), std::string::npos);
  const auto proof = proof_message(std::string(32, 'n'));
  EXPECT_EQ(
      sign_now(*client(), token_.key(Algorithm::ecdsap256sha256).id, proof, in(milliseconds(2'000)))
          .error()
          .kind,
      base::ErrorKind::refused);
  EXPECT_EQ(token_.calls("C_Sign"), before);
}

TEST_F(Situation, ProofsVerify) {
  start();
  const std::string nonce(32, 'n');
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    ASSERT_TRUE(logs_in());
    const KeyInfo& key = token_.key(algorithm);
    const auto proof = client()->prove(key.id, nonce, in(milliseconds(2'000)));
    ASSERT_TRUE(proof.has_value()) << proof.error().message;
    const Verifier verifier = Verifier::make(key.public_key).value();
    EXPECT_TRUE(verifier.verify(proof_message(nonce), proof.value()));
    EXPECT_FALSE(verifier.verify(nonce, proof.value()));
  }
  EXPECT_TRUE(client()->prove("x", "short", in(milliseconds(2'000))).has_error());
}

TEST_F(Situation, OtherUsersAreTurnedAway) {
  start({.more = "allow-users: [nobody]\n"});  // the test is root, who is not named
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_FALSE(eventually([&] { return health().reachable; }, milliseconds(1'000)));
  EXPECT_TRUE(sign().error().retry_can_help());
}

TEST_F(Situation, OneProcessPerSocketAndStaleSocketsAreReplaced) {
  start();
  ASSERT_TRUE(signs());
  Process second(daemon_command(write_config(token_)), "/dev/null");
  EXPECT_EQ(second.status_within(milliseconds(5'000)), 3);
  EXPECT_TRUE(signs());
  process_->signal(SIGKILL);
  process_->status_within(milliseconds(5'000));
  EXPECT_TRUE(std::filesystem::exists(socket_path(token_)));  // a dead process's
  start();
  EXPECT_TRUE(signs());
}

TEST_F(Situation, SocketDirectoryThatOthersCanWriteIsRefused) {
  chmod(token_.folder().path("").c_str(), 0777);
  process_.emplace(daemon_command(write_config(token_)), token_.folder().path("log"));
  EXPECT_EQ(process_->status_within(milliseconds(5'000)), 3);
  chmod(token_.folder().path("").c_str(), 0700);
}

TEST_F(Situation, SigtermStopsCleanly) {
  start();
  ASSERT_TRUE(signs());
  process_->signal(SIGTERM);
  EXPECT_EQ(process_->status_within(milliseconds(5'000)), 0);
  EXPECT_FALSE(std::filesystem::exists(socket_path(token_)));
}

// tld-hsmd must not outlive the server that started it, not even one that was killed.
TEST_F(Situation, ProcessStopsWithItsParent) {
  Process parent({TLD_BINARY_DIR "/tests/contract/supervise", write_config(token_)});
  ASSERT_TRUE(signs());
  parent.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return !health().reachable; }, milliseconds(5'000)));
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(socket_path(token_)); }));
}

TEST_F(Situation, ProcessStopsWithItsSupervisor) {
  pid_t pid = 0;
  {
    Supervisor supervisor({.token = "test", .command = daemon_command(write_config(token_))},
                          client(), std::make_shared<NullLog>());
    ASSERT_TRUE(signs());
    pid = supervisor.pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(Situation, CommandThatCannotStartIsTriedAgainWithoutHaste) {
  Supervisor supervisor({.token = "test", .command = {"/nonexistent/tld-hsmd"}}, client(),
                        std::make_shared<NullLog>());
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(supervisor.pid(), 0);
  Supervisor failing({.token = "test", .command = {"/bin/false"}}, client(),
                     std::make_shared<NullLog>());
  std::this_thread::sleep_for(milliseconds(1'000));
  EXPECT_GE(failing.starts(), 2U);
  EXPECT_LE(failing.starts(), 5U);
}

// In one process with PKCS #11, as tldctl does it.
TEST_F(Situation, TokenDoorSignsAndListsWithoutADaemon) {
  auto door = TokenDoor::open(token_.uri());
  ASSERT_TRUE(door.has_value()) << door.error().message;
  EXPECT_EQ(door.value()->list(in(milliseconds(5'000))).value().size(), 2U);
  const KeyInfo& key = token_.key(Algorithm::rsasha256);
  const auto signature = sign_now(*door.value(), key.id, "anything", in(milliseconds(5'000)));
  ASSERT_TRUE(signature.has_value());
  EXPECT_TRUE(Verifier::make(key.public_key).value().verify("anything", signature.value()));
  auto second = TokenDoor::open(token_.uri());  // the module is shared, and stays for the first
  ASSERT_TRUE(second.has_value());
  second.value().reset();
  EXPECT_TRUE(sign_now(*door.value(), key.id, "anything", in(milliseconds(5'000))).has_value());
  door.value().reset();
  token_.folder().write("wrong", "999999\n");
  const auto refused = TokenDoor::open(token_.uri(token_.folder().path("wrong")));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().kind, base::ErrorKind::refused);
}

}  // namespace
}  // namespace tld::hsm::test
