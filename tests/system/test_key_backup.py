# SPDX-License-Identifier: GPL-2.0-only
"""The token with the ZSK is lost for good. Its backup signs."""

import json
import shutil

import registry as r
from backups import BackedUp
from processes import generate_zone, wait_for
from publications import ORIGIN, check, check_whole, published
from registry import ZoneText

DIGEST = "ab" * 32


def test_the_backup_signs_when_the_token_is_lost(tmp_path):
    """Catches: a backup that is none, because it cannot be unwrapped, is another key, or does not
    sign; and a server that makes nothing of it, while it runs or after a start."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", ORIGIN, "--delegations", 100, "--signed",
                         20, "--longest", 253, "--max-ttl", 86400)
    with BackedUp() as pool:
        pool.add_zone(ORIGIN, file)
        pool.text = ZoneText(file)
        events = [json.loads(line) for line in pool.register.read_text().splitlines()]
        proved = next(event for event in events if event.get("event") == "backup-proved")
        assert proved["token"] == pool.serial(pool.tokens[1])
        pool.start()
        pool.wait_until_signed(ORIGIN)
        wait_for(lambda: pool.token_status("primary")["signatures"] > 0, "the primary has signed")
        pool.daemons[0].kill()
        shutil.rmtree(pool.tokens[0].folder / "objects")
        name = pool.text.delegations(ORIGIN, False)[0]
        with published(pool, 30):
            pool.sql(r.add_ds(name, 12345, DIGEST))
        pool.text.add(name, "DS", f"12345 13 2 {DIGEST}")
        check(pool, name)
        pool.server.stop()
        pool.server.start()
        pool.wait_until_served()
        pool.wait_until_signed(ORIGIN)
        wait_for(lambda: pool.token_status("reserve")["signatures"] > 50, "the backup has signed")
        counters = pool.counters()
        assert counters["sign-verify-failed"] == 0, counters
        check(pool, name)
        check_whole(pool)
