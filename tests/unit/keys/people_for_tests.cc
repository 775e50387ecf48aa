// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/keys/people_for_tests.h"

#include <fmt/format.h>

#include <cstdlib>
#include <regex>

namespace tld::keys::testing {
namespace {

const RecordDirectory& key_directory() {
  static const RecordDirectory directory;
  return directory;
}

}  // namespace

std::string private_key(const std::string& name, const std::string& type) {
  const std::string file = name + "." + type;
  const std::string path = (key_directory() / file).string();
  if (!std::filesystem::exists(path)) {
    std::string words = type;
    if (type.starts_with("rsa")) words = "rsa -b " + type.substr(3);
    const std::string command =
        fmt::format("ssh-keygen -q -t {} -N '' -C {}@test -f {}", words, name, path);
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
  return path;
}

std::string public_key(const std::string& name, const std::string& type) {
  const std::string path = private_key(name, type);
  std::string text = key_directory().read(std::filesystem::path(path).filename().string() + ".pub");
  return text.substr(0, text.find('\n'));
}

std::string person_yaml(const std::string& name, const std::string& role, const std::string& more) {
  std::string text = fmt::format(
      "  - name: {}\n    role: {}\n    keys: [{}]\n    valid-from: 2026-01-01\n"
      "    expires: 2028-01-01\n",
      name, role, public_key(name));
  if (role != "observer" && role != "WI") text += "    observer-since: 2025-06-01\n";
  return text + more;
}

std::string six_people() {
  return "people:\n" + person_yaml("ann", "crypto-officer") + person_yaml("amy", "SO") +
         person_yaml("bob", "crypto-operator") + person_yaml("ben", "SA") +
         person_yaml("wit", "observer") + person_yaml("win", "WI");
}

People people_from(const std::string& yaml) {
  auto people = People::parse(yaml, "people.yaml");
  EXPECT_TRUE(people) << people.error().message;
  return people ? std::move(people).value() : People{};
}

std::string rule_broken(const std::string& yaml) {
  const auto people = People::parse(yaml, "people.yaml");
  if (people) return "";
  std::smatch found;
  const std::string& message = people.error().message;
  return std::regex_search(message, found, std::regex("PEOPLE-[A-Z-]+")) ? found.str() : message;
}

std::string approve(const std::string& person, const ApprovalRequest& request) {
  ApprovalStatement statement;
  statement.zone = request.zone;
  statement.act = request.act;
  statement.object = request.object;
  statement.person = person;
  statement.serial = random_serial();
  statement.from = request.now;
  statement.until = request.now + std::chrono::days{7};
  auto text = make_approval(statement, private_key(person));
  EXPECT_TRUE(text) << text.error().message;
  return text ? text.value() : "";
}

Approval approval_of(const std::string& text, const std::string& source) {
  auto approval = Approval::parse(text, source);
  EXPECT_TRUE(approval) << approval.error().message;
  return approval ? std::move(approval).value() : Approval{};
}

}  // namespace tld::keys::testing
