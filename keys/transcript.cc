// SPDX-License-Identifier: GPL-2.0-only
#include "keys/transcript.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/terminal_text.h"

namespace tld::keys {
namespace {

using Keys = std::vector<std::string>;

const Keys& keys_of_kind(const std::string& kind) {
  static const std::map<std::string, Keys> kinds = {
      {"begin", {"sequence", "kind", "time", "zone", "title", "script", "identity", "previous"}},
      {"step",
       {"sequence", "kind", "time", "name", "inputs", "outputs", "approvals", "result", "note",
        "previous"}},
      {"end", {"sequence", "kind", "time", "result", "previous"}}};
  static const Keys none;
  const auto found = kinds.find(kind);
  return found == kinds.end() ? none : found->second;
}

Json to_json(const std::map<std::string, std::string>& files) {
  Json json = Json::object();
  for (const auto& [name, sha256] : files) json[name] = sha256;
  return json;
}

Json to_json(const std::vector<Approver>& approvals) {
  Json json = Json::array();
  for (const Approver& one : approvals) {
    json.push_back(
        {{"person", one.person}, {"role", to_string(one.role)}, {"statement", one.statement}});
  }
  return json;
}

bool are_texts(const Json& json) {
  return std::all_of(json.begin(), json.end(), [](const Json& value) { return value.is_string(); });
}

bool is_of_its_kind(const std::string& key, const Json& value) {
  if (key == "sequence") return value.is_number_unsigned();
  if (key == "inputs" || key == "outputs") return value.is_object() && are_texts(value);
  if (key != "approvals") return value.is_string();
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) {
           return one.is_object() && one.size() == 3 && one.contains("person") &&
                  one.contains("role") && one.contains("statement") && are_texts(one);
         });
}

base::Status check_line(const Json& fields, bool is_first) {
  const auto wrong = [](const char* why) {
    return base::invalid_input(std::string("TRANSCRIPT-SYNTAX: ") + why);
  };
  Keys found;
  for (const auto& [key, value] : fields.items()) {
    if (!is_of_its_kind(key, value)) return wrong("a field is not of its kind");
    found.push_back(key);
  }
  const std::string kind = fields.value("kind", "");
  if (found != keys_of_kind(kind)) return wrong("the fields are not those of begin, step or end");
  if ((kind == "begin") != is_first) return wrong("begin stands first, and nowhere else");
  if (!utc_from_text(fields["time"].get<std::string>())) return wrong("the time is none");
  return base::ok();
}

base::Status check_fits(const std::string& line) {
  if (line.size() <= max_chained_line) return base::ok();
  return base::invalid_input("TRANSCRIPT-SIZE: a line would be longer than 65536 octets");
}

std::string text_of(const Json& line, const char* key) {
  return base::terminal_text(line[key].get<std::string>());
}

std::string files_text(const Json& files, const char* word) {
  std::string text;
  for (const auto& [name, sha256] : files.items()) {
    text += fmt::format("    {:<4} {}  SHA-256 {}\n", word, base::terminal_text(name),
                        base::terminal_text(sha256.get<std::string>()));
  }
  return text;
}

std::string step_text(const Json& line) {
  std::string text = fmt::format("{} {}: {}", text_of(line, "time"), text_of(line, "name"),
                                 text_of(line, "result"));
  const std::string note = text_of(line, "note");
  text += (note.empty() ? "" : ": " + note) + "\n";
  text += files_text(line["inputs"], "in") + files_text(line["outputs"], "out");
  for (const Json& one : line["approvals"]) {
    text += fmt::format("    approved by {}, {}\n", text_of(one, "person"), text_of(one, "role"));
  }
  return text;
}

}  // namespace

base::Result<Transcript> Transcript::create(const std::filesystem::path& path,
                                            const TranscriptBegin& begin, base::Time now) {
  const Json first = {
      {"kind", "begin"},      {"time", utc_text(now)},         {"zone", begin.zone},
      {"title", begin.title}, {"script", begin.script_sha256}, {"identity", begin.identity}};
  TLD_TRY(check_fits(chained_line({}, first)));
  TLD_TRY(auto file, GrowingFile::create(path, 0644));
  Transcript transcript(std::move(file));
  auto status = transcript.check_ready();
  if (status) status = transcript.write(first);
  if (status) return transcript;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // nothing stands in it
  return status.error();
}

base::Status Transcript::check_ready() {
  if (auto status = file_.check_in_place(); !status) return status.error().in("TRANSCRIPT-MOVED");
  return file_.keep_room(2 * (max_chained_line + 1));
}

base::Status Transcript::append(const TranscriptStep& step, base::Time now) {
  Json fields = {{"kind", "step"}, {"time", utc_text(now)}, {"name", step.name}};
  fields["inputs"] = to_json(step.inputs);
  fields["outputs"] = to_json(step.outputs);
  fields["approvals"] = to_json(step.approvals);
  fields["result"] = step.result;
  fields["note"] = first_octets(step.note, max_note);
  // Something was done: a line that says less is better than none.
  const std::string whole = chained_line(head_, fields);
  if (check_fits(whole)) return write(fields);
  fields["inputs"] = fields["outputs"] = Json::object();
  fields["approvals"] = Json::array();
  fields["note"] = fmt::format(
      "left out, the line would have had {} octets: {} inputs, {} outputs, {} approvals. {}",
      whole.size(), step.inputs.size(), step.outputs.size(), step.approvals.size(),
      first_octets(step.note, max_note));
  return write(fields);
}

base::Status Transcript::end(const std::string& result, base::Time now) {
  return write({{"kind", "end"}, {"time", utc_text(now)}, {"result", result}});
}

base::Status Transcript::write(const Json& fields) {
  const std::string line = chained_line(head_, fields);
  TLD_TRY(check_fits(line));
  TLD_TRY(file_.append(line + "\n"));
  head_ = {head_.sequence + 1, sha256_hex(line)};
  return base::ok();
}

base::Result<std::vector<Json>> read_transcript(std::string_view text, const std::string& source,
                                                const std::string& head) {
  std::vector<Json> lines;
  ChainLink last;
  const auto where = [&] { return fmt::format("{}:{}", source, lines.size() + 1); };
  const auto cut = [&](const char* why) {
    return base::invalid_input(fmt::format("{}: TRANSCRIPT-CUT: {}", where(), why));
  };
  for (std::size_t at = 0; at < text.size();) {
    if (!lines.empty() && lines.back()["kind"] == "end") return cut("lines behind the last one");
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return cut("the last line has no newline");
    auto line = read_chained_line(text.substr(at, end - at), "TRANSCRIPT");
    if (!line) return line.error().in(where());
    base::Status status = follows(line.value(), last, "TRANSCRIPT");
    if (status) status = check_line(line.value().fields, lines.empty());
    if (!status) return status.error().in(where());
    last = line.value().link;
    lines.push_back(std::move(line.value().fields));
    at = end + 1;
  }
  if (lines.empty() || lines.back()["kind"] != "end") return cut("there is no last line `end`");
  if (!head.empty() && head != last.hash) {
    return base::invalid_input(fmt::format(
        "{}:{}: TRANSCRIPT-HEAD: the last line has SHA-256 {}; the head that was kept is {}",
        source, lines.size(), last.hash, head));
  }
  return lines;
}

std::string transcript_text(const std::vector<Json>& lines) {
  std::string text;
  for (const Json& line : lines) {
    const std::string kind = line["kind"].get<std::string>();
    if (kind == "begin") {
      text += fmt::format("{}: {}\n  script SHA-256 {}\n{} begun by {}\n", text_of(line, "zone"),
                          text_of(line, "title"), text_of(line, "script"), text_of(line, "time"),
                          text_of(line, "identity"));
    } else if (kind == "step") {
      text += step_text(line);
    } else {
      text += fmt::format("{} ended: {}\n", text_of(line, "time"), text_of(line, "result"));
    }
  }
  return text;
}

}  // namespace tld::keys
