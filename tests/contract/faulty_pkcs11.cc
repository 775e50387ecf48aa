// SPDX-License-Identifier: GPL-2.0-only
//
// A PKCS #11 module for tests that hands everything to a real one (TLD_FAULTY_PKCS11_MODULE,
// SoftHSM unless set) and makes C_Sign fail as the file named in TLD_FAULTY_PKCS11_CONTROL says.
// The file is read again at each C_Sign; each line is one fault:
//
//   delay-ms N           sleep first
//   wrong-signature 1    one bit of the signature is wrong
//   hang 1               do not return before the file says otherwise
//   device-removed 1     CKR_DEVICE_REMOVED
//   sign-error N         the CKR with that number, in base 10
//   lose-login N         C_Logout first, once for each N: as when an HSM was restarted behind a
//   client
//                        library that connects again by itself
//   lose-sessions N      C_CloseAllSessions first, likewise
//
// C_Login and C_Sign calls are appended to TLD_FAULTY_PKCS11_LOG, one line each, if that is set.
//
// Thread rule: as the real module. lose-sessions is for one session: SoftHSM frees those in use.
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace {

struct Faults {
  long delay_ms = 0;
  bool wrong_signature = false;
  bool hang = false;
  bool device_removed = false;
  long sign_error = 0;
  long lose_login = 0;
  long lose_sessions = 0;
};

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

Faults read_faults() {
  Faults out;
  std::ifstream file(variable("TLD_FAULTY_PKCS11_CONTROL", ""));
  std::string name;
  for (long value = 0; file >> name >> value;) {
    if (name == "delay-ms") out.delay_ms = value;
    if (name == "wrong-signature") out.wrong_signature = value != 0;
    if (name == "hang") out.hang = value != 0;
    if (name == "device-removed") out.device_removed = value != 0;
    if (name == "sign-error") out.sign_error = value;
    if (name == "lose-login") out.lose_login = value;
    if (name == "lose-sessions") out.lose_sessions = value;
  }
  return out;
}

void log_call(const char* line) {
  const std::string path = variable("TLD_FAULTY_PKCS11_LOG", "");
  if (path.empty()) return;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  const std::string text = std::string(line) + "\n";
  if (write(file, text.data(), text.size()) < 0) std::abort();  // a test would count wrong
  close(file);
}

CK_FUNCTION_LIST* load_real() {
  const std::string path = variable("TLD_FAULTY_PKCS11_MODULE", "/usr/lib/softhsm/libsofthsm2.so");
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  return get != nullptr && get(&list) == CKR_OK ? list : nullptr;
}

CK_FUNCTION_LIST* real() {
  static CK_FUNCTION_LIST* const list = load_real();
  return list;
}

void lose(CK_SESSION_HANDLE session, const Faults& faults) {
  static std::atomic<long> login{0};
  static std::atomic<long> sessions{0};
  if (login.exchange(faults.lose_login) < faults.lose_login) real()->C_Logout(session);
  if (sessions.exchange(faults.lose_sessions) >= faults.lose_sessions) return;
  CK_SESSION_INFO info{};
  if (real()->C_GetSessionInfo(session, &info) == CKR_OK) real()->C_CloseAllSessions(info.slotID);
}

CK_RV faulty_sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG data_size, CK_BYTE* signature,
                  CK_ULONG* signature_size) {
  log_call("C_Sign");
  const Faults faults = read_faults();
  std::this_thread::sleep_for(std::chrono::milliseconds(faults.delay_ms));
  while (read_faults().hang) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  lose(session, faults);
  const CK_RV code = real()->C_Sign(session, data, data_size, signature, signature_size);
  if (faults.device_removed) return CKR_DEVICE_REMOVED;
  if (faults.sign_error != 0) return static_cast<CK_RV>(faults.sign_error);
  if (code == CKR_OK && faults.wrong_signature && signature != nullptr && *signature_size > 0) {
    signature[*signature_size / 2] ^= 1;
  }
  return code;
}

CK_RV logged_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR* pin,
                   CK_ULONG pin_size) {
  log_call("C_Login");
  return real()->C_Login(session, user, pin, pin_size);
}

CK_FUNCTION_LIST* faulty_list();

CK_RV get_faulty_list(CK_FUNCTION_LIST** list) {
  *list = faulty_list();
  return *list != nullptr ? CKR_OK : CKR_GENERAL_ERROR;
}

CK_FUNCTION_LIST* faulty_list() {
  if (real() == nullptr) return nullptr;
  static CK_FUNCTION_LIST list = [] {
    CK_FUNCTION_LIST out = *real();
    out.C_GetFunctionList = get_faulty_list;
    out.C_Sign = faulty_sign;
    out.C_Login = logged_login;
    return out;
  }();
  return &list;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  return get_faulty_list(list);
}
