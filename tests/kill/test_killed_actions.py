"""Flow actions killed anywhere and asked for again: everything that was asked for is there, and is there once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sandbox import Org
from tests.kill.conftest import share
from tests.kill.killer import Death, ForkServer, Runner
from tests.support.acts import Acts, furnish
from tests.support.world import World, tandem_world
from tests.weather.agreement import sides_agree

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]

ACTIONS_IN_A_ROW = 6
OBJECTS = '["Lead", "Contact", "Campaign", "CampaignMemberStatus", "CampaignMember"]'


def any_death(dice: random.Random) -> Death:
    """Choose a death; an action asks and writes a handful of times only."""
    most = {"request": 6, "commit": 8}
    by = dice.choice(sorted(most))
    return Death(by, dice.randint(1, most[by]), dice.choice(("before", "after")))


def kill_actions(runner: Runner, world: World, acts: Acts, dice: random.Random, actions: int) -> str:
    """Kill actions, let cycles come in between, and ask for each again until it ends; returns the story."""
    begun, story = [], []
    for _ in range(actions):
        act, death = acts.any(), any_death(dice)
        begun.append(act)
        killed = runner.run(act.flow, death, **act.parameters).killed
        story.append(f"{act} {'killed' if killed else 'ended'} {death}")
    dice.shuffle(begun)
    for number, act in enumerate(begun):
        if number in (0, len(begun) // 2) and dice.random() < 0.5:
            story.append(f"cycle before {act}")
            assert runner.run("sync").exit_code == 0
        end = runner.run(act.flow, **act.parameters)
        assert end.exit_code == 0 or "There is no person" in end.output, f"{act} after {story}: {end}"
    assert runner.run("sync").exit_code == 0
    try:
        sides_agree(world)
        for act in begun:
            acts.check(act)
    except AssertionError as error:
        raise AssertionError(f"{error} after {'; '.join(story)}") from error
    return "; ".join(story)


def test_killed_actions(
    fork_server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dice: random.Random,
    light_suites: str,
) -> None:
    wanted = share(0.1)
    chosen = {"SYNC__OBJECTS": OBJECTS, "SYNC__CAMPAIGNS": "true", "EXPECTATIONS": light_suites}
    with tandem_world(monkeypatch, tmp_path, Org(people=0, seed=7), **chosen) as world:
        campaign = furnish(world, 3 * wanted)
        runner = Runner(fork_server, world, tmp_path)
        assert runner.run("backfill").exit_code == 0
        acts = Acts(world, campaign, dice)
        for start in range(0, wanted, ACTIONS_IN_A_ROW):
            kill_actions(runner, world, acts, dice, min(ACTIONS_IN_A_ROW, wanted - start))
