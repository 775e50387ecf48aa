// SPDX-License-Identifier: GPL-2.0-only
#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <streambuf>
#include <system_error>

#include "keys/audit_place.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;

base::Error file_error(const char* what, const fs::path& path, int error) {
  return base::refused(fmt::format("cannot {} {}: {}", what, path.string(),
                                   std::error_code(error, std::generic_category()).message()));
}

bool write_all(int file, const char* octets, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, octets, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    octets += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int file) : file_(file) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }
  int error() const { return error_; }

 protected:
  int_type overflow(int_type next) override {
    if (sync() != 0) return traits_type::eof();
    if (next != traits_type::eof()) sputc(traits_type::to_char_type(next));
    return traits_type::not_eof(next);
  }
  int sync() override {
    const bool written =
        error_ == 0 && write_all(file_, pbase(), static_cast<std::size_t>(pptr() - pbase()));
    if (!written && error_ == 0) error_ = errno;
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return written ? 0 : -1;
  }

 private:
  int file_;
  int error_ = 0;
  std::array<char, 65536> buffer_{};
};

// Where a symbolic link leads, so that the link stays and its target is replaced.
base::Result<fs::path> real_place(const fs::path& path) {
  std::error_code fault;
  const fs::file_status status = fs::status(path, fault);
  if (!fs::exists(status)) return path;
  if (!fs::is_regular_file(status)) {
    return base::refused(path.string() + " is there and is not a regular file; name another place");
  }
  const fs::path real = fs::canonical(path, fault);
  if (fault) return file_error("follow", path, fault.value());
  return real;
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

base::Error not_free(const fs::path& path) {
  return base::refused("SCRIPT-FILE: " + path.string() + " is there already; it stays as it is");
}

// 0, or errno: EEXIST when anything is at `to`, be it a link that leads nowhere.
int rename_to_free_place(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  const bool is_unknown = errno == EINVAL || errno == ENOSYS || errno == ENOTSUP;
  if (!is_unknown) return errno;
  if (::link(from, to) != 0) return errno;
  return ::unlink(from) == 0 ? 0 : errno;
}

}  // namespace

struct OutputFile::State {
  State(int descriptor, fs::path its_path, std::string written_to, Place its_place)
      : file(descriptor),
        path(std::move(its_path)),
        place(its_place),
        temporary(std::move(written_to)),
        buffer(file),
        stream(&buffer) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    ::close(file);
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }

  int file;
  fs::path path;
  Place place;
  std::string temporary;  // empty once it has been renamed
  DescriptorBuffer buffer;
  std::ostream stream;
};

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

std::ostream& OutputFile::stream() {
  return state_->stream;
}

base::Result<OutputFile> OutputFile::create(const fs::path& path) {
  if (!path.has_filename()) return base::refused(path.string() + " names no file");
  TLD_TRY(const fs::path real, real_place(path));
  return create_at(path, real, Place::replaced);
}

base::Result<OutputFile> OutputFile::create_new(const fs::path& path) {
  if (!path.has_filename()) return base::refused(path.string() + " names no file");
  std::error_code fault;
  if (fs::exists(fs::symlink_status(path, fault))) return not_free(path);
  return create_at(path, path, Place::must_be_free);
}

base::Result<OutputFile> OutputFile::create_at(const fs::path& path, const fs::path& real,
                                               Place place) {
  TLD_TRY(keys::check_not_in_audit_directory(real));
  std::string temporary =
      (directory_of(real) / ("." + real.filename().string() + ".XXXXXX")).string();
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return file_error("write", path, errno);
  return OutputFile(std::make_unique<State>(file, real, temporary, place));
}

base::Result<fs::path> OutputFile::flushed_path() {
  state_->stream.flush();
  if (!state_->stream) return file_error("write", state_->path, state_->buffer.error());
  return fs::path(state_->temporary);
}

base::Status OutputFile::take_place() {
  const char* const from = state_->temporary.c_str();
  const char* const to = state_->path.c_str();
  const bool is_any = state_->place == Place::replaced;
  const int error = is_any ? (::rename(from, to) == 0 ? 0 : errno) : rename_to_free_place(from, to);
  if (!is_any && error == EEXIST) return not_free(state_->path);
  if (error != 0) return file_error("write", state_->path, error);
  state_->temporary.clear();
  return base::ok();
}

base::Status OutputFile::commit() {
  TLD_TRY(flushed_path());
  State& state = *state_;
  if (::fchmod(state.file, 0644) != 0 || ::fsync(state.file) != 0) {
    return file_error("write", state.path, errno);
  }
  TLD_TRY(take_place());
  const int directory =
      ::open(directory_of(state.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  const int error = errno;
  if (directory >= 0) ::close(directory);
  if (!synced) return file_error("sync the directory of", state.path, error);
  return base::ok();
}

base::Result<OutputFile> open_output_file(const fs::path& path, Place place) {
  return place == Place::replaced ? OutputFile::create(path) : OutputFile::create_new(path);
}

base::Status write_output_file(const fs::path& path, std::string_view content, Place place) {
  TLD_TRY(auto file, open_output_file(path, place));
  file.stream() << content;
  return file.commit();
}

}  // namespace tld::cli
