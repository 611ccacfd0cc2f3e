"""``tandem status``."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from tandem.clock import utc_now
from tandem.database import journal
from tandem.database.connection import Database
from tests.unit.cli.conftest import Tandem


@pytest.mark.conformance("STS-01")
def test_csv_has_the_columns_of_the_status_view_newest_first(tandem: Tandem, database: Database) -> None:
    rows = list(csv.reader(io.StringIO(tandem("status", "--csv").out)))
    assert rows[0] == [
        *("Started At", "Ended At", "Object", "Operation", "Status"),
        *("New", "Updated", "Deleted", "Failed Item", "Skipped"),
    ]
    assert [row[3] for row in rows[1:]] == ["Push updates", "Pull updates"]  # five days, no more
    assert rows[2][4:] == ["Succeeded", "2", "1", "0", "0", "4"]
    assert rows[1][0].endswith("+00:00")


@pytest.mark.parametrize(
    ("options", "operations"),
    [
        (["--object", "lead"], ["Push updates", "Pull updates"]),
        (["--object", "Account"], []),
        (["--object", "Account", "--since", "10d"], ["Pull updates"]),
        (["--operation", "pull updates"], ["Pull updates"]),
        (["--status", "failed"], ["Push updates"]),
        (["--since", "5m"], []),
    ],
)
def test_filters(tandem: Tandem, database: Database, options: list[str], operations: list[str]) -> None:
    assert [step["operation"] for step in tandem("status", "--json", *options).json["steps"]] == operations


def test_json_tells_state_lag_errors_and_calls(tandem: Tandem, database: Database) -> None:
    facts = tandem("status", "--json").json
    assert facts["state"] == "Last Synced"
    assert facts["last_run"]["id"] == "r1"
    assert facts["last_error"]["code"] == "TIMEOUT"
    assert facts["waiting"] == {"errors": 2, "quarantined": 1, "unsent": 0, "actions_broken_off": 0}
    assert facts["api"]["used_24h"] == 3
    assert (facts["api"]["org_used_24h"], facts["api"]["org_limit_24h"]) == (42, 5000)
    lead = next(each for each in facts["objects"] if each["object"] == "Lead")
    assert lead["read_up_to"].endswith("Z")


def _open_run(database: Database, heartbeat_age: timedelta | None) -> None:
    with database.write() as session:
        now = utc_now()
        session.insert("sync.run", [("r2", "sync", now, None, "In Process", None)])
        if heartbeat_age is not None:
            session.insert("sync.lease", [("write", "r2", "sync", "host", 1, now, now - heartbeat_age)])


def test_a_run_under_way(tandem: Tandem, database: Database) -> None:
    _open_run(database, timedelta())
    assert tandem("status", "--json").json["state"] == "Sync in Progress"


@pytest.mark.parametrize("heartbeat_age", [None, timedelta(minutes=3)])
def test_a_run_whose_process_is_gone(
    tandem: Tandem, database: Database, heartbeat_age: timedelta | None
) -> None:
    _open_run(database, heartbeat_age)
    facts = tandem("status", "--json").json
    assert facts["state"] == "Failed"
    assert "process is gone" in facts["detail"]


@pytest.mark.parametrize("status", ["Failed", "Stopped at budget"])
def test_a_run_that_failed(tandem: Tandem, database: Database, status: str) -> None:
    now = utc_now()
    with database.write() as session:
        session.insert("sync.run", [("r2", "sync", now, now, status, "Because.")])
    facts = tandem("status", "--json").json
    assert (facts["state"], facts["detail"]) == ("Failed", "Because.")
    assert tandem("status").out.startswith("Failed ")


def test_a_flow_action_is_no_cycle_and_one_that_broke_off_is_called_so(
    tandem: Tandem, database: Database
) -> None:
    now = utc_now()
    with database.write() as session:
        session.insert("sync.run", [("a1", "create-task", now, now, "Failed", "No such owner.")])
        for number, operation in enumerate(("task", "assign", "update"), start=1):
            session.execute(
                "INSERT INTO sync.outbox VALUES (?, 'a1', 'Lead', ?, ?, NULL, '{}', 'journalled', ?, NULL)",
                [number, operation, number, now],
            )
    facts = tandem("status", "--json").json
    assert (facts["state"], facts["last_run"]["kind"]) == ("Last Synced", "sync")
    assert (facts["waiting"]["unsent"], facts["waiting"]["actions_broken_off"]) == (1, 2)
    assert "Flow actions for 2 people broke off" in tandem("status").out
    with database.write() as session:  # they are not waited for for ever
        journal.prune(session, -1)
    facts = tandem("status", "--json").json
    assert (facts["waiting"]["unsent"], facts["waiting"]["actions_broken_off"]) == (1, 0)


def test_steps_are_kept_as_long_as_the_setting_says(
    tandem: Tandem, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days, kept in ((10, 3), (8, 2)):  # one of the steps is nine days old
        with database.write() as session:
            journal.prune(session, days)
        assert len(tandem("status", "--json", "--since", "99d").json["steps"]) == kept
    monkeypatch.setenv("TANDEM_SYNC__KEEP_DAYS", "4")  # the documented five at least
    assert tandem("status").err.startswith("Setting sync.keep_days: ")


def test_for_people(tandem: Tandem, database: Database) -> None:
    ran = tandem("status")
    assert ran.out.startswith("Last Synced ")
    assert "2 errors standing" in ran.out
    assert "3 ours, the org 42 of 5,000" in ran.out
    assert "Push updates" in ran.out


def test_before_the_first_sync(tandem: Tandem) -> None:
    assert tandem("status").out.startswith("Never Synced")
    assert tandem("status", "--json").code == 1


def test_a_wrong_time_is_refused(tandem: Tandem, database: Database) -> None:
    ran = tandem("status", "--since", "yesterday")
    assert ran.code == 2
    assert "is not a time" in ran.err


def test_a_narrow_terminal_and_a_pipe_cut_nothing(
    tandem: Tandem, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = (1_234_567, 2_345_678, 3_456_789, 4_567_890, 5_678_901)
    with database.write() as session:
        now = utc_now()
        step = (4, "r1", now, now, "OpportunityContactRole", "Update activities", "Succeeded", *many, None)
        session.insert("sync.step", [step])
    monkeypatch.setenv("COLUMNS", "80")
    narrow = tandem("status").out
    monkeypatch.delenv("COLUMNS")
    piped = tandem("status").out
    for shown in (narrow, piped):
        assert "…" not in shown
        assert all(f"{each:,}" in shown for each in many)
    assert max(map(len, narrow.splitlines()[-6:])) <= 80
    [line] = [each for each in piped.splitlines() if "Update activities" in each]
    assert "OpportunityContactRole" in line
