// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "hsm/pin.h"
#include "hsm/token_uri.h"
#include "tests/contract/folder.h"

namespace tld::hsm {
namespace {

const std::string good_uri =
    "pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/pin";
const std::string good =
    "socket: /run/tld/primary.sock\ntoken: \"" + good_uri +
    "\"\nsessions: 3\nallow-users: [root, 42]\noperation-deadline: PT7S\n"
    "zones:\n  - name: kz.\n    keys: [0102, 0304]\n    maximum-validity: P20D\n"
    "  - name: com.kz.\n    keys: [0102]\n";

class DaemonConfigFile : public testing::Test {
 protected:
  base::Result<DaemonConfig> read(const std::string& text) const {
    folder_.write("c.yaml", text);
    return read_daemon_config(folder_.path("c.yaml"));
  }
  // The error without the folder's name.
  std::string error(std::string text, const std::string& what, const std::string& by) const {
    text.replace(text.find(what), what.size(), by);
    const auto config = read(text);
    if (config.has_value()) return "accepted";
    EXPECT_EQ(config.error().kind, base::ErrorKind::invalid_input);
    return config.error().message.substr(folder_.path("").size());
  }
  test::Folder folder_;
};

TEST_F(DaemonConfigFile, IsRead) {
  const auto config = read(good);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config.value().socket, "/run/tld/primary.sock");
  EXPECT_EQ(config.value().sessions, 3U);
  EXPECT_EQ(config.value().operation_deadline, std::chrono::seconds(7));
  EXPECT_EQ(config.value().allowed_users, (std::vector<uid_t>{0, 42}));
  const auto& zones = config.value().zones;
  ASSERT_EQ(zones.size(), 2U);
  EXPECT_EQ(zones.at("\x01\x02").size(), 2U);
  EXPECT_EQ(zones.at("\x03\x04").at(0).maximum_validity, std::chrono::hours(20 * 24));
  EXPECT_EQ(zones.at("\x01\x02").at(1).maximum_validity, std::chrono::hours(31 * 24));
}

TEST_F(DaemonConfigFile, OnlyOurUserIsAllowedUnlessSaid) {
  std::string text = good;
  text.replace(text.find("allow-users: [root, 42]\n"), 24, "");
  EXPECT_EQ(read(text).value().allowed_users, std::vector<uid_t>{geteuid()});
}

// Each slip is one line that names file and line.
TEST_F(DaemonConfigFile, SlipsAreNamedWithTheirLine) {
  EXPECT_EQ(error(good, "sessions: 3", "sesions: 3").substr(0, 9), "c.yaml:3:");
  EXPECT_EQ(error(good, "PT7S", "7").substr(0, 9), "c.yaml:5:");
  EXPECT_EQ(error(good, "PT7S", "PT0S").substr(0, 9), "c.yaml:5:");
  EXPECT_EQ(error(good, "P20D", "P1M").substr(0, 9), "c.yaml:9:");
  EXPECT_EQ(error(good, "sessions: 3", "sessions: 0").substr(0, 9), "c.yaml:3:");
  EXPECT_EQ(error(good, "[root, 42]", "[no-such-user]").substr(0, 9), "c.yaml:4:");
  EXPECT_EQ(error(good, "name: kz.", "name: kz").substr(0, 9), "c.yaml:7:");
  EXPECT_EQ(error(good, "0304]", "03z4]").substr(0, 9), "c.yaml:8:");
  EXPECT_EQ(error(good, "0304]", "0102]").substr(0, 9), "c.yaml:8:");
  EXPECT_EQ(error(good, "socket: /run", "socket: run").substr(0, 9), "c.yaml:1:");
  EXPECT_EQ(error(good, "&pin-source=file:/etc/tld/pin", "").substr(0, 9), "c.yaml:2:");
  EXPECT_NE(error(good, "zones:", "zonen:"), "accepted");
  EXPECT_NE(error(good, "token:", "Token:"), "accepted");
  EXPECT_NE(error(good, "sessions: 3", "sessions: [3"), "accepted");
}

TEST_F(DaemonConfigFile, MissingFileIsNamed) {
  const auto config = read_daemon_config("/nonexistent/c.yaml");
  ASSERT_TRUE(config.has_error());
  EXPECT_NE(config.error().message.find("/nonexistent/c.yaml"), std::string::npos);
}

TEST(TokenUri, WantsModulePathAndPinSourceFile) {
  EXPECT_EQ(TokenUri::parse(good_uri).value().pin_file(), "/etc/tld/pin");
  const std::string module = "pkcs11:token=t?module-path=/m.so";
  EXPECT_EQ(TokenUri::parse(module + "&pin-source=file:///etc/pin").value().pin_file(), "/etc/pin");
  EXPECT_EQ(TokenUri::parse(module + "&pin-source=file:/a%20b").value().pin_file(), "/a b");
  for (const std::string& text :
       {module, module + "&pin-source=/etc/pin", module + "&pin-source=file:pin",
        module + "&pin-source=file://host/pin", module + "&pin-source=%7Cprogram",
        std::string("pkcs11:token=t?pin-source=file:/etc/pin"), std::string("pkcs11:"),
        std::string("file:/etc/pin"), std::string(""),
        std::string("pkcs11:token=t;colour=red?module-path=/m.so&pin-source=file:/p")}) {
    EXPECT_TRUE(TokenUri::parse(text).has_error()) << text;
  }
}

TEST(TokenUri, RefusesPinValueWithoutRepeatingIt) {
  const auto uri = TokenUri::parse(good_uri + "&pin-value=98765");
  ASSERT_TRUE(uri.has_error());
  EXPECT_EQ(uri.error().kind, base::ErrorKind::refused);
  EXPECT_EQ(uri.error().message.find("98765"), std::string::npos);
}

// Catches: a PIN in a log because `file:` was forgotten.
TEST(TokenUri, APinInThePlaceOfItsFileIsNotRepeated) {
  const std::string module = "pkcs11:token=t?module-path=/m.so";
  for (const std::string& text :
       {module + "&pin-source=98765", module + "&pin-source=98765&pin-source=file:/p",
        std::string("pkcs11:token=t;pin-source=98765?module-path=/m.so"),
        std::string("pkcs11:token=t&pin-source=98765"), module + "&pin-source=98765&%"}) {
    const auto uri = TokenUri::parse(text);
    ASSERT_TRUE(uri.has_error()) << text;
    EXPECT_EQ(uri.error().message.find("98765"), std::string::npos) << uri.error().message;
  }
}

class PinFile : public testing::Test {
 protected:
  base::Result<Pin> read(const std::string& text, unsigned mode = 0600) const {
    folder_.write("pin", text, mode);
    return Pin::read(folder_.path("pin"));
  }
  test::Folder folder_;
};

TEST_F(PinFile, LosesOneNewline) {
  EXPECT_EQ(read("1234\n").value().text(), "1234");
  EXPECT_EQ(read("1234").value().text(), "1234");
  EXPECT_EQ(read("1234\r\n").value().text(), "1234");
  EXPECT_EQ(read("1234\n\n").value().text(), "1234\n");
  EXPECT_EQ(read(" 12 34 ").value().text(), " 12 34 ");
  EXPECT_TRUE(read("1234", 0400).has_value());
}

TEST_F(PinFile, RefusesWhatOthersCouldReadOrReplace) {
  for (const unsigned mode : {0640U, 0604U, 0660U, 0620U, 0644U, 0610U, 0601U, 0666U}) {
    EXPECT_EQ(read("1234\n", mode).error().kind, base::ErrorKind::refused) << std::oct << mode;
  }
  EXPECT_EQ(Pin::read(folder_.path("")).error().kind, base::ErrorKind::refused);  // a directory
  EXPECT_EQ(Pin::read(folder_.path("none")).error().kind, base::ErrorKind::unavailable);
  ASSERT_EQ(mkfifo(folder_.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(Pin::read(folder_.path("fifo")).error().kind, base::ErrorKind::refused);
  ASSERT_EQ(symlink(folder_.path("pin").c_str(), folder_.path("link").c_str()), 0);
  EXPECT_EQ(Pin::read(folder_.path("link")).error().kind, base::ErrorKind::refused);
  EXPECT_TRUE(read("").has_error());
  EXPECT_TRUE(read("\n").has_error());
  EXPECT_TRUE(read(std::string(256, '1')).has_error());
}

TEST_F(PinFile, OfAnotherUserIsRefused) {
  folder_.write("pin", "1234\n");
  ASSERT_EQ(chown(folder_.path("pin").c_str(), 65'534, 65'534), 0) << "run the tests as root";
  EXPECT_EQ(Pin::read(folder_.path("pin")).error().kind, base::ErrorKind::refused);
}

// A refused PIN must be known again after a restart, and forgotten when the operator writes anew.
TEST_F(PinFile, RefusalIsRememberedUntilTheFileIsWritten) {
  const RefusedPin marker(folder_.path("marker"));
  const Pin first = read("1234\n").value();
  EXPECT_FALSE(marker.is_refused(first));
  ASSERT_TRUE(marker.remember(first).has_value());
  EXPECT_TRUE(marker.is_refused(first));
  EXPECT_TRUE(marker.is_refused(Pin::read(folder_.path("pin")).value()));
  EXPECT_FALSE(marker.is_refused(read("1234\n").value()));
  std::ifstream file(folder_.path("marker"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text.find("1234\n"), std::string::npos);
}

}  // namespace
}  // namespace tld::hsm
