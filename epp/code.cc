// SPDX-License-Identifier: GPL-2.0-only
#include "epp/code.h"

namespace tld::epp {

const char* to_text(Code code) {
  switch (code) {
    case Code::done:
      return "Command completed successfully";
    case Code::syntax:
      return "Command syntax error";
    case Code::parameter_missing:
      return "Required parameter missing";
    case Code::parameter_range:
      return "Parameter value range error";
    case Code::parameter_syntax:
      return "Parameter value syntax error";
    case Code::unimplemented_version:
      return "Unimplemented protocol version";
    case Code::unimplemented_command:
      return "Unimplemented command";
    case Code::unimplemented_option:
      return "Unimplemented option";
    case Code::unimplemented_extension:
      return "Unimplemented extension";
    case Code::exists:
      return "Object exists";
    case Code::does_not_exist:
      return "Object does not exist";
    case Code::status_prohibits:
      return "Object status prohibits operation";
    case Code::association_prohibits:
      return "Object association prohibits operation";
    case Code::parameter_policy:
      return "Parameter value policy error";
    case Code::unimplemented_object:
      return "Unimplemented object service";
    case Code::data_management_policy:
      return "Data management policy violation";
    case Code::failed:
      return "Command failed";
  }
  return "Command failed";
}

}  // namespace tld::epp
