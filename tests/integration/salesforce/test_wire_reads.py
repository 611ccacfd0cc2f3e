"""Reading changes and Bulk pages, against the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tandem.errors import SalesforceError
from tandem.salesforce import bulk_query
from tandem.salesforce.changes import ChangeQuery, read_changes, soql
from tandem.salesforce.describe import describe_objects
from tandem.staging import stage_csv, stage_rows

FIELDS = ("Id", "IsDeleted", "LastName", "Title", "Email", "SystemModstamp")
ALL_LEADS = ChangeQuery("Lead", FIELDS, None)


def described(connection: Any, name: str = "Lead", fields: tuple[str, ...] = FIELDS) -> dict[str, Any]:
    found = describe_objects(connection, [name])[name]
    assert found is not None
    return {field: found.fields[field] for field in fields}


def table(paths: list[Path]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(
            "SELECT * FROM read_parquet(?) ORDER BY Id", [[str(p) for p in paths]]
        ).fetchall()


def test_changes_of_five_objects_are_one_call(wire: Any, leads: Callable[[int], list[str]]) -> None:
    connection = wire.connect()
    names = ["User", "Group", "Account", "Lead", "Contact"]
    read_changes(connection, [ChangeQuery(name, ("Id",), None, "Id = null") for name in names], 2000)
    since = connection.server_time
    before = connection.meter.count
    first, second = leads(2)
    wire.org.update("Lead", first, {"Title": "NA"})
    wire.org.delete("Lead", second)
    queries = [ChangeQuery(name, ("Id", "SystemModstamp"), since) for name in names if name != "Lead"]
    found = read_changes(connection, [*queries, ChangeQuery("Lead", FIELDS, since)], 2000)
    assert connection.meter.count - before == 1
    rows = {row["Id"]: row for row in found["Lead"].rows or ()}
    assert rows[first]["Title"] == "NA"
    assert rows[second]["IsDeleted"] is True
    assert all(changes.error is None for changes in found.values())
    assert abs(found["Lead"].server_time - since) < timedelta(minutes=1)


def test_pages_are_followed(wire: Any) -> None:
    total = wire.org.count("Lead")
    connection = wire.connect()
    changes = read_changes(connection, [ChangeQuery("Lead", FIELDS, None)], 100_000)["Lead"]
    assert changes.rows is not None
    assert len({row["Id"] for row in changes.rows}) == len(changes.rows) == changes.total == total
    stamps = [(row["SystemModstamp"], row["Id"]) for row in changes.rows]
    assert stamps == sorted(stamps)


def test_above_the_threshold_rows_are_left_to_bulk(wire: Any) -> None:
    changes = read_changes(wire.connect(), [ALL_LEADS], 100)["Lead"]
    assert changes.rows is None
    assert changes.total == wire.org.count("Lead")


def test_a_hidden_field_is_one_objects_error(wire: Any) -> None:
    wire.org.hide_field("Lead", "Title")
    queries = [ChangeQuery("Lead", ("Id", "Title"), None), ChangeQuery("User", ("Id",), None)]
    found = read_changes(wire.connect(), queries, 2000)
    assert found["User"].rows
    assert found["Lead"].error is not None
    assert found["Lead"].error.code == "INVALID_FIELD"
    assert "TANDEM_SYNC__IGNORED_FIELDS" in str(found["Lead"].error)


@pytest.mark.parametrize("parallel", [1, 3])
def test_bulk_brings_every_row_once_as_rest_does(wire: Any, tmp_path: Path, parallel: int) -> None:
    connection = wire.connect(bulk_page_rows=100, parallel_pages=parallel)
    fields = described(connection)
    job = bulk_query.start(connection, "Lead", soql(ALL_LEADS, order=False))
    total = bulk_query.wait(connection, job)
    assert total == wire.org.count("Lead")
    staged = []
    for page in bulk_query.pages(connection, job, tmp_path):
        target = page.path.with_suffix(".parquet")
        stage_csv(page.path, fields, target, page.rows)
        staged.append(target)
    changes = read_changes(connection, [ALL_LEADS], 100_000)["Lead"]
    stage_rows(changes.rows or [], fields, tmp_path / "rest.parquet")
    assert table(staged) == table([tmp_path / "rest.parquet"])
    assert len(table(staged)) == total


@pytest.mark.parametrize("parallel", [1, 2])
def test_pages_at_hand_are_not_read_again(wire: Any, tmp_path: Path, parallel: int) -> None:
    connection = wire.connect(bulk_page_rows=100, parallel_pages=parallel)
    job = bulk_query.start(connection, "Lead", soql(ALL_LEADS, order=False))
    bulk_query.wait(connection, job)
    everything = list(bulk_query.pages(connection, job, tmp_path / "all"))
    some = {page.locator for page in everything[::2]}
    rest = list(bulk_query.pages(connection, job, tmp_path / "rest", have=some))
    assert {page.locator for page in rest} == {page.locator for page in everything} - some


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut_body"])
@pytest.mark.parametrize("parallel", [1, 2])
def test_pages_survive_bad_weather(wire: Any, tmp_path: Path, kind: str, parallel: int) -> None:
    connection = wire.connect(bulk_page_rows=100, parallel_pages=parallel)
    job = bulk_query.start(connection, "Lead", soql(ALL_LEADS, order=False))
    total = bulk_query.wait(connection, job)
    wire.org.faults.add(match="GET /services/data/*/jobs/query/*/results", kind=kind, times=2)
    fields = described(connection)
    rows = [
        stage_csv(page.path, fields, page.path.with_suffix(".parquet"), page.rows)
        for page in bulk_query.pages(connection, job, tmp_path)
    ]
    assert sum(rows) == total


def test_a_session_that_ends_in_mid_page_is_renewed(wire: Any, tmp_path: Path) -> None:
    connection = wire.connect(bulk_page_rows=100, parallel_pages=3)
    job = bulk_query.start(connection, "Lead", soql(ALL_LEADS, order=False))
    total = bulk_query.wait(connection, job)
    count = 0
    for page in bulk_query.pages(connection, job, tmp_path):
        wire.org.expire_sessions()
        count += page.rows or 0
    assert count == total


def test_a_job_that_fails_says_why(wire: Any) -> None:
    wire.org.faults.add(match="POST /services/data/*/jobs/query", kind="bulk_fail", message="It broke.")
    connection = wire.connect()
    job = bulk_query.start(connection, "Lead", soql(ALL_LEADS, order=False))
    with pytest.raises(SalesforceError, match="It broke"):
        bulk_query.wait(connection, job)


def test_a_job_that_was_never_there_is_told_by_its_code(wire: Any) -> None:
    with pytest.raises(SalesforceError) as gone:
        bulk_query.wait(wire.connect(), "750000000000001AAA")
    assert gone.value.code == "NOT_FOUND"


def test_text_that_breaks_naive_csv_arrives(wire: Any, tmp_path: Path) -> None:
    traps = [
        "NA",
        "00000",
        'He said "hi"',
        "a,b",
        "line\nbreak",
        "None",
        "😀",
        "x" * 30_000,
        "#N/A",
        "'",
        "\\",
    ]
    for number, text in enumerate(traps):
        wire.org.create("Lead", {"LastName": f"Trap{number:02}", "Company": "Traps", "Description": text})
    connection = wire.connect()
    query = ChangeQuery("Lead", ("Id", "LastName", "Description"), None, "Company = 'Traps'")
    fields = described(connection, fields=query.fields)
    changes = read_changes(connection, [query], 2000)["Lead"]
    stage_rows(changes.rows or [], fields, tmp_path / "rest.parquet")
    job = bulk_query.start(connection, "Lead", soql(query, order=False))
    bulk_query.wait(connection, job)
    (page,) = bulk_query.pages(connection, job, tmp_path)
    stage_csv(page.path, fields, tmp_path / "bulk.parquet", page.rows)
    kept = {f"Trap{number:02}": text for number, text in enumerate(traps)}
    for name in ("rest", "bulk"):
        assert {row[1]: row[2] for row in table([tmp_path / f"{name}.parquet"])} == kept
