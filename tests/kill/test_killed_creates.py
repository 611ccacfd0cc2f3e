"""Sync Person killed anywhere: each person becomes one lead, and each lead stays one person."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sandbox import Org
from tests.kill.conftest import share
from tests.kill.killer import Death, ForkServer, Runner, any_death
from tests.support.world import World, tandem_world
from tests.weather.agreement import sides_agree

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]

KILLS_IN_A_ROW = 6

#: The instants that matter most: the leads are made and nobody heard of it; heard and not written down.
WORST = (Death("request", 3, "after"), Death("request", 3, "before"), Death("request", 4, "after"))


def newcomers(world: World, number: int, *first_names: str) -> list[int]:
    """Add people that are not in Salesforce; those of one name share all that a lead can be found by."""
    name = {"last_name": f"Newcomer {number}", "email_address": f"n{number}@example.com"}
    return [
        world.add_person(first_name=first, company_name=f"Company {number}", **name) for first in first_names
    ]


def each_is_one_lead(world: World, number: int, people: list[int]) -> None:
    sides_agree(world)
    made = world.org.query(f"SELECT Id FROM Lead WHERE LastName = 'Newcomer {number}'")
    found = world.rows(
        "SELECT id, sfdc_id FROM marketing.person WHERE last_name = ? ORDER BY id", f"Newcomer {number}"
    )
    assert [row["id"] for row in found] == people
    assert sorted(row["sfdc_id"] for row in found) == sorted(row["Id"] for row in made)
    for person in people:
        assert [a["attributes"]["Status"] for a in world.activities(person, 19)] == ["succeeded"]
        assert world.activities(person, 12) == []


@pytest.mark.parametrize("key", ["", "Tandem_Id__c"], ids=["looked for", "external id"])
def test_killed_creates(
    fork_server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dice: random.Random,
    light_suites: str,
    key: str,
) -> None:
    chosen = {
        "SALESFORCE__EXTERNAL_ID_FIELD": key,
        "SYNC__OBJECTS": '["Lead", "Contact"]',
        "EXPECTATIONS": light_suites,
    }
    with tandem_world(monkeypatch, tmp_path, Org(people=10, seed=7), **chosen) as world:
        runner, done, number, wanted = Runner(fork_server, world, tmp_path), 0, 0, share(0.13)
        assert runner.run("backfill").exit_code == 0
        while done < wanted:
            number += 1
            people = newcomers(world, number, "Ada", "Bo")
            story = []
            for _ in range(min(KILLS_IN_A_ROW, wanted - done)):
                people += newcomers(world, number, "Ada")
                flow = "sync" if story and dice.random() < 0.4 else "sync-person"
                death = dice.choice(
                    [*WORST, any_death(dice, runner.length(flow)), any_death(dice, runner.length(flow))]
                )
                parameters = {"person_ids": people} if flow == "sync-person" else {}
                killed = runner.run(flow, death, **parameters).killed
                done += killed
                story.append(f"{flow} {'killed' if killed else 'ended'}: {death}")
            # Somebody asks again, before or after the next cycle.
            flows = dice.choice([("sync-person", "sync"), ("sync", "sync-person", "sync")])
            asked = {"sync-person": {"person_ids": people}}
            ends = [runner.run(flow, **asked.get(flow, {})) for flow in flows]
            assert {end.exit_code for end in ends} == {0}, f"after {story}: {ends}"
            try:
                each_is_one_lead(world, number, people)
            except AssertionError as error:
                raise AssertionError(f"after {story}: {error}") from error
