// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_register.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "hsm/verify.h"
#include "keys/input_file.h"
#include "keys/key_steps.h"
#include "keys/record_file.h"
#include "keys/register_lines.h"
#include "keys/replace_file.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;

constexpr std::size_t max_octets = 4 << 20, max_line_octets = 8 << 10;
constexpr std::chrono::seconds lock_patience{3};

base::Error wrong(const char* check, const std::string& why) {
  return base::invalid_input(fmt::format("{}: {}", check, why));
}

std::string hex_of(const dns::Dnskey& dnskey) {
  const base::Sha256 fingerprint = dnskey.fingerprint();
  return base::to_hex(base::as_octets(fingerprint));
}

std::uint16_t revoked_tag(dns::Dnskey dnskey) {
  dnskey.flags |= dns::Dnskey::flag_revoke;
  return dnskey.key_tag();
}

bool tags_collide(const dns::Dnskey& a, const dns::Dnskey& b) {
  const std::uint16_t ours[] = {a.key_tag(), revoked_tag(a)};
  const std::uint16_t theirs[] = {b.key_tag(), revoked_tag(b)};
  return std::ranges::find_first_of(ours, theirs) != std::end(ours);
}

base::Status check_dnskey(const dns::Dnskey& dnskey) {
  if ((dnskey.flags != 256 && dnskey.flags != 257) || dnskey.protocol != 3) {
    return wrong("REGISTER-KEY", "its flags must be 256 or 257 and its protocol 3");
  }
  const hsm::PublicKey key{static_cast<hsm::Algorithm>(dnskey.algorithm), dnskey.public_key};
  auto verifier = hsm::Verifier::make(key);
  if (!verifier) return wrong("REGISTER-KEY", verifier.error().message);
  return base::ok();
}

base::Status check_new_key(const Keys& keys, const dns::Dnskey& dnskey) {
  TLD_TRY(check_dnskey(dnskey));
  const auto known = std::ranges::find(keys, dnskey, &ManagedKey::dnskey);
  if (known != keys.end()) {
    return wrong("REGISTER-KEY", "there is a line for " + known->describe() + " already");
  }
  return check_unused_tag(keys, dnskey);
}

}  // namespace

base::Status check_unused_tag(const Keys& keys, const dns::Dnskey& dnskey) {
  const auto known = std::ranges::find_if(
      keys, [&dnskey](const ManagedKey& key) { return tags_collide(key.dnskey, dnskey); });
  if (known == keys.end()) return base::ok();
  return base::refused(
      fmt::format("KEY-TAG-USED: the tag {} (revoked: {}) of the new key is one that {} has or "
                  "would have: make another key",
                  dnskey.key_tag(), revoked_tag(dnskey), known->describe()));
}

KeyRegister::KeyRegister(const dns::Name& apex)
    : apex_(apex), text_(register_line(RegisterHeader{apex.text()}) + "\n") {}

base::Status KeyRegister::take_key(const RegisterKey& key) {
  if (key.fingerprint != hex_of(key.dnskey)) {
    return wrong("REGISTER-KEY", "the SHA-256 of this DNSKEY's RDATA is " + hex_of(key.dnskey));
  }
  TLD_TRY(check_new_key(keys_, key.dnskey));
  const auto id = base::from_hex(key.id);
  if (!id || base::to_hex(id.value()) != key.id) {
    return wrong("REGISTER-KEY", "the id is not base16 in lower case");
  }
  if (key.foreign && !key.id.empty()) {
    return wrong("REGISTER-KEY", "a foreign key has no CKA_ID here");
  }
  keys_.push_back({key.dnskey, key.foreign, id.value(), {}});
  expects_generated_ = true;
  return base::ok();
}

base::Status KeyRegister::take_event(const RegisterEvent& line) {
  const KeyEvent& event = line.event;
  const auto key = std::ranges::find_if(
      keys_, [&](const ManagedKey& each) { return hex_of(each.dnskey) == line.fingerprint; });
  if (key == keys_.end()) return wrong("REGISTER-EVENT", "there is no such key");
  const bool first = key->events.empty() && event.kind == Kind::generated;
  if (!first) {
    if (auto status = check_order(*key, event.kind, event.time); !status) {
      return wrong("REGISTER-EVENT", status.error().message);
    }
  }
  key->events.push_back(event);
  expects_generated_ = false;
  return base::ok();
}

base::Status KeyRegister::take_line(std::string_view line) {
  if (line.size() > max_line_octets) return wrong("REGISTER-SIZE", "the line is longer than 8 KiB");
  auto read = read_register_line(line);
  if (!read) return wrong("REGISTER-SYNTAX", read.error().message);
  const auto* event = std::get_if<RegisterEvent>(&read.value());
  const auto* key = std::get_if<RegisterKey>(&read.value());
  if (expects_generated_ != (event != nullptr && event->event.kind == Kind::generated)) {
    return wrong("REGISTER-EVENT", "'generated' stands behind its key, and nowhere else");
  }
  if (event != nullptr) {
    TLD_TRY(take_event(*event));
  } else if (key != nullptr) {
    TLD_TRY(take_key(*key));
  } else {
    return wrong("REGISTER-SYNTAX", "a second first line");
  }
  text_.append(line).append("\n");
  return base::ok();
}

base::Result<KeyRegister> KeyRegister::parse(std::string_view text, dns::NameView apex,
                                             const std::string& source) {
  KeyRegister result{dns::Name(apex)};
  std::size_t line = 1;
  const auto fault = [&](const base::Error& error) {
    return error.in(fmt::format("{}:{}", source, line));
  };
  if (text.size() > max_octets) return fault(wrong("REGISTER-SIZE", "larger than 4 MiB"));
  const std::string header = result.text_;
  if (!text.starts_with(header)) {
    return fault(
        wrong("REGISTER-ZONE", "the first line is not " + header.substr(0, header.size() - 1)));
  }
  for (std::size_t at = header.size(); at < text.size();) {
    ++line;
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos)
      return fault(wrong("REGISTER-SYNTAX", "the line has no end"));
    if (auto status = result.take_line(text.substr(at, end - at)); !status) {
      return fault(status.error());
    }
    at = end + 1;
  }
  if (result.expects_generated_)
    return fault(wrong("REGISTER-EVENT", "its 'generated' is missing"));
  return result;
}

base::Result<KeyRegister> KeyRegister::read_file(const std::filesystem::path& path,
                                                 dns::NameView apex) {
  TLD_TRY(const std::string text, read_input_file(path, max_octets));
  return parse(text, apex, path.string());
}

base::Result<std::size_t> KeyRegister::add_key(const dns::Dnskey& dnskey, bool foreign,
                                               const std::string& id, base::Time generated) {
  const std::string fingerprint = hex_of(dnskey);
  KeyRegister next = *this;
  TLD_TRY(
      next.take_line(register_line(RegisterKey{fingerprint, dnskey, foreign, base::to_hex(id)})));
  TLD_TRY(
      next.take_line(register_line(RegisterEvent{fingerprint, {Kind::generated, generated, {}}})));
  *this = std::move(next);
  return keys_.size() - 1;
}

base::Status KeyRegister::add_event(const KeyStep& event, base::Time time) {
  const std::string fingerprint = hex_of(keys_.at(event.key).dnskey);
  return take_line(
      register_line(RegisterEvent{fingerprint, {event.kind, time, event.ds_ttl, event.token}}));
}

base::Status KeyRegister::leave_out_future(base::Time now) {
  base::Status found = base::ok();
  const auto is_future = [now](const KeyEvent& event) {
    return event.kind != Kind::generated && event.time > now + clock_tolerance;
  };
  for (ManagedKey& key : keys_) {
    const auto first = std::ranges::find_if(key.events, is_future);
    if (first == key.events.end()) continue;
    found =
        base::refused(fmt::format("REGISTER-FUTURE: {}: {} at {} has not happened yet",
                                  key.describe(), to_string(first->kind), time_text(first->time)));
    std::erase_if(key.events, is_future);
  }
  return found;
}

std::optional<std::size_t> KeyRegister::find(const base::Sha256& fingerprint) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].dnskey.fingerprint() == fingerprint) return i;
  }
  return std::nullopt;
}

base::Status KeyRegister::may_sign(std::size_t key) const {
  const ManagedKey& held = keys_.at(key);
  if (held.foreign) {
    return base::refused("KEY-FOREIGN: " + held.describe() + ": another operator's key");
  }
  const auto unused = held.has(Kind::activated) ? std::nullopt : held.time_of(Kind::removed);
  const auto over = held.has(Kind::retired) ? held.time_of(Kind::retired) : unused;
  if (!over) return base::ok();
  return base::refused(fmt::format("KEY-RETIRED: {}: since {}, never to sign again",
                                   held.describe(), time_text(*over)));
}

base::Status KeyRegister::replace_file(const std::filesystem::path& path) const {
  // What is compared is what is replaced: the server and tldctl write the same file.
  const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  auto lock = lock_directory(directory, lock_patience);
  if (!lock) return lock.error().in("cannot write " + path.string());
  auto there = read_input_file(path, max_octets);
  if (!there && there.error().kind != base::ErrorKind::not_found) return there.error();
  if (there && !text_.starts_with(there.value())) {
    return wrong("REGISTER-APPEND",
                 path.string() + " has lines that this register lacks: read it anew");
  }
  return keys::replace_file(path, text_);
}

}  // namespace tld::keys
