// SPDX-License-Identifier: GPL-2.0-only
#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "base/duration.h"

namespace tld::base {
namespace {

// Where the last document begins; nothing else of it is kept.
class DocumentStart final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
  int line() const { return line_; }

 private:
  int line_ = 0;
};

std::optional<int> line_of_second_document(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return std::nullopt;
  return start.line();
}

}  // namespace

YamlMap::YamlMap(YAML::Node node, std::string path, std::shared_ptr<Shared> shared)
    : node_(std::move(node)), path_(std::move(path)), shared_(std::move(shared)) {
  if (!node_.IsMap()) {
    fail(node_, "", "must be a mapping of keys to values");
    return;
  }
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) {
      fail(entry.first, "", "a key must be a plain word");
    } else if (!seen.insert(entry.first.Scalar()).second) {
      fail(entry.first, entry.first.Scalar(), "is given twice");
    }
  }
}

// yaml-cpp takes the octet 4 for the end of the file, whatever is behind it.
Status YamlMap::check_octets(const std::string& yaml, const std::string& file) {
  const auto is_control = [](unsigned char octet) {
    return (octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r') || octet == 0x7f;
  };
  const auto found = std::find_if(yaml.begin(), yaml.end(), is_control);
  if (found == yaml.end()) return ok();
  return invalid_input(fmt::format("{}:{}: not YAML: a control character", file,
                                   std::count(yaml.begin(), found, '\n') + 1));
}

Result<YAML::Node> YamlMap::only_document(const std::string& yaml, const std::string& file) {
  TLD_TRY(check_octets(yaml, file));
  try {
    // Not YAML::LoadAll(): of a file that begins with a comma it makes documents without end.
    if (const auto second = line_of_second_document(yaml)) {
      return invalid_input(fmt::format(
          "{}:{}: a second document: a file has one, without a line `---` inside", file, *second));
    }
    return YAML::Load(yaml);
  } catch (const YAML::Exception& e) {
    return invalid_input(fmt::format("{}:{}: not YAML: {}", file, e.mark.line + 1, e.msg));
  }
}

YamlMap YamlMap::document(const std::string& yaml, const std::string& file) {
  auto shared = std::make_shared<Shared>();
  shared->file = file;
  auto node = only_document(yaml, file);
  if (!node) shared->status = node.error();
  return YamlMap(node ? node.value() : YAML::Node(YAML::NodeType::Map), "", std::move(shared));
}

void YamlMap::fail(const YAML::Node& at, const std::string& key, const std::string& why) {
  if (!shared_->status) return;
  const std::string where = path_ + (path_.empty() || key.empty() ? "" : ".") + key;
  const int line = at.IsDefined() ? at.Mark().line + 1 : node_.Mark().line + 1;
  shared_->status = invalid_input(
      fmt::format("{}:{}: {}{}{}", shared_->file, line, where, where.empty() ? "" : ": ", why));
}

void YamlMap::reject(const std::string& key, const std::string& why) {
  const YAML::Node& constant = node_;  // operator[] of a non-const node would insert
  fail(node_.IsMap() ? constant[key] : node_, key, why);
}

YAML::Node YamlMap::take(const std::string& key) {
  asked_.insert(key);
  if (!node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  const YAML::Node& constant = node_;  // operator[] of a non-const node would insert
  return constant[key];
}

bool YamlMap::scalar(const std::string& key, std::string& out) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return false;
  if (!node.IsScalar()) {
    fail(node, key, "must be a single value");
    return true;
  }
  out = node.Scalar();
  return true;
}

std::string YamlMap::text(const std::string& key) {
  std::string value;
  if (!scalar(key, value)) {
    fail(node_, key, "is missing");
  } else if (value.empty()) {
    reject(key, "is empty");
  }
  return value;
}

std::string YamlMap::text(const std::string& key, const std::string& otherwise) {
  std::string value;
  return scalar(key, value) ? value : otherwise;
}

std::int64_t YamlMap::number(const std::string& key, std::int64_t lowest, std::int64_t highest,
                             std::int64_t otherwise) {
  std::string value;
  if (!scalar(key, value)) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < lowest ||
      number > highest) {
    reject(key, fmt::format("'{}' is no whole number from {} to {}", value, lowest, highest));
    return otherwise;
  }
  return number;
}

std::chrono::seconds YamlMap::duration(const std::string& key, std::chrono::seconds otherwise) {
  std::string value;
  if (!scalar(key, value)) return otherwise;
  const auto parsed = parse_duration(value);
  if (!parsed) {
    reject(key, parsed.error().message);
    return otherwise;
  }
  return parsed.value();
}

std::vector<std::string> YamlMap::texts(const std::string& key) {
  std::vector<std::string> out;
  const YAML::Node list = take(key);
  if (!list.IsDefined()) return out;
  if (!list.IsSequence()) {
    fail(list, key, "must be a list");
    return out;
  }
  for (const YAML::Node& item : list) {
    if (!item.IsScalar()) {
      fail(item, key, "must be a list of single values");
    } else {
      out.push_back(item.Scalar());
    }
  }
  return out;
}

void YamlMap::maps(const std::string& key, const std::function<void(YamlMap&)>& read,
                   bool optional) {
  const YAML::Node list = take(key);
  if (!list.IsDefined()) {
    if (!optional) fail(node_, key, "is missing");
    return;
  }
  if (!list.IsSequence() || list.size() == 0) return fail(list, key, "must be a list, not empty");
  for (std::size_t i = 0; i < list.size(); ++i) {
    YamlMap item(list[i], fmt::format("{}{}{}[{}]", path_, path_.empty() ? "" : ".", key, i),
                 shared_);
    read(item);
    static_cast<void>(item.finish());  // its outcome is in the shared status
  }
}

void YamlMap::map(const std::string& key, const std::function<void(YamlMap&)>& read) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  YamlMap item(node, path_.empty() ? key : path_ + "." + key, shared_);
  read(item);
  static_cast<void>(item.finish());
}

Status YamlMap::finish() {
  if (node_.IsMap()) {
    for (const auto& entry : node_) {
      if (entry.first.IsScalar() && asked_.count(entry.first.Scalar()) == 0) {
        fail(entry.first, entry.first.Scalar(), "there is no such setting");
      }
    }
  }
  return shared_->status;
}

}  // namespace tld::base
