"""The command as people use it: against an org on loopback, each time a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.prefect_home import prepare_home
from tests.support.world import World

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def tandem(*arguments: str, api_url: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with a server that runs already, or without one: it brings its own then."""
    # Without the suite's own Prefect settings: what a user has.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    if api_url:
        kept["PREFECT_API_URL"] = api_url
    return subprocess.run(
        [sys.executable, "-m", "tandem.cli", *arguments],
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _json(ran: subprocess.CompletedProcess[str]) -> Any:
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.timeout(240)
def test_a_day_with_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL

    run = partial(tandem, api_url=PREFECT_API_URL.value())
    checked = _json(run("check", "--json"))
    assert checked["ready"], checked
    assert [each["name"] for each in checked["checks"]] == [
        *("database", "expectations", "login", "User", "Group", "Account", "Lead", "Contact", "budget")
    ]
    assert not world.database.exists()

    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_LOG_JSON", "true")
        logged = run("backfill", "--json")
    copied = _json(logged)
    assert copied["status"] == "Succeeded"
    lines = [json.loads(line) for line in logged.stderr.splitlines()]
    assert len({line["flow_run_id"] for line in lines}) == 1
    assert {line["run_id"] for line in lines} == {
        None,
        copied["run_id"],
    }  # its first lines come before it has one
    assert {"merge Lead", "check Contact"} <= {line["task"] for line in lines}
    for secret in (world.org.client_secret, "@"):  # nor anybody's address
        assert secret not in logged.stderr
    assert {step["status"] for step in copied["steps"]} == {"Succeeded"}
    person = world.rows("SELECT * FROM marketing.person WHERE sfdc_type = 'lead' ORDER BY id LIMIT 1")[0]

    edited = run("person", "set", person["sfdc_id"], "job_title=Engineer")
    assert edited.returncode == 0, edited.stderr
    planned = run("plan")
    assert planned.returncode == 2, planned.stderr
    assert 'Title: "Engineer"' in planned.stdout

    world.org.clock.advance(seconds=60)
    synced = run("sync")
    assert synced.returncode == 0, synced.stderr
    assert synced.stderr == ""
    assert "Push updates" in synced.stdout

    status = _json(run("status", "--json"))
    assert status["state"] == "Last Synced"
    shown = _json(run("person", "show", person["sfdc_id"], "--json"))
    assert shown["pending"] == []
    assert "Sync Lead Updates to SFDC" in {event["title"] for event in shown["timeline"]}


def test_wrong_credentials_are_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepare_home(tmp_path / "prefect")
    monkeypatch.setenv("TANDEM_SALESFORCE__CLIENT_SECRET", "not-the-one")
    checked = tandem("check")
    assert checked.returncode == 1
    assert "FAIL login: " in checked.stdout
    for ran in (checked, tandem("sync")):
        assert ran.returncode == 1
        assert "Traceback" not in ran.stdout + ran.stderr
        assert "not-the-one" not in ran.stdout + ran.stderr
    assert ran.stderr.strip().splitlines()[-1].count(". ") >= 1  # what happened, and what to do


def test_an_org_that_is_not_there_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TANDEM_SALESFORCE__MAX_ATTEMPTS", "1")
    ran = tandem("check")
    assert ran.returncode == 1
    assert "FAIL login: " in ran.stdout
    assert ran.stderr == ""


def test_a_hidden_required_field_is_named(world: World) -> None:
    world.org.hide_field("Lead", "ConvertedDate")
    ran = tandem("check")
    assert ran.returncode == 1
    assert "FAIL Lead: Let the sync user read ConvertedDate" in ran.stdout
