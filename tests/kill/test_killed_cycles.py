"""Cycles killed anywhere: afterwards nothing is lost, nothing doubled, and both sides agree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sandbox import Org
from tests.kill.conftest import share
from tests.kill.killer import ForkServer, Runner, any_death
from tests.kill.ledger import Ledger
from tests.support.world import World, tandem_world

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]

KILLS_IN_A_ROW = 6


def kill_cycles(runner: Runner, world: World, dice: random.Random, kills: int) -> None:
    """Change both sides and kill cycles, over and over; every few kills let one end and look."""
    assert runner.run("backfill").exit_code == 0
    ledger = Ledger(world, dice)
    assert runner.run("sync").exit_code == 0
    done, story = 0, []
    while done < kills:
        ledger.new_round()
        story.clear()
        for _ in range(min(KILLS_IN_A_ROW, kills - done)):
            ledger.change(dice.randint(1, 3))
            death = any_death(dice, runner.length("sync"))
            killed = runner.run("sync", death).killed
            done += killed
            story.append(f"{'killed' if killed else 'ended'}: {death}")
            ledger.check_watermarks()
        end = runner.run("sync")
        try:
            ledger.check()
        except AssertionError as error:
            raise AssertionError(f"after {story}, then {end}: {error}") from error


@pytest.mark.parametrize(
    ("bulk_threshold", "part"), [("2000", 0.35), ("1", 0.2)], ids=["collections", "bulk"]
)
def test_killed_cycles(
    fork_server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dice: random.Random,
    light_suites: str,
    bulk_threshold: str,
    part: float,
) -> None:
    chosen = {
        "SALESFORCE__BULK_THRESHOLD": bulk_threshold,
        "SYNC__OBJECTS": '["Account", "Lead", "Contact"]',
        "EXPECTATIONS": light_suites,
    }
    with tandem_world(monkeypatch, tmp_path, Org(people=60, seed=7), **chosen) as world:
        kill_cycles(Runner(fork_server, world, tmp_path), world, dice, share(part))
