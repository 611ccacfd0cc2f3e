"""Writing by collections and Bulk, against the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tandem.errors import BudgetExhausted
from tandem.salesforce.results import RowResult
from tandem.salesforce.write import collect, send
from tandem.settings import ApiBudget

COLLECTIONS = "* /services/data/*/composite/sobjects*"


def flat(chunks: Any) -> list[RowResult]:
    return sorted((result for chunk in chunks for result in chunk), key=lambda result: result.index)


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"LastName": f"New{number:04}", "Company": "Sent", **more} for number in range(count)]


def created(wire: Any) -> list[str]:
    return [row["LastName"] for row in wire.org.query("SELECT LastName FROM Lead WHERE Company = 'Sent'")]


@pytest.mark.parametrize(("count", "threshold"), [(3, 2000), (450, 2000), (450, 300)])
def test_creates_by_rest_and_bulk(wire: Any, count: int, threshold: int) -> None:
    results = flat(send(wire.connect(bulk_threshold=threshold), "Lead", "create", people(count)))
    assert all(result.success and result.created for result in results)
    assert [wire.org.get("Lead", result.id)["LastName"] for result in results] == [
        row["LastName"] for row in people(count)
    ]
    assert bool(wire.paths("jobs/ingest")) is (count >= threshold)
    assert len(wire.paths("composite/sobjects")) == (0 if count >= threshold else -(-count // 200))


@pytest.mark.parametrize("threshold", [2000, 2])
def test_updates_touch_only_what_a_row_carries(
    wire: Any, leads: Callable[[int], list[str]], threshold: int
) -> None:
    first, second, third = leads(3)
    for lead in (first, second, third):
        wire.org.update("Lead", lead, {"Title": "Old", "Phone": "1"})
    rows = [
        {"Id": first, "Title": "NA"},
        {"Id": second, "Phone": None},
        {"Id": third, "Title": "", "Phone": "2"},
    ]
    assert all(r.success for r in flat(send(wire.connect(bulk_threshold=threshold), "Lead", "update", rows)))
    found = [wire.org.get("Lead", lead) for lead in (first, second, third)]
    assert [(row["Title"], row["Phone"]) for row in found] == [("NA", "1"), ("Old", None), (None, "2")]


@pytest.mark.parametrize("threshold", [2000, 2])
def test_refused_rows_have_salesforces_words(
    wire: Any, leads: Callable[[int], list[str]], threshold: int
) -> None:
    first, second, third = leads(3)
    wire.org.add_validation_rule("Lead", "NoXX", "Title = 'XX'", "XX is not a title.", "Title")
    rows = [{"Id": first, "Title": "XX"}, {"Id": second, "Title": "fine"}, {"Id": third, "LastName": None}]
    one, two, three = flat(send(wire.connect(bulk_threshold=threshold), "Lead", "update", rows))
    assert one.errors[0].code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert one.errors[0].message == "XX is not a title."
    assert one.errors[0].fields == ("Title",)
    assert two.success
    assert three.errors[0].code == "REQUIRED_FIELD_MISSING"
    assert three.errors[0].fields == ("LastName",)


@pytest.mark.parametrize("threshold", [2000, 2])
def test_deletes(wire: Any, leads: Callable[[int], list[str]], threshold: int) -> None:
    first, second = leads(2)
    wire.org.delete("Lead", second)
    rows = [{"Id": first}, {"Id": second}]
    results = flat(send(wire.connect(bulk_threshold=threshold), "Lead", "delete", rows))
    assert [result.success for result in results] == [True, True]
    assert wire.org.get("Lead", first)["IsDeleted"]


@pytest.mark.parametrize("threshold", [2000, 2])
def test_upserts_by_external_id(wire: Any, threshold: int) -> None:
    wire.org.add_field("Lead", "Key__c", "string", length=40, external_id=True, unique=True)
    known = wire.org.create("Lead", {"LastName": "Known", "Company": "Sent", "Key__c": "k1"})
    rows = [{"Key__c": "k1", "LastName": "Renamed", "Company": "Sent"}, {"Key__c": "k2", **people(1)[0]}]
    connection = wire.connect(bulk_threshold=threshold)
    results = flat(send(connection, "Lead", "upsert", rows, external_id="Key__c"))
    assert [result.created for result in results] == [False, True]
    assert results[0].id == known
    again = flat(send(connection, "Lead", "upsert", rows, external_id="Key__c"))
    assert [result.id for result in again] == [result.id for result in results]
    assert sorted(created(wire)) == ["New0000", "Renamed"]


@pytest.mark.parametrize(("kind", "written"), [("drop_before", 0), ("drop_after", 200)])
def test_a_create_whose_answer_is_lost_is_not_sent_twice(wire: Any, kind: str, written: int) -> None:
    connection = wire.connect()
    wire.org.faults.add(match=COLLECTIONS, kind=kind)
    results = flat(send(connection, "Lead", "create", people(250)))
    assert [result.lost for result in results] == [True] * 200 + [False] * 50
    names = created(wire)
    assert len(names) == len(set(names)) == written + 50


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut_body"])
def test_an_update_whose_answer_is_lost_is_sent_again(
    wire: Any, leads: Callable[[int], list[str]], kind: str
) -> None:
    connection = wire.connect()
    wire.org.faults.add(match=COLLECTIONS, kind=kind)
    rows = [{"Id": lead, "Title": "T"} for lead in leads(5)]
    assert all(result.success for result in flat(send(connection, "Lead", "update", rows)))


def test_locks_pass(wire: Any, leads: Callable[[int], list[str]]) -> None:
    ids = leads(5)
    wire.org.faults.add(match=COLLECTIONS, kind="lock_row", rows=ids[:2], times=2)
    chunks = list(send(wire.connect(), "Lead", "update", [{"Id": lead, "Title": "T"} for lead in ids]))
    assert [sorted(result.index for result in chunk) for chunk in chunks] == [[2, 3, 4], [0, 1]]
    assert all(result.success for result in flat(chunks))


def test_a_lock_that_stays_is_the_rows_error(wire: Any, leads: Callable[[int], list[str]]) -> None:
    ids = leads(2)
    wire.org.faults.add(match=COLLECTIONS, kind="lock_row", rows=ids[:1], times=None)
    rows = [{"Id": lead, "Title": "T"} for lead in ids]
    locked, fine = flat(send(wire.connect(max_attempts=2), "Lead", "update", rows))
    assert locked.errors[0].code == "UNABLE_TO_LOCK_ROW"
    assert fine.success


def test_a_poison_row_does_not_hold_up_the_others(wire: Any, leads: Callable[[int], list[str]]) -> None:
    rows: list[dict[str, Any]] = [{"Id": lead, "Title": "T"} for lead in leads(40)]
    rows[17] = {"Id": rows[17]["Id"], "NumberOfEmployees": "banana"}
    results = flat(send(wire.connect(), "Lead", "update", rows))
    assert [result.index for result in results if not result.success] == [17]
    assert results[17].errors[0].code


def test_a_bulk_job_that_fails_leaves_every_row_an_error(
    wire: Any, leads: Callable[[int], list[str]]
) -> None:
    wire.org.faults.add(
        match="* /services/data/*/jobs/ingest*", kind="bulk_fail", message="It broke.", times=None
    )
    rows = [{"Id": lead, "Title": "T"} for lead in leads(5)]
    results = flat(send(wire.connect(bulk_threshold=2), "Lead", "update", rows))
    assert len(results) == 5
    assert not any(result.success for result in results)
    assert all(result.errors for result in results)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_bulk_upload_that_is_lost_is_made_anew(wire: Any, kind: str) -> None:
    jobs: list[str] = []
    wire.org.faults.add(match="PUT /services/data/*/jobs/ingest/*/batches", kind=kind)
    results = flat(
        send(
            wire.connect(bulk_threshold=2),
            "Lead",
            "create",
            people(5),
            on_job=lambda job, _: jobs.append(job),
        )
    )
    assert all(result.success for result in results)
    assert len(jobs) == 2
    assert sorted(created(wire)) == [row["LastName"] for row in people(5)]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_to_closing_a_job_does_no_harm(wire: Any, kind: str) -> None:
    wire.org.faults.add(match="PATCH /services/data/*/jobs/ingest/*", kind=kind)
    results = flat(send(wire.connect(bulk_threshold=2), "Lead", "create", people(5)))
    assert all(result.success for result in results)
    assert sorted(created(wire)) == [row["LastName"] for row in people(5)]


def test_after_a_crash_a_job_is_settled_by_its_id(wire: Any) -> None:
    jobs: list[str] = []
    connection = wire.connect(bulk_threshold=2)
    sent = flat(send(connection, "Lead", "create", people(5), on_job=lambda job, _: jobs.append(job)))
    assert collect(wire.connect(), jobs[0], "create", people(5)) == sent


def test_after_a_crash_a_job_without_its_upload_wrote_nothing(wire: Any) -> None:
    jobs: list[str] = []

    def crash(job: str, indexes: list[int]) -> None:
        jobs.append(job)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(send(wire.connect(bulk_threshold=2), "Lead", "create", people(5), on_job=crash))
    results = collect(wire.connect(), jobs[0], "create", people(5))
    assert not any(result.success or result.lost for result in results)
    assert created(wire) == []


def test_the_budget_ends_between_chunks(wire: Any) -> None:
    sending = send(wire.connect(budget=ApiBudget(daily_calls=1)), "Lead", "create", people(300))
    assert len(next(sending)) == 200
    with pytest.raises(BudgetExhausted):
        next(sending)
    assert len(created(wire)) == 200


def test_writing_leaves_owners_to_themselves(wire: Any, leads: Callable[[int], list[str]]) -> None:
    list(send(wire.connect(), "Lead", "update", [{"Id": leads(1)[0], "Title": "T"}]))
    headers = wire.org.requests.matching("PATCH", "composite/sobjects")[0].request_headers
    told = {name.lower(): value for name, value in headers.items()}
    assert told["sforce-auto-assign"] == "FALSE"
    assert told["sforce-mru"] == "updateMru=false"


def test_text_that_breaks_naive_csv_leaves_as_it_is(wire: Any, leads: Callable[[int], list[str]]) -> None:
    traps = [
        "NA",
        "00000",
        'He said "hi"',
        "a,b",
        "line\nbreak",
        "None",
        "😀",
        "#N/A",
        "'",
        "\\",
        "x" * 32_000,
    ]
    rows = [{"Id": lead, "Description": text} for lead, text in zip(leads(len(traps)), traps, strict=True)]
    for threshold in (2000, 2):
        results = flat(send(wire.connect(bulk_threshold=threshold), "Lead", "update", rows))
        assert all(result.success for result in results)
        assert [wire.org.get("Lead", row["Id"])["Description"] for row in rows] == traps
        list(send(wire.connect(), "Lead", "update", [{**row, "Description": None} for row in rows]))
