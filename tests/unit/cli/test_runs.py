"""Commands that hand over to a flow, and how a flow's end becomes output and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import run
from tandem.cli import handover
from tandem.database.connection import Database
from tandem.errors import BudgetExhausted, LeaseTaken, TandemError
from tests.unit.cli.conftest import Ran, Tandem

ROOT = Path(__file__).parents[3]
STEP = {
    "object": "Lead",
    "operation": "Pull updates",
    "status": "Succeeded",
    "detail": "Two were late.",
    "new": 1200,
    "updated": 0,
    "deleted": 0,
    "failed": 0,
    "skipped": 3,
}
SUMMARY = {"run_id": "r1", "kind": "sync", "status": "Succeeded", "steps": [STEP], "api_calls": 4}


class Became(Exception):
    """What the process would have become."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch, tandem: Tandem) -> Callable[..., list[str]]:
    """Run a command that hands over; returns the arguments of the module it hands over to."""

    def execv(program: str, arguments: list[str]) -> None:
        assert (program, arguments[0], arguments[1]) == (sys.executable, sys.executable, "-m")
        raise Became(arguments[2:])

    monkeypatch.setattr(handover.os, "execv", execv)

    def call(*arguments: str) -> list[str]:
        with pytest.raises(Became) as found:
            tandem(*arguments)
        return list(found.value.args[0])

    return call


def test_sync_hands_over_to_the_flow(became: Callable[..., list[str]]) -> None:
    assert became("sync") == ["flows.run", "sync", "--parameters", "{}"]
    chosen = became("sync", "--object", "Lead", "--object", "User", "--json", "--verbose")
    assert chosen == [
        "flows.run",
        "sync",
        "--parameters",
        '{"objects": ["Lead", "User"]}',
        "--json",
        "--verbose",
    ]


def test_the_others_hand_over(became: Callable[..., list[str]]) -> None:
    assert became("backfill", "--restart")[1:] == ["backfill", "--parameters", '{"restart": true}']
    assert became("plan")[1:] == ["plan", "--parameters", "{}"]
    assert became("quality")[1:] == ["quality-report", "--parameters", "{}"]
    assert became("up", "--port", "0", "--with-sandbox") == [
        *("flows.local", "--port", "0", "--page-port", "8300", "--with-sandbox")
    ]
    assert became("sandbox", "--people", "1000000", "--latency-ms", "2.5") == [
        *("sandbox", "--port", "8200", "--people", "1000000", "--seed", "7", "--latency-ms", "2.5")
    ]


@pytest.mark.usefixtures("database")
def test_push_finds_the_people_first(became: Callable[..., list[str]]) -> None:
    assert became("person", "push", "ann@example.com", "3")[1:] == [
        *("sync-person", "--parameters", '{"person_ids": [1, 3]}')
    ]


def test_an_unknown_object_is_a_mistake_on_the_command_line(tandem: Tandem) -> None:
    ran = tandem("sync", "--object", "Invoice")
    assert ran.code == 2
    assert "Invoice" in ran.err


@pytest.fixture
def flow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run ``flows.run`` with a flow that answers or raises what the test says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "_prefect_api", lambda home: lambda: None)

    def call(answer: dict[str, Any] | BaseException, *options: str) -> Ran:
        def play(**parameters: Any) -> dict[str, Any]:
            if isinstance(answer, BaseException):
                raise answer
            return {**answer, "parameters": parameters}

        monkeypatch.setattr(run, "_flow", lambda name: play)
        capfd.readouterr()
        code = run.main(["sync", *options])
        printed = capfd.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


def test_a_summary_for_people(flow: Callable[..., Ran]) -> None:
    ran = flow(SUMMARY)
    assert ran.code == 0
    assert "1,200" in ran.out
    assert "Lead, pull updates: Two were late." in ran.out
    assert "Succeeded, 4 API calls. Run r1." in ran.out


def test_a_summary_for_programs(flow: Callable[..., Ran]) -> None:
    ran = flow(SUMMARY, "--json", "--parameters", '{"objects": ["Lead"]}')
    assert json.loads(ran.out) == {**SUMMARY, "parameters": {"objects": ["Lead"]}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TandemError("Not good. Do this."), 1),
        (LeaseTaken("Not good. Do this."), 75),
        (BudgetExhausted("Not good. Do this."), 69),
    ],
)
def test_what_a_user_can_put_right_is_one_line(
    flow: Callable[..., Ran], error: TandemError, code: int
) -> None:
    assert flow(error) == Ran(code, "", "Not good. Do this.\n")


def test_an_interrupt(flow: Callable[..., Ran]) -> None:
    ran = flow(KeyboardInterrupt())
    assert ran.code == 130
    assert "Nothing is lost" in ran.err


def test_a_wrong_setting_is_one_line(flow: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__CLIENT_SECRT", "hush")
    ran = flow(SUMMARY)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "client_secrt" in ran.err
    assert "hush" not in ran.err


PLAN = {
    "run_id": "p1",
    "kind": "plan",
    "status": "Succeeded",
    "steps": [],
    "by_bulk": {},
    "errors": {},
    "api_calls": 2,
    "changes": False,
    "to_salesforce": [{"object": "Lead", "records": 0, "sample": []}],
}


def test_a_plan_with_nothing_to_do(flow: Callable[..., Ran]) -> None:
    ran = flow(PLAN)
    assert ran.code == 0
    assert "both sides agree" in ran.out


def test_a_plan_with_something_to_do(flow: Callable[..., Ran]) -> None:
    sample = [{"person_id": 7, "sfdc_id": "00Q1", "payload": {"City": "Köln", "Fax": None}}]
    push = {"object": "Lead", "records": 3, "sample": sample}
    ran = flow({**PLAN, "changes": True, "to_salesforce": [push]})
    assert ran.code == 2
    assert "Lead: 3 records would be sent" in ran.out
    assert 'City: "Köln", Fax: null' in ran.out
    assert "2 more are not shown" in ran.out


def test_a_plan_that_could_not_be_worked_out(flow: Callable[..., Ran]) -> None:
    assert flow({**PLAN, "changes": True, "errors": {"Lead": "Gone."}}).code == 1


def test_a_quality_report(flow: Callable[..., Ran]) -> None:
    counts = {"records": 1234, "failing": 5, "warned": 7, "quarantined": 6, "completeness": 0.5}
    row = {"object": "Lead", "score": 98.5, "before": None, "note": "No column Emial.", **counts}
    report = {
        "objects": [row],
        "counts": [{"what": "contacts without accounts", "records": 3}],
        "not_copied": ["Task"],
        "page": "/tmp/report.html",
        "data_docs": "/tmp/index.html",
    }
    ran = flow({"run_id": "q1", "kind": "quality-report", "status": "Succeeded", **report})
    assert ran.code == 0
    for told in ("98.5", "1,234", "50%", "Lead: No column Emial.", "Contacts without accounts: 3.", "Task."):
        assert told in ran.out


@pytest.mark.parametrize("command", ["status", "errors", "person show 1"])
def test_looking_imports_nothing_heavy(tandem: Tandem, database: Database, command: str) -> None:
    code = (
        "import sys, tandem.cli\n"
        "try: tandem.cli.main()\n"
        "finally:\n"
        "    heavy = ('prefect', 'great_expectations', 'pandas', 'numpy', 'pyarrow', 'requests', 'jwt')\n"
        "    print(*(each for each in heavy if sys.modules.get(each)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *command.split()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "\n"), ran.stderr
