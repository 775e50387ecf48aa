# SPDX-License-Identifier: GPL-2.0-only
"""Zone files that must not get into the store: one clear line each, and the store as it was."""

import pytest

from builds import built
from processes import CommandFailed, run

HEAD = """$ORIGIN kz.
$TTL 3600
@ IN SOA a.nic hostmaster.nic 1 1800 900 172800 3600
@ IN NS a.nic
a.nic IN A 192.0.2.1
"""
LONG = ".".join(["x" * 63] * 4)

FAULTS = {
    "no SOA": (HEAD.replace("@ IN SOA", "; SOA"), "soa"),
    "no NS at the apex": (HEAD.replace("@ IN NS", "; NS"), "ns"),
    "two SOA": (HEAD + "@ IN SOA b.nic c.nic 2 1800 900 172800 3600\n", "soa"),
    "CNAME beside data": (HEAD + "a.nic IN CNAME b.nic\n", "cname"),
    "data below a cut": (HEAD + "x IN NS ns.example.\nwww.x IN TXT a\n", "cut"),
    "DS without a cut": (HEAD + f"y IN DS 1 13 2 {'ab' * 32}\n", "ds"),
    "digest too short": (HEAD + "x IN NS ns.example.\nx IN DS 1 13 2 abcd\n", "digest"),
    "in-bailiwick NS without address": (HEAD + "x IN NS ns.x\n", "ns.x.kz."),
    "two TTLs in one RRset": (HEAD + "z 60 IN A 192.0.2.1\nz 61 IN A 192.0.2.2\n", "ttl"),
    "ALIAS": (HEAD + "z IN ALIAS ns.example.\n", "alias"),
    "LUA": (HEAD + "z IN LUA A \"'192.0.2.1'\"\n", "lua"),
    "$INCLUDE": (HEAD + "$INCLUDE /etc/passwd\n", "$include"),
    "$GENERATE": (HEAD + "$GENERATE 1-9 a$ A 192.0.2.$\n", "$generate"),
    "label of 64 octets": (HEAD + f"{'x' * 64} IN NS ns.example.\n", ":6"),
    "name of 257 octets": (HEAD + f"{LONG} IN NS ns.example.\n", ":6"),
    "name outside the zone": (HEAD + "www.example. IN A 192.0.2.1\n", "www.example."),
    "TTL beyond 31 bits": (HEAD + "z 4294967295 IN A 192.0.2.1\n", ":6"),
    "no address": (HEAD + "z IN A 192.0.2.256\n", ":6"),
    "unknown type": (HEAD + "z IN NOSUCHTYPE x\n", ":6"),
    "open parenthesis": (HEAD + "z IN TXT ( a\n", "parenthes"),
    "open quote": (HEAD + 'z IN TXT "a\n', "quot"),
    "class CH": (HEAD + "z CH TXT a\n", ":6"),
    "octets of no text": (HEAD.encode() + b"\xff\x00\x01 IN \xfe\n", ":6"),
    "empty file": ("", "soa"),
}
GOOD = HEAD + """x IN NS ns.example.
d\\.ot IN NS ns.example.
\\000\\255 IN NS ns.example.
h IN TYPE65280 \\# 3 abcdef
m IN TXT ( "one" ; comment
   "two" )
"""


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "registry.sqlite"
    run(built("tldctl"), "store", "init", "--store", path)
    import_text(path, tmp_path, GOOD)
    return path


def import_text(store, folder, text):
    file = folder / "zone"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run(built("tldctl"), "zone", "import", "--store", store, "--zone", "kz.", file)


def export(store):
    return run(built("tldctl"), "zone", "export", "--store", store, "--zone", "kz.")


@pytest.mark.parametrize("fault", FAULTS)
def test_refused_with_a_reason(store, tmp_path, fault):
    """Catches a record that an RFC or our checks forbid on its way into the store, a message that
    does not say what and where, and a store that is changed by half."""
    text, words = FAULTS[fault]
    before = export(store)
    with pytest.raises(CommandFailed) as failure:
        import_text(store, tmp_path, text)
    assert failure.value.returncode == 1, failure.value.output
    assert words in failure.value.output.lower(), failure.value.output
    assert export(store) == before


def test_export_is_what_was_imported(store, tmp_path):
    """Catches escapes, generic RDATA or multi-line records that change on the way through."""
    first = export(store)
    import_text(store, tmp_path, first)
    assert export(store) == first
    for words in ("d\\.ot.kz.", "\\000\\255.kz.", "TYPE65280", "one", "two"):
        assert words in first
