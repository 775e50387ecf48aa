// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl audit init, verify, show, export, archive, transcript
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/act.h"
#include "cli/audit_report.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "keys/adopted_people.h"
#include "keys/audit_archive.h"
#include "keys/audit_head.h"
#include "keys/audit_place.h"
#include "keys/input_file.h"
#include "keys/transcript.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_head_file = 64 << 20;  // a syslog

struct Options {
  std::vector<std::string> heads, discard;
  std::string key, archive, type, output;
  std::size_t limit = 50;
};

// --- init ---

base::Result<Report> init(const Chosen& chosen) {
  const fs::path directory = chosen.audit_log;
  std::error_code fault;
  if (fs::create_directories(directory, fault)) {
    fs::permissions(directory, fs::perms::owner_all | fs::perms::group_all, fault);
  }
  if (fault) return base::unavailable(directory.string() + ": " + fault.message());
  TLD_TRY(
      keys::AuditLog::create(directory, entry_by_this_user("", directory.string()), announce_head));
  Report report;
  report.json["audit-log"] = directory.string();
  report.text = fmt::format(
      "{}: an audit log; keep a copy of head.pub elsewhere, and syslog (authpriv) too\n",
      directory.string());
  return report;
}

// --- verify ---

base::Result<keys::MachineKey> key_for(const fs::path& directory, const Options& options) {
  if (options.key.empty()) return keys::audit_public_key(directory);
  TLD_TRY(const std::string pem, keys::read_input_file(options.key, keys::max_key_octets));
  auto key = keys::MachineKey::from_public_pem(pem);
  if (!key) return key.error().in(options.key);
  return key;
}

// "SEQUENCE:HASH", or a file with a signed head in it.
base::Result<keys::ChainLink> read_head(const std::string& text, const keys::MachineKey& key) {
  const auto plain = keys::read_plain_head(text);
  if (plain) return plain;
  const auto content = keys::read_input_file(text, max_head_file);
  if (!content) return plain.error().in(text + " is no file and no head");
  auto head = keys::find_signed_head(content.value(), key);
  if (!head) return head.error().in(text);
  return head;
}

base::Result<keys::AuditVerification> verified(const Chosen& chosen, const Options& options) {
  TLD_TRY(const fs::path directory, required_audit_directory(chosen));
  keys::AuditClaims claims;
  TLD_TRY(claims.key, key_for(directory, options));
  for (const std::string& text : options.heads) {
    TLD_TRY(auto head, read_head(text, *claims.key));
    claims.heads.push_back(std::move(head));
  }
  claims.archive = options.archive;
  return keys::verify_audit_log(directory, claims);
}

base::Result<Report> verify(const Chosen& chosen, const Options& options) {
  TLD_TRY(const auto found, verified(chosen, options));
  const keys::ChainLink head = found.reading.head();
  Report report;
  report.json = {{"lines", found.reading.lines.size()},
                 {"first", found.reading.before.sequence + 1},
                 {"sequence", head.sequence},
                 {"hash", head.hash},
                 {"warnings", nlohmann::ordered_json::array()}};
  for (const keys::AuditLine& line : found.reading.lines) {
    if (line.entry.type != "audit-torn" && line.entry.type != "audit-unsigned") continue;
    const std::string text = keys::audit_text(line.link.sequence, line.entry);
    report.json["warnings"].push_back(text);
    report.notes.push_back("warning: " + text);
  }
  report.text =
      fmt::format("lines {} to {} are in order\nhead {}:{}\n", found.reading.before.sequence + 1,
                  head.sequence, head.sequence, head.hash);
  return report;
}

// --- show, export ---

base::Result<Report> show(const Chosen& chosen, const Options& options) {
  TLD_TRY(const auto found, verified(chosen, options));
  Report report;
  report.json["entries"] = nlohmann::ordered_json::array();
  std::vector<const keys::AuditLine*> wanted;
  for (const keys::AuditLine& line : found.reading.lines) {
    if (options.type.empty() || line.entry.type == options.type) wanted.push_back(&line);
  }
  if (wanted.size() > options.limit) {
    wanted.erase(wanted.begin(), wanted.end() - static_cast<std::ptrdiff_t>(options.limit));
  }
  for (const keys::AuditLine* line : wanted) {
    auto json = keys::to_json(line->entry);
    json["sequence"] = line->link.sequence;
    report.json["entries"].push_back(std::move(json));
    report.text += keys::audit_text(line->link.sequence, line->entry) + "\n";
  }
  return report;
}

base::Result<Report> export_log(const Chosen& chosen, const Options& options) {
  TLD_TRY(const auto found, verified(chosen, options));
  TLD_TRY(auto file, OutputFile::create(options.output));
  for (const keys::AuditSegment& segment : found.segments) file.stream() << segment.text;
  TLD_TRY(file.commit());
  Report report;
  report.json = {{"output", options.output},
                 {"lines", found.reading.lines.size()},
                 {"sequence", found.reading.head().sequence},
                 {"hash", found.reading.head().hash}};
  report.text =
      fmt::format("{}: {} lines, head {}:{}\n", options.output, found.reading.lines.size(),
                  found.reading.head().sequence, found.reading.head().hash);
  return report;
}

// --- archive ---

base::Result<keys::Retention> retention_of(const fs::path& directory) {
  TLD_TRY(const auto people, keys::adopted_people(directory));
  return people ? people->retention : keys::Retention{};
}

base::Status discard(const Chosen& chosen, const fs::path& segment,
                     const keys::Retention& retention, base::Time now) {
  const auto last = keys::check_discard(segment, retention, now);
  if (!last) return Act::refuse(chosen, "audit-discard", segment.string(), last.error());
  TLD_TRY(auto act, Act::begin(chosen, "audit-discard", segment.string(), {},
                               keys::detail_of_last(last.value())));
  std::error_code fault;
  fs::remove(segment, fault);
  base::Result<Report> outcome = Report{};
  if (fault) outcome = base::unavailable(segment.string() + ": " + fault.message());
  return act.end_step(std::move(outcome));
}

base::Result<Report> archive(const Chosen& chosen, const Options& options) {
  TLD_TRY(const fs::path directory, required_audit_directory(chosen));
  TLD_TRY(const auto retention, retention_of(directory));
  TLD_TRY(auto log, keys::AuditLog::open(directory, announce_head));
  const keys::AuditEntry by = entry_by_this_user("", "");
  TLD_TRY(const auto moved, keys::archive_audit_log(log, by, retention, options.archive));
  Report report;
  report.json["moved"] = moved;
  report.json["discarded"] = nlohmann::ordered_json::array();
  for (const std::string& name : moved) {
    report.text += fmt::format("{} is in {}\n", name, options.archive);
  }
  for (const std::string& name : options.discard) {
    const fs::path segment = fs::path(options.archive) / fs::path(name).filename();
    TLD_TRY(discard(chosen, segment, retention, by.time));
    report.json["discarded"].push_back(name);
    report.text += fmt::format("{} is discarded\n", name);
  }
  if (report.text.empty()) report.text = "nothing is old enough to be moved\n";
  return report;
}

// --- transcripts ---

base::Result<Report> show_transcript(const std::string& file, const std::string& head) {
  TLD_TRY(const std::string text, keys::read_input_file(file, keys::max_segment_octets));
  TLD_TRY(const auto lines, keys::read_transcript(text, file, head));
  Report report;
  report.json["lines"] = lines;
  report.text = keys::transcript_text(lines);
  if (head.empty())
    report.notes.emplace_back("warning: without --head nothing proves the last line");
  return report;
}

// --- declarations ---

using Command = base::Result<Report> (*)(const Chosen&, const Options&);

CLI::App* add(CLI::App& audit, Chosen& chosen, const char* name, const Help& help, Command run,
              const std::shared_ptr<Options>& options) {
  CLI::App* command = add_command(audit, chosen, name, help);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [&chosen, run, options] { return run(chosen, *options); });
  return command;
}

void add_claims(CLI::App* command, Options& options) {
  command->add_option("--head", options.heads,
                      "A head that was kept elsewhere, SEQUENCE:HASH or a file with signed ones "
                      "(its last counts), e.g. a syslog");
  command->add_option("--key", options.key,
                      "The log's public key as it was kept elsewhere; default: head.pub beside it");
  command->add_option("--archive", options.archive, "The directory with its archived segments");
}

void add_init(CLI::App& audit, Chosen& chosen) {
  CLI::App* command = add_command(
      audit, chosen, "init",
      {"Make this machine's audit log",
       "Makes an empty audit log and the key that signs its heads (docs/audit.md). From\n"
       "then on each act of tldctl on keys and publications stands in it. Whoever may\n"
       "write into the directory may append.",
       "  tldctl audit init --audit-log /var/lib/tld/audit"});
  command->add_option("--audit-log", chosen.audit_log, "The directory")->required();
  on_chosen(command, chosen, [&chosen] { return init(chosen); });
}

void add_reading(CLI::App& audit, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  add_claims(add(audit, chosen, "verify",
                 {"Check that nothing of the log was altered or cut off",
                  "Follows the chain over every line and compares it with the signed head beside\n"
                  "the log, and with heads that were kept elsewhere: only these show that lines\n"
                  "were cut off together with the head. Faults are named (docs/audit.md).",
                  "  tldctl audit verify --head /var/log/auth.log --key head.pub"},
                 verify, options),
             *options);
  const auto shown = std::make_shared<Options>();
  CLI::App* show_command =
      add(audit, chosen, "show",
          {"Show the last entries", "Verifies the log, then shows its last entries, oldest first.",
           "  tldctl audit show --type zone-approve --limit 20"},
          show, shown);
  add_claims(show_command, *shown);
  show_command->add_option("--type", shown->type, "Only entries of this type");
  show_command->add_option("--limit", shown->limit, "At most so many")->capture_default_str();
  const auto exported = std::make_shared<Options>();
  CLI::App* export_command =
      add(audit, chosen, "export",
          {"Write the whole log into one file",
           "Verifies the log, then writes its lines, those of the archive first, into one\n"
           "file, octet for octet.",
           "  tldctl audit export --archive /srv/audit-archive --output audit.jsonl"},
          export_log, exported);
  add_claims(export_command, *exported);
  export_command->add_option("--output", exported->output, "The file to write")->required();
}

void add_archive(CLI::App& audit, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      add(audit, chosen, "archive",
          {"Move old segments into the archive",
           "Moves each segment whose last line is older than audit.online of the adopted\n"
           "people's file (default P366D) into the archive, whole, and says so in the log.\n"
           "With --discard, removes the archive's oldest segment once its last line is\n"
           "older than audit.archive (default P1096D); never sooner.",
           "  tldctl audit archive --to /srv/audit-archive"},
          archive, options);
  command->add_option("--to", options->archive, "The archive's directory; it must be there")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--discard", options->discard, "Also discard this archived segment");
}

void add_transcript(CLI::App& audit, Chosen& chosen) {
  CLI::App* command =
      add_command(audit, chosen, "transcript",
                  {"Check and show the transcript of a ceremony",
                   "Follows the transcript's chain from its first line to its last, compares that\n"
                   "with the head that was read aloud and logged, and shows it for people.",
                   "  tldctl audit transcript kz-2027-1.transcript --head 4e07...b5d7"});
  const auto file = std::make_shared<std::string>();
  const auto head = std::make_shared<std::string>();
  command->add_option("FILE", *file, "The transcript")->required();
  command->add_option("--head", *head, "The SHA-256 of its last line");
  on_chosen(command, chosen, [file, head] { return show_transcript(*file, *head); });
}

}  // namespace

void add_audit(CLI::App& app, Chosen& chosen) {
  CLI::App* audit = app.add_subcommand("audit", "Keep and check the record of acts");
  audit->require_subcommand(1);
  add_init(*audit, chosen);
  add_reading(*audit, chosen);
  add_archive(*audit, chosen);
  add_audit_report(*audit, chosen);
  add_transcript(*audit, chosen);
}

}  // namespace tld::cli
