"""Quarantine: why a record is kept out, and the ways in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tandem.errors import TandemError
from tests.conformance.conftest import refused, tandem
from tests.support.world import World


def held(*arguments: str) -> set[str]:
    """Return the records that wait."""
    return {each["sfdc_id"] for each in json.loads(tandem("quarantine", "--json", *arguments))["quarantine"]}


def write_suite(folder: Path, least: int) -> None:
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "NumberOfEmployees", "min_value": least},
        "meta": {"why": "Nobody employs fewer."},
    }
    (folder / "lead.json").write_text(json.dumps({"name": "lead", "expectations": [rule]}), "utf-8")


def test_a_record_is_let_in_given_up_or_judged_by_an_edited_suite(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = tmp_path / "expectations"
    suites.mkdir(exist_ok=True)
    write_suite(suites, 0)
    monkeypatch.setenv("TANDEM_EXPECTATIONS", str(suites))
    org = world.org
    world.sync(objects=["Lead"])
    released, dropped, edited, repaired = (
        row["Id"] for row in org.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 4")
    )
    before = world.person(dropped)["num_employees"]
    everybody = {released, dropped, edited, repaired}
    for record in everybody:
        org.update("Lead", record, {"NumberOfEmployees": -7})
    world.sync(objects=["Lead"])
    org.clock.advance(hours=1)  # no overlap reads them again

    assert held() == everybody
    assert held("--object", "lead", "--field", "numberofemployees") == everybody
    assert held("--object", "Contact") == set()
    said = tandem("quarantine", "why", released)
    assert f"Lead {released}: NumberOfEmployees is -7" in said
    assert "expect_column_values_to_be_between with min_value 0" in said
    assert "Nobody employs fewer." in said
    assert f"{world.url.rstrip('/')}/{released}" in said
    assert tandem("quarantine", "release", released) == "1 released: the next cycle lets them in.\n"
    assert tandem("quarantine", "drop", dropped) == "1 dropped: they stay as they are here.\n"
    assert refused("quarantine", "why", dropped).startswith(f"Nothing of {dropped} waits in quarantine.")
    assert refused("quarantine", "release", dropped).startswith(f"Nothing of {dropped} waits in quarantine.")
    org.update("Lead", repaired, {"NumberOfEmployees": 7})

    world.sync(objects=["Lead"])
    assert held() == {edited}
    assert world.person(released)["num_employees"] == -7  # though it did not move
    assert world.person(repaired)["num_employees"] == 7
    assert world.person(dropped)["num_employees"] == before

    org.update("Lead", released, {"City": "Moved"})
    org.update("Lead", dropped, {"City": "Moved"})
    world.sync(objects=["Lead"])
    assert held() == {edited, dropped}  # what was let in is let in again, what was given up is judged anew
    assert world.person(released)["city"] == "Moved"

    org.clock.advance(hours=1)
    write_suite(suites, -10)
    world.sync(objects=["Lead"])
    assert held() == set()
    assert {world.person(record)["num_employees"] for record in (edited, dropped)} == {-7}
    outcomes = world.rows("SELECT sfdc_id, outcome FROM sync.quarantine ORDER BY logged_at, outcome")
    assert {(row["sfdc_id"], row["outcome"]) for row in outcomes} == {
        (released, "released"),
        (repaired, "repaired"),
        (edited, "repaired"),
        (dropped, "dropped"),
        (dropped, "repaired"),
    }


def test_a_suite_that_cannot_be_read_lets_nobody_in(world: World, tmp_path: Path) -> None:
    suite = tmp_path / "expectations" / "lead.json"
    suite.mkdir(parents=True)
    with pytest.raises(TandemError, match=r"lead\.json cannot be read: .* Put it right or move it away\."):
        world.sync(objects=["Lead"])
    assert world.rows("SELECT * FROM marketing.person") == []
