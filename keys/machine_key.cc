// SPDX-License-Identifier: GPL-2.0-only
#include "keys/machine_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace tld::keys {
namespace {

constexpr std::size_t signature_octets = 64;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

EVP_PKEY* pkey(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Bio reading(std::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_ed25519(const EVP_PKEY* key) {
  return key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;
}

// Never asks for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

MachineKey::MachineKey(void* key)
    : key_(key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }) {}

base::Result<MachineKey> MachineKey::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) return base::unavailable("OpenSSL cannot make an Ed25519 key");
  return MachineKey(key);
}

base::Result<MachineKey> MachineKey::from_private_pem(std::string_view pem) {
  const Bio bio = reading(pem);
  MachineKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!is_ed25519(pkey(key.key_))) return base::invalid_input("not an Ed25519 private key in PEM");
  return key;
}

base::Result<MachineKey> MachineKey::from_public_pem(std::string_view pem) {
  const Bio bio = reading(pem);
  MachineKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  if (!is_ed25519(pkey(key.key_))) return base::invalid_input("not an Ed25519 public key in PEM");
  return key;
}

base::Result<std::string> MachineKey::private_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PrivateKey(bio.get(), pkey(key_), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return base::internal("OpenSSL cannot write the machine's key");
  }
  return content_of(bio.get());
}

base::Result<std::string> MachineKey::public_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PUBKEY(bio.get(), pkey(key_)) != 1) {
    return base::internal("OpenSSL cannot write the machine's public key");
  }
  return content_of(bio.get());
}

base::Result<std::string> MachineKey::sign(std::string_view octets) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(signature_octets, '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey(key_)) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     octets_of(octets), octets.size()) != 1 ||
      size != signature_octets) {
    return base::internal("OpenSSL cannot sign with the machine's key");
  }
  return signature;
}

bool MachineKey::verifies(std::string_view octets, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return signature.size() == signature_octets &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey(key_)) == 1 &&
         EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), octets_of(octets),
                          octets.size()) == 1;
}

}  // namespace tld::keys
