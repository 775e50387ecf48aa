// SPDX-License-Identifier: GPL-2.0-only
//
// Detached signatures with people's OpenSSH keys (OpenSSH PROTOCOL.sshsig): `ssh-keygen -Y` does
// the work, as a child process, so that keys in agents and in security keys are as good.
//
// Thread rule: safe from any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tld::keys {

// The armoured signature. `key`: a private key, or the public key of one in the agent. May ask for
// a passphrase on the terminal, or for a touch; two minutes at most. refused: ssh-keygen says no.
base::Result<std::string> ssh_sign(std::string_view octets, const std::string& name_space,
                                   const std::filesystem::path& key);

// refused: it is no signature over `octets` in that namespace by one of `keys` (as
// canonical_ssh_key() gives them), or its armour is not in its one canonical form.
base::Status ssh_verify(std::string_view octets, std::string_view armour,
                        const std::string& name_space, const std::vector<std::string>& keys);

// The same by the text of a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS), with all that
// it can say of them: who of it signed. `source`: its name, for messages. refused: nobody of it
// did.
base::Result<std::string> ssh_signer(std::string_view octets, std::string_view armour,
                                     const std::string& name_space,
                                     std::string_view allowed_signers, const std::string& source);

}  // namespace tld::keys
