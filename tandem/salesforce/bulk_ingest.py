"""Writing many records by Bulk 2.0 jobs."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tandem.errors import SalesforceError
from tandem.salesforce import bulk_job
from tandem.salesforce.collection import Operation, Row
from tandem.salesforce.connection import Connection, read_json
from tandem.salesforce.errors import RowError, from_bulk, may_have_happened, one_line
from tandem.salesforce.results import RowResult
from tandem.salesforce.values import bulk_cell

OnJob = Callable[[str, list[int]], None]
"""Told a job's id and the indexes of its rows before they are uploaded; again, with another id, if the upload
was lost on its way and had to be made anew."""

_MOST_BYTES = 40_000_000  # of one upload; Salesforce takes 100 MB, and we hold it in memory
_OPERATIONS = {"create": "insert"}


def write(
    connection: Connection,
    object: str,
    operation: Operation,
    rows: Sequence[Row],
    external_id: str | None,
    on_job: OnJob | None,
) -> Iterator[list[RowResult]]:
    """Send rows in as few jobs as their size allows, yielding what came of each job.

    ``on_job`` is called once the job exists and before anything is in it: after a crash, :func:`collect`
    finds out by the id what became of the rows.
    """
    for part, upload in _uploads(rows):
        job_id = _submit(connection, object, operation, external_id, part, upload, on_job)
        job = bulk_job.wait_for_end(connection, "ingest", job_id)
        yield _settle(connection, job, operation, part, external_id)


def collect(
    connection: Connection, job_id: str, operation: Operation, rows: Sequence[Row], external_id: str | None
) -> list[RowResult]:
    """Find out after a crash what became of a job's rows, waiting for its end.

    A job whose upload was never closed is aborted: none of its rows was written.

    :param rows: those of the job, as they were sent.
    :raises SalesforceError: the job is gone (code ``NOT_FOUND``).
    """
    return _settle(connection, finish(connection, job_id), operation, rows, external_id)


def finish(connection: Connection, job_id: str) -> dict[str, Any]:
    """See to it that a job writes no more: abort it if its upload was never closed, else wait for its end.

    :return: the ended job.
    :raises SalesforceError: the job is gone (code ``NOT_FOUND``).
    """
    if bulk_job.look(connection, "ingest", job_id)["state"] == "Open":
        _set_state(connection, job_id, "Aborted")
    return bulk_job.wait_for_end(connection, "ingest", job_id)


def _settle(
    connection: Connection,
    job: Mapping[str, Any],
    operation: Operation,
    rows: Sequence[Row],
    external_id: str | None,
) -> list[RowResult]:
    """Read what an ended job did with each of its rows."""
    job_id = str(job["id"])
    match = _Matcher(rows, {"create": None, "upsert": external_id}.get(operation, "Id"))
    results: dict[int, RowResult] = {}
    if int(job.get("numberRecordsProcessed") or 0):
        for echo, told in _result_rows(connection, job_id, "successfulResults"):
            for index in match.take(echo):
                created = operation == "create" or told.get("sf__Created", "").lower() == "true"
                results[index] = RowResult(index, told["sf__Id"], True, created)
    if int(job.get("numberRecordsFailed") or 0):
        for echo, told in _result_rows(connection, job_id, "failedResults"):
            for index in match.take(echo):
                errors = from_bulk(told["sf__Error"])
                gone = operation == "delete" and errors[0].code == "ENTITY_IS_DELETED"
                results[index] = RowResult(index, told["sf__Id"] or None, gone, errors=() if gone else errors)
    complete = job["state"] == "JobComplete"
    reason = one_line(str(job.get("errorMessage") or "the job was aborted before it got to this row"))
    for index, row in rows:
        if index not in results:
            # A complete job has dealt with every row, so a missing one was dealt with unseen.
            errors = () if complete else (RowError(bulk_job.JOB_FAILED, reason),)
            results[index] = RowResult(index, row.get("Id"), False, errors=errors, lost=complete)
    return [results[index] for index, _ in rows]


def _submit(
    connection: Connection,
    object: str,
    operation: Operation,
    external_id: str | None,
    rows: Sequence[Row],
    upload: bytes,
    on_job: OnJob | None,
) -> str:
    """Make a job, fill it and let it run. A job takes one upload, so a lost answer means a new job."""
    job = {
        "object": object,
        "operation": _OPERATIONS.get(operation, operation),
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        **({"externalIdFieldName": external_id} if operation == "upsert" else {}),
    }
    attempt = 1
    while True:
        response = connection.request(
            "POST", "jobs/ingest", operation=f"bulk {operation}", object=object, json=job
        )
        job_id = str(read_json(response)["id"])
        if on_job is not None:
            on_job(job_id, [index for index, _ in rows])
        try:
            connection.request(
                "PUT",
                f"jobs/ingest/{job_id}/batches",
                operation="bulk upload",
                object=object,
                data=upload,
                headers={"Content-Type": "text/csv; charset=utf-8"},
                idempotent=False,
                rows=len(rows),
            )
        except SalesforceError as error:
            if not may_have_happened(error.code) or attempt >= connection.settings.max_attempts:
                raise
            _set_state(connection, job_id, "Aborted")
            connection.pause(attempt)
            attempt += 1
            continue
        _set_state(connection, job_id, "UploadComplete")
        return job_id


def _set_state(connection: Connection, job_id: str, state: str) -> None:
    """Close or abort a job. If the answer was lost, the second try is refused, but the state is as wanted."""
    try:
        connection.request("PATCH", f"jobs/ingest/{job_id}", operation=f"bulk {state}", json={"state": state})
    except SalesforceError as error:
        if error.status != 400 or bulk_job.look(connection, "ingest", job_id)["state"] == "Open":
            raise


def _uploads(rows: Sequence[Row]) -> Iterator[tuple[list[Row], bytes]]:
    """Cut rows into uploads. A row without a column leaves that cell empty, which Bulk leaves alone."""
    columns = _columns(rows)
    header = _line(columns)
    part: list[Row] = []
    upload = bytearray(header)
    for row in rows:
        line = _line(_cells(row[1], columns))
        if part and len(upload) + len(line) > _MOST_BYTES:
            yield part, bytes(upload)
            part, upload = [], bytearray(header)
        part.append(row)
        upload += line
    if part:
        yield part, bytes(upload)


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for _, row in rows for name in row))


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    return [bulk_cell(row[name]) if name in row else "" for name in columns]


def _line(cells: Sequence[str]) -> bytes:
    return (",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()


def _result_rows(
    connection: Connection, job_id: str, which: str
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Read a result: what was sent, and what Salesforce adds in its ``sf__`` columns."""
    response = connection.request("GET", f"jobs/ingest/{job_id}/{which}", operation="bulk results")
    for line in csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")):
        told = {name: value for name, value in line.items() if name.startswith("sf__")}
        yield {name: value for name, value in line.items() if name not in told}, told


class _Matcher:
    """Finds the row that a line of a result is about; results come in any order.

    By the key column where its value is unique, and else by all that was sent: rows that are the same in
    everything can stand for each other.
    """

    def __init__(self, rows: Sequence[Row], key: str | None) -> None:
        self._columns = _columns(rows)
        self._key = key
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._by_row: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, row in rows:
            cells = _cells(row, self._columns)
            self._by_row[tuple(cells)].append(index)
            if key is not None:
                self._by_key[cells[self._columns.index(key)]].append(index)

    def take(self, echo: Mapping[str, str]) -> list[int]:
        """Return the index of one row that this line may be about, and do not offer it again."""
        if self._key is not None:
            same = self._by_key.get(echo.get(self._key, ""), [])
            if len(same) == 1:
                return same
        same = self._by_row.get(tuple(echo.get(name, "") for name in self._columns), [])
        return [same.pop(0)] if same else []
