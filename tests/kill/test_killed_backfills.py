"""Backfills killed anywhere, the making of the database included: afterwards every record is there once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sandbox import Org
from tests.kill.conftest import share
from tests.kill.killer import ForkServer, Runner, any_death
from tests.support.world import World, tandem_world
from tests.weather.agreement import sides_agree

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]

KILLS_IN_A_ROW = 5


def start_anew(folder: Path) -> None:
    """Take the database away; staged pages of before may stay, as they would."""
    for file in folder.glob("marketing.duckdb*"):
        file.unlink()


def every_record_is_there_once(world: World) -> None:
    sides_agree(world)
    told = world.rows(
        "SELECT person_id, count(*) AS times FROM marketing.activity WHERE activity_type_id = 12 GROUP BY ALL"
    )
    people = world.rows("SELECT id FROM marketing.person")
    assert {row["person_id"]: row["times"] for row in told} == {row["id"]: 1 for row in people}
    assert len(people) == world.org.count("Lead") + world.org.count("Contact")
    for table, name in (("company", "Account"), ("sales_user", "User")):
        held = world.rows(f"SELECT sfdc_id FROM marketing.{table}")
        assert len(held) == len({row["sfdc_id"] for row in held}) == world.org.count(name)
    assert world.rows("SELECT object FROM sync.watermark GROUP BY object HAVING count(*) > 1") == []
    assert world.rows("SELECT * FROM marketing.activity WHERE activity_type_id <> 12") == []


def test_killed_backfills(
    fork_server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dice: random.Random,
    light_suites: str,
) -> None:
    # Leads and contacts come by Bulk, in three pages and two, the others by REST.
    chosen = {
        "SALESFORCE__BULK_PAGE_ROWS": "100",
        "SALESFORCE__BULK_THRESHOLD": "100",
        "EXPECTATIONS": light_suites,
    }
    with tandem_world(monkeypatch, tmp_path, Org(people=400, seed=7), **chosen) as world:
        runner, done, wanted = Runner(fork_server, world, tmp_path), 0, share(0.2)
        assert runner.run("backfill").exit_code == 0
        whole = runner.length("backfill")
        while done < wanted:
            start_anew(tmp_path)
            story = []
            for left in range(min(KILLS_IN_A_ROW, wanted - done), 0, -1):
                # What is done stays done, so later runs are shorter: die early enough to die at all.
                death = any_death(dice, whole.cut(1 / left))
                killed = runner.run("backfill", death).killed
                done += killed
                story.append(f"{'killed' if killed else 'ended'}: {death}")
            end = runner.run("backfill")
            assert end.exit_code == 0, f"after {story}: {end}"
            every_record_is_there_once(world)
        assert runner.run("sync").exit_code == 0
        every_record_is_there_once(world)
