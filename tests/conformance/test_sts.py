"""The Sync Status view (section 23)."""

from __future__ import annotations

import csv
import io
import json

import pytest

from flows.outcome import StepsFailed
from tandem.database.journal import Status
from tests.conformance.conftest import Cast, tandem
from tests.support.world import SHIPPED_SUITES, World

COLUMNS = ["Started At", "Ended At", "Object", "Operation", "Status"]
COLUMNS += ["New", "Updated", "Deleted", "Failed Item", "Skipped"]


def status_rows(*arguments: str) -> list[dict[str, str]]:
    """Return the view's rows, newest first, as a user exports them."""
    return list(csv.DictReader(io.StringIO(tandem("status", "--csv", *arguments))))


@pytest.mark.conformance("STS-01")
def test_one_row_per_step_with_its_counts_and_status(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_EXPECTATIONS", SHIPPED_SUITES)
    org = synced.org
    org.add_validation_rule("Lead", "Never", condition="Fax = 'never'", message="Never.")
    spare = [
        row["Id"]
        for row in org.query("SELECT Id FROM Lead WHERE IsConverted = false")
        if row["Id"] != cast.lead
    ]
    org.create("Lead", {"LastName": "New", "Company": "New Ltd"})
    org.update("Lead", spare[0], {"City": "Updated"})
    org.update("Lead", spare[1], {})  # moved, nothing visible changed
    org.delete("Lead", spare[2])
    org.update("Lead", spare[3], {"NumberOfEmployees": -12})  # fails an expectation
    for record, fax in ((cast.lead, "never"), (spare[4], "+44 20 7"), (spare[5], "+44 20 8")):
        synced.execute("UPDATE marketing.person SET fax_number = ? WHERE sfdc_id = ?", fax, record)
    org.hide_field("Contact", "Email")

    with pytest.raises(StepsFailed):
        synced.sync()

    rows = status_rows()
    assert list(rows[0]) == COLUMNS
    run = synced.rows("SELECT id FROM sync.run ORDER BY started_at DESC LIMIT 1")[0]["id"]
    mine = synced.rows("SELECT count(*) AS n FROM sync.step WHERE run_id = ?", run)[0]["n"]
    assert len(rows) > mine
    shown = {(row["Object"], row["Operation"]): row for row in rows[:mine]}
    assert len(shown) == mine  # one row per (operation x object)
    counts = {
        key: tuple(int(row[name]) for name in ("New", "Updated", "Deleted", "Failed Item", "Skipped"))
        for key, row in shown.items()
    }
    assert counts["Lead", "Pull updates"] == (1, 1, 0, 1, 1)
    assert counts["Lead", "Pull deletes"] == (0, 0, 1, 0, 0)
    assert counts["Lead", "Push updates"] == (0, 2, 0, 1, 0)
    assert counts["User", "Pull updates"] == (0, 0, 0, 0, 0)
    states = {key: row["Status"] for key, row in shown.items()}
    assert states.pop(("Contact", "Sync schema")) == "Failed"
    assert set(states.values()) == {"Succeeded"}
    assert {operation for _, operation in shown} == {
        "Sync schema",
        "Pull updates",
        "Pull deletes",
        "Push updates",
    }
    assert not [key for key in shown if key[0] == "Contact" and key[1] != "Sync schema"]
    assert all(row["Started At"] <= row["Ended At"] for row in rows)
    starts = [row["Started At"] for row in rows]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.conformance("STS-02")
def test_five_days_are_shown_and_can_be_filtered(synced: World) -> None:
    synced.sync(objects=["Group"])
    old, recent = "2001-01-01", "4 days"
    synced.execute(f"UPDATE sync.step SET started_at = TIMESTAMP '{old}' WHERE object = 'User'")
    synced.execute(
        f"UPDATE sync.step SET started_at = started_at - INTERVAL {recent.split()[0]} DAY WHERE object = 'Lead'"
    )
    rows = status_rows()
    assert {row["Object"] for row in rows} == {"Group", "Account", "Lead", "Contact"}  # not what is older
    assert {row["Object"] for row in status_rows("--since", "2000-01-01")} == {
        *(row["Object"] for row in rows),
        "User",
    }
    assert {row["Object"] for row in status_rows("--since", "3d")} == {"Group", "Account", "Contact"}
    assert {row["Object"] for row in status_rows("--object", "Lead")} == {"Lead"}
    assert {row["Operation"] for row in status_rows("--operation", "Sync schema")} == {"Sync schema"}
    assert status_rows("--status", "Failed") == []
    assert len(status_rows("--status", "Succeeded")) == len(rows)


@pytest.mark.conformance("SET-03")
def test_the_state_is_one_of_three(synced: World, cast: Cast) -> None:
    def state() -> str:
        return str(json.loads(tandem("status", "--json"))["state"])

    seen = []
    synced.org.faults.add("POST */composite", "call", call=lambda _: seen.append(state()), skip=1)
    assert state() == "Last Synced"
    synced.sync(objects=["Lead"])
    assert seen == ["Sync in Progress"]
    assert state() == "Last Synced"
    synced.org.hide_field("Lead", "Email")
    with pytest.raises(StepsFailed):
        synced.sync(objects=["Lead"])
    assert state() == "Failed"


@pytest.mark.conformance("STS-01")
def test_statuses_are_spelled_as_documented(synced: World) -> None:
    seen: list[dict[str, str]] = []
    synced.org.faults.add("POST */composite", "call", call=lambda _: seen.extend(status_rows()), skip=1)
    synced.sync(objects=["Lead"])
    assert {row["Status"] for row in seen if row["Operation"] == "Pull updates"} == {
        "Succeeded",  # of the first sync
        "In Process",
    }
    # What a run that was killed leaves behind; the next one finds it.
    for table in ("step", "run"):
        latest = f"(SELECT max(started_at) FROM sync.{table})"
        synced.execute(f"UPDATE sync.{table} SET status = 'In Process' WHERE started_at = {latest}")
    synced.org.hide_field("Lead", "Email")
    with pytest.raises(StepsFailed):
        synced.sync(objects=["Lead"])
    assert [row["Status"] for row in status_rows()[:2]] == ["Failed", "Cleaned up"]
    # 23.3, and one of ours for the budget (API-02).
    documented = ["Succeeded", "Failed", "Incomplete", "In Process", "Cleaned up"]
    assert [each.value for each in Status] == [*documented, "Stopped at budget"]
