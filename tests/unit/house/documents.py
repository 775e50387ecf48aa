# SPDX-License-Identifier: GPL-2.0-only
"""What the documents say is there: files, options of our programs, counters."""

import re
import subprocess
from pathlib import Path

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
PATH = re.compile(r"\.?[\w.-]+(/[\w.*-]+)*/?")
SOURCE_LIKE = re.compile(r".*\.(cc|h|py|md|in|xz|txt)")
OUTSIDE = ("/", "http:", "https:", "mailto:", "build/")
OPTION = re.compile(r"--[a-z][a-z-]*")
COUNTER = re.compile(r"\btld-[a-z][a-z-]+\b")
# Names that begin as counters do: settings, programs, users, labels in examples.
NO_COUNTERS = re.compile(r"tld-(hsm|(config|hsmd|exporter|zsk|ksk|ksr|skr|audit|approval|hold)(-.*)?)")


def documents(top):
    found = [top / "README.md", top / "CHANGELOG.md", *sorted((top / "docs").rglob("*.md")),
             *sorted(top.glob("*/README.md"))]
    return [p for p in found if p.is_file()]


def exists(top, document, name):
    """Seen from the top or from the document; * stands for anything."""
    name = name.rstrip("/")
    places = (top, document.parent)
    if "*" in name:
        return any(next(place.glob(name), None) is not None for place in places)
    return any((place / name).exists() for place in places)


def is_ours(top, name):
    """Does this look like a file of the repository, not like one of a machine?"""
    if name.startswith(OUTSIDE) or not PATH.fullmatch(name):
        return False
    if name.startswith("./"):
        return True
    return "/" in name and ((top / name.split("/")[0]).is_dir() or bool(SOURCE_LIKE.fullmatch(name)))


def missing_files(top):
    """Files in backticks and links that are not there."""
    faults = []
    for document in documents(top):
        text = FENCE.sub("", document.read_text("utf-8"))
        names = [n for n in INLINE.findall(text) if is_ours(top, n.split()[0])]
        names = [n.split()[0] for n in names]
        names += [n for n in LINK.findall(text) if not n.startswith(OUTSIDE)]
        faults += [f"{document.relative_to(top)}: {n} is not there" for n in dict.fromkeys(names)
                   if not exists(top, document, n)]
    return faults


def commands(text):
    """Command lines in a document: those in its fences, and what stands in backticks."""
    fenced = "\n".join(FENCE.findall(text)).replace("\\\n", " ")
    lines = fenced.splitlines() + INLINE.findall(FENCE.sub("", text))
    for line in lines:
        yield from re.split(r"[|;&]{1,2}(?=\s)", line)


class Programs:
    """Our programs' own help: the truth about their options."""

    def __init__(self, top, build):
        self._commands = {"tldctl": [build / "cli" / "tldctl"],
                          "tld-hsmd": [build / "hsm" / "daemon" / "tld-hsmd"],
                          "tld-exporter": [build / "exporter" / "tld-exporter"],
                          "quickstart": [top / "quickstart"], "check": [top / "check"]}
        self._help = {}

    def help_of(self, program, *subcommands):
        key = (program, *subcommands)
        if key not in self._help:
            command = [*map(str, self._commands[program]), *subcommands, "--help"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            self._help[key] = done.stdout + done.stderr
        return self._help[key]

    def subcommands(self, program, words):
        """The words in front that are commands by what the help says."""
        found = []
        while program == "tldctl" and words[len(found):]:
            listed = self.help_of(program, *found).partition("Subcommands:")[2]
            word = words[len(found)]
            if not re.search(rf"^  {re.escape(word)}\b", listed, re.M):
                break
            found.append(word)
        return found

    def unknown(self, line):
        """-> what the first of our programs in this command line does not know."""
        words = [w.strip("'\"") for w in line.split()]
        for place, word in enumerate(words):
            program = Path(word).name
            if program in self._commands and (program != "check" or word == "./check"):
                return self._unknown(program, words[place + 1:])
        return []

    def _unknown(self, program, words):
        found = self.subcommands(program, [w for w in words if not w.startswith("-")])
        wanted = {o for w in words for o in [w.partition("=")[0].rstrip(",.)]")]
                  if OPTION.fullmatch(o)}
        helped = set(OPTION.findall(self.help_of(program, *found))) | {"--help", "--version"}
        name = " ".join([program, *found])
        faults = [f"{name} has no option {o}" for o in sorted(wanted - helped)]
        rest = words[len(found):]
        if ("Subcommands:" in self.help_of(program, *found) and rest
                and re.fullmatch(r"[a-z]+", rest[0])):
            faults.append(f"{name} has no command {rest[0]}")
        return faults


def unknown_options(top, programs):
    """Options of our programs that a document names and the program does not know."""
    return [f"{document.relative_to(top)}: {fault}" for document in documents(top)
            for line in commands(document.read_text("utf-8")) for fault in programs.unknown(line)]


def counters(top):
    """-> the names in plugin/counters.cc's list, as the StatBag has them."""
    text = (top / "plugin" / "counters.cc").read_text("utf-8")
    listed = text.partition("constexpr Counter all[] = {")[2].partition("\n};")[0]
    return {"tld-" + name for name in re.findall(r'^\s*\{"([a-z-]+)",', listed, re.M)}


def wrong_counters(top):
    """docs/monitoring/README.md has every counter; no document names one that there is not."""
    there, faults = counters(top), []
    told = (top / "docs" / "monitoring" / "README.md").read_text("utf-8")
    faults += [f"docs/monitoring/README.md: {name} is not explained" for name in sorted(there)
               if f"`{name}`" not in told]
    for document in documents(top):
        for code in INLINE.findall(FENCE.sub("", document.read_text("utf-8"))):
            name = code.strip()
            if COUNTER.fullmatch(name) and not NO_COUNTERS.fullmatch(name) and name not in there:
                faults.append(f"{document.relative_to(top)}: there is no counter {name}")
    return faults


def families(top):
    """-> the families in plugin/metrics.cc, which are not in the list of counters."""
    text = (top / "plugin" / "metrics.cc").read_text("utf-8")
    return set(re.findall(r'"(tld_[a-z0-9_]+)"', text))


def unexplained_metrics(top):
    """docs/monitoring/README.md has every family that is more than a counter of the list."""
    told = (top / "docs" / "monitoring" / "README.md").read_text("utf-8")
    return [f"docs/monitoring/README.md: {name} is not explained" for name in sorted(families(top))
            if f"`{name}`" not in told]


def unknown_tests(top):
    """Tests that docs/attacker.md takes for evidence and that are not there: `Suite.Name` of GoogleTest,
    `test_name` of pytest."""
    told = FENCE.sub("", (top / "docs" / "attacker.md").read_text("utf-8"))
    sources = "".join(path.read_text("utf-8") for path in sorted((top / "tests").rglob("*"))
                      if path.suffix in (".cc", ".py"))
    faults = []
    for name in dict.fromkeys(INLINE.findall(told)):
        google, python = re.fullmatch(r"([A-Z]\w+)\.([A-Z]\w+)", name), re.fullmatch(r"test_\w+", name)
        if google:
            there = re.search(rf"TEST\w*\({google[1]},\s*{google[2]}\)", sources)
        elif python:
            there = f"def {name}(" in sources
        else:
            continue
        if not there:
            faults.append(f"docs/attacker.md: there is no test {name}")
    return faults
