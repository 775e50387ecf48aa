# SPDX-License-Identifier: GPL-2.0-only
"""The rules of the house: each takes the top of a source tree and gives its faults, one line each."""

import re
import subprocess
from pathlib import Path

# What a room may include. Everything else is a wall (docs/adr/0004-base-and-results.md).
ROOMS = {
    "base": set(),
    "dns": {"base"},
    "hsm": {"base"},
    "zones": {"dns", "base"},
    "signer": {"zones", "hsm", "dns", "base"},
    "keys": {"hsm", "dns", "base"},
    "publish": {"signer", "zones", "dns", "base"},
    "epp": {"zones", "dns", "base"},
    "plugin": {"publish", "keys", "signer", "zones", "hsm", "dns", "base"},
    "exporter": {"base"},
    "cli": {"epp", "publish", "keys", "signer", "zones", "hsm", "dns", "base"},
}
# Of hsm/, what those see that only need keys and signatures.
HSM_CLIENT_HEADERS = {"hsm/key.h", "hsm/verify.h", "hsm/client.h", "hsm/algorithm.h"}
ONLY_HSM_CLIENTS = {"signer", "keys", "publish"}
# PKCS #11 itself.
TOKEN_HEADER = re.compile(r"hsm/(token|pin)[a-z_]*\.h|hsm/daemon/")
TOKEN_LIBRARY = re.compile(r"tld_hsm_token|tld_hsmd_parts|PkgConfig::(LIBP11|P11KIT)")
FOREIGN_PKCS11 = re.compile(r"libp11\.h|p11-kit/.*|pkcs11.*")
FOREIGN_PDNS = re.compile(r"pdns/.*|.*\.hh")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SOURCE_SUFFIXES = {".h", ".cc", ".py"}


def files_of(top, room=None):
    """The source files of a room, or of the whole tree, without what builds have made."""
    if room:
        return sorted(p for p in (top / room).rglob("*") if p.is_file() and "build" not in p.parts)
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(top), "ls-files", "-co",
                             "--exclude-standard", "-z"],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.split("\0") if n]
        return sorted(p for p in (top / n for n in names) if p.is_file())
    return sorted(p for p in top.rglob("*") if p.is_file())  # no repository: an unpacked archive


def sources_of(top, room):
    return [p for p in files_of(top, room) if p.suffix in (".h", ".cc")]


def includes(path):
    """-> [(is it one of ours by its quotes, what is included)]"""
    return [(quote == '"', name) for quote, name in INCLUDE.findall(path.read_text("utf-8"))]


def is_token_door(path):
    """May this file use PKCS #11? Inside hsm/ that is what the two token libraries are made of."""
    parts = path.parts
    return parts[0] == "cli" or parts[:2] == ("hsm", "daemon") or (
        parts[0] == "hsm" and re.match(r"(token|pin)", parts[-1]) is not None)


def room_arrows(top):
    """Dependencies between rooms point one way."""
    faults = []
    for room, allowed in ROOMS.items():
        for path in sources_of(top, room):
            for _, name in includes(path):
                other = name.split("/")[0]
                if "/" in name and other in ROOMS and other != room and other not in allowed:
                    faults.append(f"{path.relative_to(top)}: {room}/ must not include {name}")
    return faults


def hsm_walls(top):
    """signer/, keys/ and publish/ see keys and signatures; PKCS #11 is seen by tld-hsmd and tldctl."""
    faults = []
    for room in ROOMS:
        for path in sources_of(top, room):
            here = path.relative_to(top)
            for _, name in includes(path):
                if (room in ONLY_HSM_CLIENTS and name.startswith("hsm/")
                        and name not in HSM_CLIENT_HEADERS):
                    faults.append(f"{here}: {room}/ may include of hsm/ only "
                                  f"{', '.join(sorted(HSM_CLIENT_HEADERS))}; not {name}")
                inside = TOKEN_HEADER.match(name) or FOREIGN_PKCS11.fullmatch(name)
                if inside and not is_token_door(here):
                    faults.append(f"{here}: only tld-hsmd and tldctl may include {name}")
    return faults


def token_links(top):
    """Only tld-hsmd and tldctl (and tests and benchmarks of them) link PKCS #11."""
    faults = []
    for room in set(ROOMS) - {"hsm", "cli"}:
        for path in (p for p in files_of(top, room) if p.name == "CMakeLists.txt"):
            for found in TOKEN_LIBRARY.finditer(path.read_text("utf-8")):
                faults.append(f"{path.relative_to(top)}: {room}/ must not link {found.group()}")
    lists = top / "hsm" / "CMakeLists.txt"
    if lists.exists():
        for library in re.findall(r"tld_room\(hsm\s.*?\)\n", lists.read_text("utf-8"), re.S):
            for found in TOKEN_LIBRARY.finditer(library):
                faults.append(f"hsm/CMakeLists.txt: tld_hsm, which the server links, must not link "
                              f"{found.group()}")
    return faults


def pdns_edge(top):
    """Only plugin/pdns.h includes PowerDNS."""
    faults = []
    for room in ROOMS:
        for path in sources_of(top, room):
            here = path.relative_to(top)
            for _, name in includes(path):
                if FOREIGN_PDNS.fullmatch(name) and here != Path("plugin/pdns.h"):
                    faults.append(f"{here}: only plugin/pdns.h may include {name} of PowerDNS")
    return faults


def include_cycles(top):
    """No header includes itself by way of others; and what is included is there."""
    graph, faults = {}, []
    for room in ROOMS:
        for path in sources_of(top, room):
            here = str(path.relative_to(top))
            graph[here] = [n for ours, n in includes(path) if ours and n.split("/")[0] in ROOMS]
            faults += [f"{here}: {n} is not there" for n in graph[here] if not (top / n).is_file()]
    done, under_way = set(), []

    def visit(name):
        if name in under_way:
            faults.append("include cycle: " + " -> ".join(under_way[under_way.index(name):] + [name]))
            return
        if name in done:
            return
        under_way.append(name)
        for other in graph.get(name, ()):
            visit(other)
        under_way.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)
    return faults


def spdx_lines(top):
    """Every source file and script names its licence in one of its first two lines."""
    faults = []
    for path in files_of(top):
        with open(path, "rb") as file:
            head = file.read(200)
        if path.suffix not in SOURCE_SUFFIXES and not head.startswith(b"#!"):
            continue
        if not any(b"SPDX-License-Identifier: GPL-2.0-only" in l for l in head.splitlines()[:2]):
            faults.append(f"{path.relative_to(top)}: no SPDX-License-Identifier line at its top")
    return faults


def room_readmes(top):
    return [f"{room}/README.md is missing" for room in ROOMS
            if not (top / room / "README.md").is_file()]


def thread_rules(top):
    """A header opens with what it is and its thread rule."""
    faults = []
    for room in ROOMS:
        for path in (p for p in sources_of(top, room) if p.suffix == ".h"):
            text = path.read_text("utf-8")
            opening = text.split("#pragma once")[0]
            here = path.relative_to(top)
            if "#pragma once" not in text:
                faults.append(f"{here}: no #pragma once")
            if "Thread rule" not in opening:
                faults.append(f"{here}: its opening comment has no \"Thread rule\"")
    return faults


ALL = (room_arrows, hsm_walls, token_links, pdns_edge, include_cycles, spdx_lines, room_readmes,
       thread_rules)
