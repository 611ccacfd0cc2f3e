"""The line to Salesforce breaks, or Salesforce answers with trouble: one line, nothing lost, right afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import World
from tests.weather.tampering import (
    answers,
    drop_the_last_row,
    one_more_processed,
    repeat_the_first_record,
    repeat_the_first_row,
)
from tests.weather.weather import Changes, edit, last_run, lead, watermark

ANYTHING = "* /services/data/*"
READ = "POST /services/data/*/composite"
SEND = "PATCH /services/data/*/composite/sobjects"
JOB = "POST /services/data/*/jobs/query"
PAGE = "GET /services/data/*/jobs/query/*/results"
RESULTS = "/services/data/.*/jobs/query/.*/results"
UPLOAD = "POST /services/data/*/jobs/ingest"


OUTAGES: list[tuple[str, str, dict[str, Any], str]] = [
    (ANYTHING, "drop_before", {}, "The connection to .* broke before it answered. Try again"),
    (READ, "drop_after", {"skip": 1}, "The connection to .* broke before it answered. Try again"),
    (READ, "cut_body", {"skip": 1}, "broke off. Try again|broke before it answered. Try again"),
    (READ, "status", {"skip": 1}, r"SERVER_UNAVAILABLE\). Try again later"),
    (READ, "status", {"status": 502, "code": "<html>", "skip": 1}, "Try again later|Look the code up"),
]


def test_nothing_can_be_read(synced: World) -> None:
    changes = Changes.make(synced)
    for match, kind, how, line in OUTAGES:
        synced.org.faults.add(match, kind, times=None, **how)
        changes.meet(line)
        changes.not_read()
        synced.org.faults.clear()
    changes.clear()


def test_the_org_gone_in_mid_page(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.api.query.batch_size", lambda _: 1)
    changes = Changes.make(synced)
    synced.org.faults.add("GET /services/data/*/query/*", "drop_after", times=None)
    synced.org.faults.add("GET /services/data/*/queryAll/*", "drop_after", times=None)
    told = changes.meet("Lead, Pull updates: The connection to .* broke before it answered. Try again")
    assert "Account" not in told
    changes.not_read()
    changes.clear()


@pytest.mark.parametrize("kind", ["drop_before", "cut_body", "status"])
def test_a_moment_of_bad_weather_is_sat_out(synced: World, kind: str) -> None:
    changes = Changes.make(synced)
    for match in (READ, SEND):
        synced.org.faults.add(match, kind, times=2)
    synced.sync()
    assert last_run(synced)["status"] == "Succeeded"
    changes.done()


def test_the_session_ends_in_mid_sync(synced: World) -> None:
    changes = Changes.make(synced)
    for match in (READ, SEND):
        synced.org.faults.add(match, "call", call=lambda _: synced.org.expire_sessions(), skip=match == READ)
    synced.sync()
    assert last_run(synced)["status"] == "Succeeded"
    logins = synced.rows("SELECT count(*) AS n FROM sync.api_call WHERE operation = 'login' AND status = 200")
    assert logins[0]["n"] >= 3
    changes.done()


def test_the_daily_limit_is_reached(synced: World) -> None:
    limit = {"status": 403, "code": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}
    changes = Changes.make(synced)
    synced.org.faults.add(READ, "status", times=None, skip=1, **limit)
    changes.meet("Stopped at Salesforce's limit", "Stopped at budget")
    changes.not_read()
    synced.org.faults.clear()
    synced.org.faults.add(SEND, "status", times=None, **limit)
    changes.meet("Stopped at Salesforce's limit", "Stopped at budget")
    steps = synced.rows("SELECT status FROM sync.step WHERE object = 'Lead' AND operation = 'Push updates'")
    assert steps[-1]["status"] == "Stopped at budget"
    changes.clear()


@pytest.mark.parametrize("times", [2, None], ids=["then fine", "for ever"])
def test_a_row_is_locked(synced: World, times: int | None) -> None:
    changes = Changes.make(synced)
    synced.org.faults.add(SEND, "lock_row", times=times, rows=[changes.ours[0]])
    summary = synced.sync()
    step = synced.steps(summary)["Lead", "Push updates"]
    if times:
        assert (step["updated"], step["failed"]) == (2, 0)
        changes.done()
        return
    assert (step["updated"], step["failed"]) == (1, 1)
    [error] = synced.rows("SELECT * FROM sync.error WHERE resolved_at IS NULL")
    assert (error["sfdc_id"], error["code"], error["class"]) == (
        changes.ours[0],
        "UNABLE_TO_LOCK_ROW",
        "intermittent",
    )
    person = synced.person(changes.ours[0])["id"]
    assert [a["attributes"]["Status"] for a in synced.activities(person, 28)] == ["failed"]
    changes.clear()
    assert synced.rows("SELECT * FROM sync.error WHERE resolved_at IS NULL") == []


BULK_FAILURES = [
    (JOB, "bulk_fail", "Lead, Pull updates: The Bulk job .* failed.*Run the sync again"),
    (PAGE, "drop_after", "Lead, Pull updates: The connection to .* broke before it answered"),
    (PAGE, "cut_body", "Lead, Pull updates: .*(broke off|broke before it answered)"),
    (PAGE, "status", r"Lead, Pull updates: .*SERVER_UNAVAILABLE\). Try again later"),
]


def test_a_bulk_read_fails(by_bulk: World) -> None:
    changes = Changes.make(by_bulk)
    for match, kind, line in BULK_FAILURES:
        by_bulk.org.faults.add(match, kind, times=None)
        changes.meet(line)
        changes.not_read()
        steps = by_bulk.rows(
            "SELECT operation, status FROM sync.step WHERE object = 'Lead' ORDER BY id DESC LIMIT 1"
        )
        assert steps == [{"operation": "Pull updates", "status": "Failed"}]
        by_bulk.org.faults.clear()
    changes.clear()


def test_a_page_that_lacks_rows_is_noticed(by_bulk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(by_bulk)
    with monkeypatch.context() as patch:
        # Whole as HTTP goes, and one row short: what a proxy's cache may hand out.
        answers(patch, RESULTS, drop_the_last_row)
        changes.meet("Lead, Pull updates: .*(promised|announced)")
    changes.not_read()
    changes.clear()


def test_a_bulk_upload_with_refused_rows(by_bulk: World) -> None:
    by_bulk.org.add_validation_rule("Lead", "No_bad_title", "Title = 'Refused'", "Choose another title")
    bad, good = lead(by_bulk, 0), lead(by_bulk, 1)
    edit(by_bulk, bad, job_title="Refused")
    edit(by_bulk, good, job_title='Fine, "quoted",\nand broken')
    for _ in range(2):  # the second cycle does not try again what was refused
        by_bulk.sync()
        assert by_bulk.org.get("Lead", good)["Title"] == 'Fine, "quoted",\nand broken'
        [error] = by_bulk.rows("SELECT sfdc_id, code, message FROM sync.error WHERE level = 'record'")
        assert error["sfdc_id"] == bad
        assert "Choose another title" in error["message"]
        statuses = [a["attributes"]["Status"] for a in by_bulk.activities(by_bulk.person(bad)["id"], 28)]
        assert statuses == ["failed"]
    edit(by_bulk, bad, job_title="Accepted")
    by_bulk.sync()
    assert by_bulk.org.get("Lead", bad)["Title"] == "Accepted"


def test_a_bulk_upload_that_fails_as_a_whole(by_bulk: World) -> None:
    changes = Changes.make(by_bulk)
    by_bulk.org.faults.add(UPLOAD, "bulk_fail", times=None)
    summary = by_bulk.sync()
    step = by_bulk.steps(summary)["Lead", "Push updates"]
    assert (step["updated"], step["failed"]) == (0, 2)
    for each in changes.ours:
        edit(by_bulk, each, job_title="Ours ")  # sent again once it changes, or on demand
    by_bulk.org.faults.clear()
    by_bulk.sync_person(*(by_bulk.person(each)["id"] for each in changes.ours))
    for each in changes.ours:
        edit(by_bulk, each, job_title="Ours")
    by_bulk.sync()
    changes.done()


@pytest.mark.parametrize("world", ["synced", "by_bulk"], ids=["by REST", "by Bulk"])
def test_a_row_that_comes_twice_counts_once(
    world: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    both: World = request.getfixturevalue(world)
    changes = Changes.make(both)
    before = watermark(both, "Lead")
    with monkeypatch.context() as patch:
        if world == "by_bulk":
            answers(patch, RESULTS, repeat_the_first_row)
            answers(patch, "/services/data/.*/jobs/query/[^/]*", one_more_processed)
        else:
            answers(patch, "/services/data/.*/composite", repeat_the_first_record)
        both.sync()
    assert last_run(both)["status"] == "Succeeded"
    assert watermark(both, "Lead") != before
    changes.done()


def test_a_bulk_job_that_takes_too_long_is_taken_up_by_the_next_run(
    by_bulk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = Changes.make(by_bulk)
    by_bulk.org.faults.add(JOB, "bulk_slow", seconds=5)
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_SALESFORCE__BULK_WAIT_HOURS", "1e-9")
        changes.meet(
            "Lead, Pull updates: The Bulk job .* has not ended after 1e-09 hours. It goes on in Salesforce and the"
            " next run takes it up; to wait longer in one run, raise TANDEM_SALESFORCE__BULK_WAIT_HOURS"
        )
    changes.not_read()
    [job] = by_bulk.rows("SELECT job_id FROM sync.bulk_job WHERE object = 'Lead' AND state = 'started'")
    by_bulk.org.requests.clear()
    changes.clear()
    asked = [each.path for each in by_bulk.org.requests if "/jobs/query" in each.path]
    assert not [path for path in asked if path.endswith("/jobs/query")]  # no other was made
    assert [path for path in asked if path.endswith(f"/jobs/query/{job['job_id']}")]
