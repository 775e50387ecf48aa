// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_uri.h"

#include <algorithm>
#include <utility>

namespace tld::hsm {
namespace {

constexpr auto kind_of_uri =
    static_cast<P11KitUriType>(P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_MODULE);

// "file:/path" and "file:///path" (RFC 8089); empty for anything else.
std::string path_of(const char* source) {
  std::string text = source != nullptr ? source : "";
  if (!text.starts_with("file:")) return {};
  text.erase(0, 5);
  if (text.starts_with("///")) text.erase(0, 2);
  return text.starts_with("/") && !text.starts_with("//") ? text : std::string();
}

// A PIN that was put where its file's name belongs does not get into messages.
std::string without_query(const std::string& text) {
  return "'" + text.substr(0, std::min(text.find('?'), text.find("pin-"))) + "'";
}

std::string checked_text(const char* text) {
  return text != nullptr ? text : "";
}

}  // namespace

base::Result<TokenUri> TokenUri::parse(const std::string& text) {
  TokenUri out;
  out.uri_.reset(p11_kit_uri_new());
  const int code = p11_kit_uri_parse(text.c_str(), kind_of_uri, out.uri_.get());
  // Before any message that would show it.
  if (text.find("pin-value") != std::string::npos) {
    return base::refused("a token URI must not hold a pin-value; use pin-source=file:/path");
  }
  if (text.find("pin-source") != text.rfind("pin-source")) {
    return base::refused("a token URI must not hold more than one pin-source");
  }
  out.text_ = without_query(text);
  if (code != P11_KIT_URI_OK) {
    return base::invalid_input(out.text_ + " is no PKCS #11 URI: " + p11_kit_uri_message(code));
  }
  if (p11_kit_uri_any_unrecognized(out.uri_.get()) != 0) {
    return base::invalid_input(out.text_ + " has an unknown attribute (RFC 7512)");
  }
  out.module_path_ = checked_text(p11_kit_uri_get_module_path(out.uri_.get()));
  if (!out.module_path_.starts_with("/")) {
    return base::invalid_input(out.text_ + " has no module-path=/absolute/path");
  }
  out.pin_file_ = path_of(p11_kit_uri_get_pin_source(out.uri_.get()));
  if (out.pin_file_.empty()) {
    return base::invalid_input(out.text_ + " has no pin-source=file:/absolute/path");
  }
  return out;
}

bool TokenUri::matches(const CK_TOKEN_INFO& info) const {
  return p11_kit_uri_match_token_info(uri_.get(), const_cast<CK_TOKEN_INFO*>(&info)) != 0;
}

}  // namespace tld::hsm
