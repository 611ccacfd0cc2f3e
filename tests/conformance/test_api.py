"""What the sync spends: API calls (section 27)."""

from __future__ import annotations

import json
from math import ceil
from typing import Any, get_args

import pytest

from tandem.errors import BudgetExhausted
from tandem.settings import SettableObject
from tests.conformance.conftest import Cast, tandem
from tests.conformance.wire import Wire
from tests.support.world import World

MANY = 401


def many_leads(world: World) -> list[str]:
    """Make leads in Salesforce."""
    rows = [{"LastName": f"Lead {number}", "Company": "Many Ltd"} for number in range(MANY)]
    return world.org.create_many("Lead", rows)


def titles(world: World) -> dict[str, str | None]:
    """Return the titles of those leads in Salesforce."""
    return {
        row["Id"]: row["Title"]
        for row in world.org.query("SELECT Id, Title FROM Lead WHERE Company = 'Many Ltd'")
    }


def calls(world: World) -> int:
    """Return how many calls the org counted since the log was cleared."""
    return world.org.requests.api_calls()


def status() -> dict[str, Any]:
    """Return what ``tandem status`` shows."""
    shown: dict[str, Any] = json.loads(tandem("status", "--json"))
    return shown


@pytest.mark.conformance("API-01")
def test_200_changes_to_a_call_each_way(synced: World) -> None:
    synced.org.requests.clear()
    synced.sync()
    idle = calls(synced)

    records = many_leads(synced)
    synced.org.requests.clear()
    summary = synced.sync()
    assert synced.steps(summary)["Lead", "Pull updates"]["new"] == MANY
    assert calls(synced) - idle <= ceil(MANY / 200)

    synced.execute("UPDATE marketing.person SET job_title = 'Sent' WHERE company_name = 'Many Ltd'")
    synced.org.requests.clear()
    wire = Wire(synced.org)
    summary = synced.sync()
    assert synced.steps(summary)["Lead", "Push updates"]["updated"] == MANY
    assert titles(synced) == dict.fromkeys(records, "Sent")
    sent = [len(each.json["records"]) for each in wire.said if each.method == "PATCH"]
    assert sent == [200, 200, 1]
    reads = len([each for each in wire.said if each.path.endswith("/composite")])
    assert calls(synced) == reads + ceil(MANY / 200)
    assert summary["api_calls"] == calls(synced)


@pytest.mark.conformance("API-02")
def test_a_cycle_with_nothing_changed_takes_four_calls_for_all_standard_objects(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TANDEM_SYNC__OBJECTS")
    monkeypatch.setenv("TANDEM_SYNC__CAMPAIGNS", "true")
    synced.org.set_marketing_user(True)
    synced.sync()
    synced.org.requests.clear()

    summary = synced.sync()

    objects = {step["object"] for step in summary["steps"]}
    assert len(objects) == len(get_args(SettableObject))
    assert calls(synced) == summary["api_calls"] <= 4
    assert not any(step[count] for step in summary["steps"] for count in ("new", "updated", "failed"))


@pytest.mark.conformance("API-02")
def test_calls_are_counted_visible_and_stop_at_the_budget(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = synced.org
    records = many_leads(synced)
    org.requests.clear()
    before = status()["api"]["used_24h"]
    summary = synced.sync(objects=["Lead"])

    # Counted and visible: ours and the org's figures agree.
    run = summary["run_id"]
    [counted] = synced.rows("SELECT sum(calls)::INT AS n FROM sync.api_call WHERE run_id = ?", run)
    assert counted["n"] == calls(synced) == summary["api_calls"] > 0
    api = status()["api"]
    assert api["used_24h"] == before + counted["n"]
    assert (api["org_used_24h"], api["org_limit_24h"]) == (org.api_calls_used, 15_000)

    # Out of calls in the middle of a push: what was answered is settled, the rest is not sent.
    synced.execute("UPDATE marketing.person SET job_title = 'Sent' WHERE company_name = 'Many Ltd'")
    reading = 2  # one call to look, one to read
    monkeypatch.setenv("TANDEM_BUDGET__DAILY_CALLS", str(api["used_24h"] + reading + 1))
    with pytest.raises(BudgetExhausted, match="budget"):
        synced.sync(objects=["Lead"])
    sent = [record for record, title in titles(synced).items() if title == "Sent"]
    assert len(sent) == 200
    settled = synced.rows("SELECT sfdc_id FROM sync.outbox WHERE state = 'done'")
    assert {row["sfdc_id"] for row in settled} == set(sent)
    assert status()["last_run"]["status"] == "Stopped at budget"
    push = next(step for step in status()["steps"] if step["operation"] == "Push updates")
    assert (push["status"], push["updated"]) == ("Stopped at budget", 200)

    # Out of calls before anything is read: nothing moves, the watermark least of all.
    org.update("Lead", records[0], {"City": "Not yet"})
    marks = synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY object")
    people = synced.rows("SELECT * FROM marketing.person ORDER BY id")
    monkeypatch.setenv("TANDEM_BUDGET__DAILY_CALLS", str(status()["api"]["used_24h"] + 1))
    org.requests.clear()
    with pytest.raises(BudgetExhausted, match="budget"):
        synced.sync(objects=["Lead"])
    assert calls(synced) == 1
    assert synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY object") == marks
    assert synced.rows("SELECT * FROM marketing.person ORDER BY id") == people
    assert status()["last_run"]["status"] == "Stopped at budget"

    # With calls again, it goes on where it stopped.
    monkeypatch.delenv("TANDEM_BUDGET__DAILY_CALLS")
    wire = Wire(org)
    synced.sync(objects=["Lead"])
    assert titles(synced) == dict.fromkeys(records, "Sent")
    assert {row["id"] for _, row in wire.writes()} == set(records) - set(sent)
    assert synced.person(records[0])["city"] == "Not yet"


@pytest.mark.conformance("API-02")
def test_the_org_s_own_limit_stops_it_as_well(synced: World, cast: Cast) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Not yet"})
    marks = synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY object")
    synced.org.set_api_limit(0)
    with pytest.raises(BudgetExhausted, match="no API calls left"):
        synced.sync()
    assert status()["last_run"]["status"] == "Stopped at budget"
    assert synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY object") == marks
    assert synced.person(cast.lead)["city"] == "London"


@pytest.mark.conformance("API-02")
def test_pages_that_are_read_at_once_do_not_overdraw_the_budget(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.org.create_many("Lead", [{"LastName": f"Lead {n}", "Company": "Many Ltd"} for n in range(1000)])
    pages = "GET /services/data/*/jobs/query/*/results*"
    synced.org.faults.add(pages, "latency", seconds=0.3, times=None)
    monkeypatch.setattr("sandbox.api.bulk2_query.PAGE_ROWS", 100)  # Salesforce chooses the size of such pages
    for name, value in (("PARALLEL_PAGES", 6), ("BULK_THRESHOLD", 100)):
        monkeypatch.setenv(f"TANDEM_SALESFORCE__{name}", str(value))
    synced.org.requests.clear()
    budget = 9  # to look, to ask, to start and see the job, to list its pages; some are left for ten pages
    used = status()["api"]["used_24h"]
    monkeypatch.setenv("TANDEM_BUDGET__DAILY_CALLS", str(used + budget))
    with pytest.raises(BudgetExhausted, match="budget"):
        synced.sync(objects=["Lead"])
    assert calls(synced) == budget
    assert status()["api"]["used_24h"] == used + budget
    assert synced.rows("SELECT count(*) AS n FROM marketing.person WHERE company_name = 'Many Ltd'") == [
        {"n": 0}
    ]

    monkeypatch.delenv("TANDEM_BUDGET__DAILY_CALLS")
    synced.org.faults.clear()
    synced.sync(objects=["Lead"])
    assert synced.rows("SELECT count(*) AS n FROM marketing.person WHERE company_name = 'Many Ltd'") == [
        {"n": 1000}
    ]
