// SPDX-License-Identifier: GPL-2.0-only
//
// Strict reading of YAML settings: each key is asked for by name; a missing or repeated key, a
// value of the wrong kind, and a key that nobody asked for are errors "FILE:LINE: KEY: ...". The
// first error wins and is found in status() at the end, so that reading code stays a list of
// fields.
//
// Thread rule: used by one thread. yaml-cpp's exceptions do not leave this file.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace tld::base {

class YamlMap {
 public:
  // The top mapping of the one document that the file has: a second one, behind `---`, is an error.
  // `file` is for messages.
  static YamlMap document(const std::string& yaml, const std::string& file);

  std::string text(const std::string& key);  // required, not empty
  std::string text(const std::string& key, const std::string& otherwise);
  std::int64_t number(const std::string& key, std::int64_t lowest, std::int64_t highest,
                      std::int64_t otherwise);
  std::chrono::seconds duration(const std::string& key,
                                std::chrono::seconds otherwise);  // ISO 8601
  std::vector<std::string> texts(const std::string& key);  // a list of scalars; absent: empty
  // `read` is called for each mapping of the list; absent: error unless `optional`.
  void maps(const std::string& key, const std::function<void(YamlMap&)>& read,
            bool optional = false);
  // `read` is called with the mapping if it is there.
  void map(const std::string& key, const std::function<void(YamlMap&)>& read);

  // Says that the value of `key` is wrong.
  void reject(const std::string& key, const std::string& why);
  // Complains about keys that nobody asked for. Called for nested mappings by maps() and map().
  Status finish();

 private:
  struct Shared {
    std::string file;
    Status status = ok();
  };
  YamlMap(YAML::Node node, std::string path, std::shared_ptr<Shared> shared);
  static Status check_octets(const std::string& yaml, const std::string& file);
  static Result<YAML::Node> only_document(const std::string& yaml, const std::string& file);
  YAML::Node take(const std::string& key);
  bool scalar(const std::string& key, std::string& out);
  void fail(const YAML::Node& at, const std::string& key, const std::string& why);

  YAML::Node node_;
  std::string path_;
  std::shared_ptr<Shared> shared_;
  std::set<std::string> asked_;
};

}  // namespace tld::base
