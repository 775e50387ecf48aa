#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The walls between the rooms and the truth of the documents. Each rule is also run on a small tree
with that one thing wrong, so that a rule that finds nothing any more is found.

Environment: TLD_SOURCE_DIR, TLD_BINARY_DIR (the build folder, for the programs' --help).
"""

import os
import tempfile
import unittest
from pathlib import Path

import documents
import rules

TOP = Path(os.environ["TLD_SOURCE_DIR"])
PROGRAMS = documents.Programs(TOP, Path(os.environ["TLD_BINARY_DIR"]))

SPDX = "// SPDX-License-Identifier: GPL-2.0-only\n"
HEADER = SPDX + "//\n// What it is.\n//\n// Thread rule: values.\n#pragma once\n"


class House(unittest.TestCase):
    """This repository keeps every rule."""
    maxDiff = None

    def keeps(self, faults):
        self.assertEqual([], faults, "\n" + "\n".join(faults))

    def test_documents_name_files_that_exist(self):
        self.keeps(documents.missing_files(TOP))

    def test_documents_name_options_that_exist(self):
        self.keeps(documents.unknown_options(TOP, PROGRAMS))

    def test_documents_name_counters_that_exist(self):
        self.keeps(documents.wrong_counters(TOP))

    def test_documents_explain_metrics(self):
        self.keeps(documents.unexplained_metrics(TOP))

    def test_documents_name_tests_that_exist(self):
        self.keeps(documents.unknown_tests(TOP))


for rule in rules.ALL:
    setattr(House, f"test_{rule.__name__}", lambda self, rule=rule: self.keeps(rule(TOP)))


class Tree(unittest.TestCase):
    """A small tree in which every rule is kept."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tld-house-")
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        for room in rules.ROOMS:
            self.put(f"{room}/README.md", f"# {room}/\n")
            self.put(f"{room}/a.h", HEADER)
            self.put(f"{room}/a.cc", f'{SPDX}#include "{room}/a.h"\n')
            self.put(f"{room}/CMakeLists.txt", f"tld_room({room} SOURCES a.cc LINK tld_base)\n")

    def put(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def finds(self, rule, *words):
        faults = rule(self.top)
        self.assertEqual(1, len(faults), faults)
        for word in words:
            self.assertIn(word, faults[0])


class PlantedInSources(Tree):
    """Each rule finds what was planted, and nothing in a tree where all is right."""

    def test_nothing_wrong(self):
        for rule in rules.ALL:
            self.assertEqual([], rule(self.top), rule.__name__)

    def test_arrow_the_wrong_way(self):
        self.put("zones/a.cc", f'{SPDX}#include "signer/a.h"\n')
        self.finds(rules.room_arrows, "zones/a.cc", "signer/a.h")

    def test_arrow_in_angle_brackets(self):
        self.put("base/a.h", f"{HEADER}# include <dns/a.h>\n")
        self.finds(rules.room_arrows, "base/a.h")

    def test_token_inside_the_server(self):
        self.put("plugin/a.cc", f'{SPDX}#include "hsm/token.h"\n')
        self.finds(rules.hsm_walls, "plugin/a.cc", "hsm/token.h")

    def test_pkcs11_inside_the_client(self):
        self.put("hsm/a.cc", f"{SPDX}#include <libp11.h>\n")
        self.finds(rules.hsm_walls, "hsm/a.cc")

    def test_signer_sees_more_than_keys(self):
        self.put("signer/a.cc", f'{SPDX}#include "hsm/frame.h"\n')
        self.finds(rules.hsm_walls, "signer/a.cc", "hsm/frame.h")

    def test_server_links_the_token(self):
        self.put("publish/CMakeLists.txt", "tld_room(publish SOURCES a.cc LINK tld_hsm_token)\n")
        self.finds(rules.token_links, "publish/CMakeLists.txt")

    def test_client_links_the_token(self):
        self.put("hsm/CMakeLists.txt",
                 "tld_room(hsm\n  SOURCES a.cc\n  LINK tld_base PkgConfig::LIBP11)\n"
                 "tld_room(hsm_token SOURCES token.cc LINK PkgConfig::LIBP11)\n")
        self.finds(rules.token_links, "PkgConfig::LIBP11")

    def test_powerdns_outside_its_header(self):
        self.put("plugin/a.cc", f'{SPDX}#include "pdns/dnsbackend.hh"\n')
        self.finds(rules.pdns_edge, "plugin/a.cc")

    def test_cycle(self):
        self.put("dns/a.h", f'{HEADER}#include "dns/b.h"\n')
        self.put("dns/b.h", f'{HEADER}#include "dns/a.h"\n')
        self.finds(rules.include_cycles, "dns/a.h -> dns/b.h -> dns/a.h")

    def test_include_of_nothing(self):
        self.put("dns/a.cc", f'{SPDX}#include "dns/gone.h"\n')
        self.finds(rules.include_cycles, "dns/gone.h")

    def test_no_licence(self):
        self.put("dns/b.cc", "int nothing;\n")
        self.finds(rules.spdx_lines, "dns/b.cc")

    def test_script_without_licence(self):
        self.put("scripts/go", "#!/bin/sh\nexit 0\n")
        self.finds(rules.spdx_lines, "scripts/go")

    def test_no_readme(self):
        (self.top / "keys" / "README.md").unlink()
        self.finds(rules.room_readmes, "keys/README.md")

    def test_no_thread_rule(self):
        self.put("keys/b.h", f"{SPDX}#pragma once\n// Thread rule: too late here.\n")
        self.finds(rules.thread_rules, "keys/b.h")


class PlantedInDocuments(Tree):
    """The same for what documents name."""

    def test_nothing_wrong(self):
        self.put("README.md", "See `dns/a.h`, `dns/*.cc`, [base](base/README.md), `/etc/tld/x.yaml`,"
                 " `text/plain` and `build/release/x`.\n```\nls no/such.cc\n```\n")
        self.assertEqual([], documents.missing_files(self.top))

    def test_file_that_is_not_there(self):
        self.put("docs/adr/x.md", "Look at `dns/gone.h`.\n")
        self.finds(documents.missing_files, "docs/adr/x.md", "dns/gone.h")

    def test_file_in_no_room(self):
        self.put("README.md", "Look at `nowhere/gone.cc`.\n")
        self.finds(documents.missing_files, "nowhere/gone.cc")

    def test_broken_link(self):
        self.put("README.md", "Look [there](docs/gone.md).\n")
        self.finds(documents.missing_files, "docs/gone.md")

    def test_option_that_is_not_there(self):
        for text, word in (("`tldctl store init --stoer X`", "--stoer"),
                           ("```\nsudo tldctl zone import --store X \\\n  --nozone kz. F\n```",
                            "tldctl zone import has no option --nozone"),
                           ("`tldctl resign`", "resign"),
                           ("`tldctl zone chek`", "tldctl zone has no command chek"), ("`./quickstart --twice`", "--twice"),
                           ("`tld-hsmd --verbose`", "--verbose")):
            self.put("README.md", text + "\n")
            self.finds(lambda top: documents.unknown_options(top, PROGRAMS), word)

    def test_options_that_are_there(self):
        self.put("README.md", "`tldctl store init --store X`, `./quickstart --once`, `./check --long`\n"
                 "```\ntldctl key generate --token 'pkcs11:token=x' --zone kz. | grep --count x\n```\n")
        self.assertEqual([], documents.unknown_options(self.top, PROGRAMS))

    def test_counter(self):
        self.put("plugin/counters.cc", SPDX + 'constexpr Counter all[] = {\n    {"one", "x"},\n'
                 '    {"two", "x"},\n};\n')
        self.put("docs/monitoring/README.md", "`tld-one` and `tld-two`, from `tld-hsmd`\n")
        self.assertEqual([], documents.wrong_counters(self.top))
        self.put("docs/monitoring/README.md", "`tld-one`\n")
        self.finds(documents.wrong_counters, "tld-two")
        self.put("docs/monitoring/README.md", "`tld-one` and `tld-two`\n")
        self.put("README.md", "`tld-three`\n")
        self.finds(documents.wrong_counters, "tld-three")

    def test_test(self):
        self.put("tests/a.cc", SPDX + "TEST_F(Gate, Type) {}\n")
        self.put("tests/a.py", "def test_it():\n")
        self.put("docs/attacker.md", "`Gate.Type`, `test_it`, `X.Y z`\n")
        self.assertEqual([], documents.unknown_tests(self.top))
        for name in ("Gate.Owner", "test_other"):
            self.put("docs/attacker.md", f"`{name}`\n")
            self.finds(documents.unknown_tests, name)

    def test_metric(self):
        self.put("plugin/metrics.cc", SPDX + 'text.family("tld_one_seconds", x, "y");\n')
        self.put("docs/monitoring/README.md", "`tld_one_seconds`\n")
        self.assertEqual([], documents.unexplained_metrics(self.top))
        self.put("docs/monitoring/README.md", "`tld_one`\n")
        self.finds(documents.unexplained_metrics, "tld_one_seconds")


if __name__ == "__main__":
    unittest.main()
