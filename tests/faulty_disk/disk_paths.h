// SPDX-License-Identifier: GPL-2.0-only
//
// Which files a faulty disk is about: those in the folder TLD_FAULTY_DISK_FOLDER (an absolute path
// without symbolic links), and which faults they have now: TLD_FAULTY_DISK_CONTROL is a file that
// is read again at each call. Each line is one fault and, behind a space, where in the folder it
// is (a file, or a folder and all in it; nothing: everywhere):
//
//   full        no file takes more room than it has (blocks of 4096 octets): ENOSPC
//   read-only   nothing can be changed, by files that are open either: EROFS
//   broken      nothing can be changed or synced: EIO
//
// Thread rule: pure functions of the file system and the environment; safe from any thread.
#pragma once

#include <string>

namespace tld::faulty_disk {

enum class Fault { none, full, read_only, broken };

std::string variable(const char* name);
// Of a file that is open; "" when it is no file or folder on this disk. One that was removed has
// " (deleted)" behind its name.
std::string path_of(int fd);
// As openat(2) takes it; "" when it is not on this disk.
std::string path_at(int folder, const char* name);
Fault fault_at(const std::string& path);

}  // namespace tld::faulty_disk
