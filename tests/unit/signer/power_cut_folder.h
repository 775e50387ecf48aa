// SPDX-License-Identifier: GPL-2.0-only
//
// A disk in memory on which the power can fail, and that can be full. What was not synced when the
// power fails survives in part: of the writes some whole, some half, some as zeros; of the names
// made, changed and removed some.
//
// Thread rule: one thread.
#pragma once

#include <map>
#include <random>

#include "signer/log/log_folder.h"

namespace tld::signer {

struct Disk {
  struct File {
    std::string synced;
    std::vector<std::string> unsynced;
    std::string all() const {
      std::string out = synced;
      for (const auto& write : unsynced) out += write;
      return out;
    }
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  using NameChange = std::function<void(Names&)>;

  Names names, synced_names;
  std::vector<NameChange> unsynced_changes;
  std::uint64_t operations_left = UINT64_MAX;  // until the power fails
  std::uint64_t room = UINT64_MAX;             // octets

  bool has_power() {
    if (operations_left == 0) return false;
    --operations_left;
    return true;
  }
  void change(const NameChange& change) {
    change(names);
    unsynced_changes.push_back(change);
  }
  void sync_names() {
    synced_names = names;
    unsynced_changes.clear();
  }

  // What is left when the power comes back.
  void fail(std::mt19937& random) {
    for (const auto& change : unsynced_changes) {
      if (random() % 2 == 0) change(synced_names);
    }
    names = synced_names;
    unsynced_changes.clear();
    for (auto& [name, file] : names) {
      auto survivor = std::make_shared<File>();
      survivor->synced = file->synced + remains(file->unsynced, random);
      file = survivor;
    }
    synced_names = names;
    operations_left = UINT64_MAX;
  }

 private:
  static std::string remains(const std::vector<std::string>& writes, std::mt19937& random) {
    std::string out;
    for (const std::string& write : writes) {
      const std::size_t kept =
          std::array{write.size(), std::size_t{0}, random() % (write.size() + 1)}[random() % 3];
      out += write.substr(0, kept) + std::string(write.size() - kept, '\0');
    }
    if (random() % 2 == 0) out.resize(random() % (out.size() + 1));
    return out;
  }
};

class PowerCutFile final : public LogFile {
 public:
  PowerCutFile(Disk& disk, std::shared_ptr<Disk::File> file)
      : disk_(disk), file_(std::move(file)) {}
  base::Status append(std::string_view octets) override {
    if (!disk_.has_power()) return base::unavailable("no power");
    const auto fits = static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), disk_.room));
    disk_.room -= fits;
    file_->unsynced.emplace_back(octets.substr(0, fits));
    if (fits < octets.size()) return base::unavailable("No space left on device");
    return base::ok();
  }
  base::Status sync() override {
    if (!disk_.has_power()) return base::unavailable("no power");
    file_->synced = file_->all();
    file_->unsynced.clear();
    return base::ok();
  }
  base::Result<std::string> read_at(std::uint64_t offset, std::size_t octets) const override {
    const std::string all = file_->all();
    return offset < all.size() ? all.substr(offset, octets) : std::string();
  }
  base::Result<std::uint64_t> size() const override { return file_->all().size(); }
  bool is_linked() const override { return true; }

 private:
  Disk& disk_;
  const std::shared_ptr<Disk::File> file_;
};

class PowerCutFolder final : public LogFolder {
 public:
  explicit PowerCutFolder(Disk& disk) : disk_(disk) {}
  base::Status open() override { return power(); }
  base::Result<std::vector<std::string>> list() override {
    std::vector<std::string> out;
    for (const auto& [name, file] : disk_.names) out.push_back(name);
    return out;
  }
  base::Result<std::unique_ptr<LogFile>> create(const std::string& name) override {
    TLD_TRY(power());
    if (disk_.names.count(name) != 0) return base::unavailable("File exists: " + name);
    const auto file = std::make_shared<Disk::File>();
    disk_.change([name, file](Disk::Names& names) { names[name] = file; });
    return std::unique_ptr<LogFile>(std::make_unique<PowerCutFile>(disk_, file));
  }
  base::Result<std::unique_ptr<LogFile>> open_file(const std::string& name) override {
    return std::unique_ptr<LogFile>(std::make_unique<PowerCutFile>(disk_, disk_.names.at(name)));
  }
  base::Status rename(const std::string& from, const std::string& to) override {
    TLD_TRY(power());
    disk_.change([from, to, file = disk_.names.at(from)](Disk::Names& names) {
      names.erase(from);
      names[to] = file;
    });
    return base::ok();
  }
  base::Status remove(const std::string& name) override {
    TLD_TRY(power());
    if (const auto found = disk_.names.find(name); found != disk_.names.end()) {
      disk_.room += found->second->all().size();
    }
    disk_.change([name](Disk::Names& names) { names.erase(name); });
    return base::ok();
  }
  base::Status sync() override {
    TLD_TRY(power());
    disk_.sync_names();
    return base::ok();
  }
  base::Result<std::string> set_aside(const std::string&) override {
    return base::internal("nothing foreign is on this disk");
  }
  std::string path() const override { return "a disk in memory"; }

 private:
  base::Status power() {
    if (!disk_.has_power()) return base::unavailable("no power");
    return base::ok();
  }
  Disk& disk_;
};

}  // namespace tld::signer
