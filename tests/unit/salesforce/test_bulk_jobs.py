"""Bulk 2.0: result pages to disk, ingest jobs, and matching results to rows."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tandem.errors import SalesforceError, TandemError
from tandem.salesforce import bulk_query
from tandem.salesforce.write import collect, send


class QueryJob:
    """A finished query job of some pages; locators are page numbers."""

    def __init__(self, answer: Any, refuse: Any, count: int, parallel: bool = True) -> None:
        self.answer, self.refuse, self.count, self.parallel = answer, refuse, count, parallel
        self.fetched: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, request: Any) -> Any:
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith("/resultPages"):
            return self.pages(query) if self.parallel else self.refuse("NOT_FOUND", 404)
        number = int(query.get("locator", "0"))
        with self.lock:
            self.fetched.append(query.get("locator", ""))
        following = str(number + 1) if number + 1 < self.count else "null"
        return self.answer(
            body=b"Id\n" + f"row{number}\n".encode(),
            headers={"Sforce-NumberOfRecords": "1", "Sforce-Locator": following},
        )

    def pages(self, query: dict[str, str]) -> Any:
        start = int(query.get("from", "0"))
        end = min(start + 5, self.count)
        base = "/services/data/v62.0/jobs/query/750/"
        body = {
            "resultPages": [{"resultUrl": f"{base}results?locator={number}"} for number in range(start, end)],
            "done": end == self.count,
        }
        if end < self.count:
            body["nextRecordUrl"] = f"{base}resultPages?from={end}"[1:]  # Salesforce may leave the slash out
        return self.answer(body=body)


def test_pages_come_side_by_side_and_each_once(org: Any, answer: Any, refuse: Any, tmp_path: Path) -> None:
    job = QueryJob(answer, refuse, 12)
    org.script = [job]
    connection = org.connect(parallel_pages=3)
    found = list(bulk_query.pages(connection, "750", tmp_path))
    assert [page.locator for page in found] == [str(number) for number in range(12)]
    assert [page.path.read_text() for page in found] == [f"Id\nrow{number}\n" for number in range(12)]
    assert [page.rows for page in found] == [1] * 12
    assert sorted(job.fetched, key=int) == [str(number) for number in range(12)]
    assert connection.meter.count == 12 + 3
    assert not list(tmp_path.glob(".*"))


def test_pages_at_hand_are_not_fetched_again(org: Any, answer: Any, refuse: Any, tmp_path: Path) -> None:
    job = QueryJob(answer, refuse, 7)
    org.script = [job]
    found = list(bulk_query.pages(org.connect(), "750", tmp_path, have={"0", "3", "6"}))
    assert [page.locator for page in found] == ["1", "2", "4", "5"]
    assert len(job.fetched) == 4


@pytest.mark.parametrize(
    "changes", [{"parallel_pages": 1}, {"api_version": "57.0"}, {"parallel_pages": 2, "offered": False}]
)
def test_pages_come_one_after_the_other_where_they_must(
    org: Any, answer: Any, refuse: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    job = QueryJob(answer, refuse, 3, parallel=changes.pop("offered", True))
    org.script = [job]
    found = list(bulk_query.pages(org.connect(**changes), "750", tmp_path, have=["1"]))
    assert [page.locator for page in found] == ["", "2"]
    assert org.requests[-1].path.endswith("results?maxRecords=100000&locator=2")


def test_no_more_pages_are_fetched_ahead_than_wanted(
    org: Any, answer: Any, refuse: Any, tmp_path: Path
) -> None:
    job = QueryJob(answer, refuse, 30)
    org.script = [job]
    walking = bulk_query.pages(org.connect(parallel_pages=2), "750", tmp_path)
    next(walking)
    walking.close()
    assert len(job.fetched) <= 4


def test_an_empty_job_has_no_pages(org: Any, answer: Any, refuse: Any, tmp_path: Path) -> None:
    org.script = [QueryJob(answer, refuse, 0)]
    assert list(bulk_query.pages(org.connect(), "750", tmp_path)) == []


def test_a_page_cut_short_leaves_nothing_half(org: Any, answer: Any, tmp_path: Path) -> None:
    org.script = [answer(body=b"Id\n" + b"x" * 5000, cut=100)]
    with pytest.raises(SalesforceError) as cut:
        list(bulk_query.pages(org.connect(parallel_pages=1), "750", tmp_path))
    assert cut.value.code == "TRUNCATED"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(
    org: Any, answer: Any, refuse: Any, tmp_path: Path
) -> None:
    org.script = [QueryJob(answer, refuse, 3)]
    (tmp_path / "file").touch()
    with pytest.raises(TandemError, match="TANDEM_STAGING"):
        list(bulk_query.pages(org.connect(), "750", tmp_path / "file"))


def test_waiting_ends_with_the_job(org: Any, answer: Any) -> None:
    states = ["UploadComplete", "InProgress", "InProgress", "JobComplete"]
    org.script = [answer(body={"id": "750", "state": state, "numberRecordsProcessed": 9}) for state in states]
    assert bulk_query.wait(org.connect(), "750") == 9
    assert len(org.requests) == 4


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("QUERY_TIMEOUT: Your query request was running for too long.", "QUERY_TIMEOUT"),
        ("InvalidBatch : Field name not found : Foo", "BULK_JOB_FAILED"),
        (None, "BULK_JOB_FAILED"),
    ],
)
def test_a_failed_job_says_why(org: Any, answer: Any, message: str | None, code: str) -> None:
    org.script = [answer(body={"id": "750", "object": "Lead", "state": "Failed", "errorMessage": message})]
    with pytest.raises(SalesforceError) as failed:
        bulk_query.wait(org.connect(), "750")
    assert failed.value.code == code
    assert (message or "no reason").rstrip(".") in str(failed.value)


def test_a_job_that_is_gone_is_told_by_its_code(org: Any, refuse: Any) -> None:
    org.script = [refuse("NOT_FOUND", 404)]
    with pytest.raises(SalesforceError) as gone:
        bulk_query.wait(org.connect(), "750")
    assert gone.value.code == "NOT_FOUND"


class IngestJob:
    """Takes uploads and answers with results in reverse order, as Salesforce may."""

    def __init__(self, answer: Any, refuse: Any) -> None:
        self.answer, self.refuse = answer, refuse
        self.jobs: list[dict[str, Any]] = []
        self.uploads: list[str] = []
        self.lose_uploads = 0
        self.fail = ""
        self.errors: dict[str, str] = {}  # sf__Error by the first column's value
        self.collections: list[Any] = []

    def __call__(self, request: Any) -> Any:
        path = urlsplit(request.path).path.split("/v62.0/")[1]
        if path == "composite/sobjects":
            self.collections.append(request.json["records"])
            return self.answer(body=[{"id": "c", "success": True} for _ in request.json["records"]])
        if request.method == "POST":
            self.jobs.append({**request.json, "id": f"751-{len(self.jobs)}", "state": "Open"})
            return self.answer(body=self.jobs[-1])
        job = self.jobs[int(path.split("-")[1].split("/")[0])]
        if request.method == "PUT":
            if self.lose_uploads:
                self.lose_uploads -= 1
                return self.answer(drop=True)
            self.uploads.append(request.body.decode())
            return self.answer(201, b"")
        if request.method == "PATCH":
            job["state"] = request.json["state"]
            if job["state"] == "UploadComplete":
                rows = self.rows()
                failed = sum(row[0] in self.errors for row in rows)
                job |= {"state": "Failed" if self.fail else "JobComplete", "errorMessage": self.fail or None}
                job |= {
                    "numberRecordsProcessed": 0 if self.fail else len(rows),
                    "numberRecordsFailed": failed,
                }
            return self.answer(body=job)
        if path.endswith("Results"):
            return self.answer(body=self.results("failed" in path).encode())
        return self.answer(body=job)

    def rows(self) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.uploads[-1], newline="")))[1:]

    def results(self, failed: bool) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        header = next(csv.reader(io.StringIO(self.uploads[-1], newline="")))
        writer.writerow(["sf__Id", "sf__Error" if failed else "sf__Created", *header])
        for row in reversed(self.rows()):
            if (row[0] in self.errors) == failed:
                writer.writerow(["new" + row[0], self.errors.get(row[0], "true"), *row])
        return out.getvalue()


@pytest.fixture
def ingest(org: Any, answer: Any, refuse: Any) -> IngestJob:
    job = IngestJob(answer, refuse)
    org.script = [job]
    return job


def test_many_rows_are_one_job_and_each_has_its_result(org: Any, ingest: IngestJob) -> None:
    ingest.errors = {"b": "STRING_TOO_LONG:Title: too large:Title --"}
    kept: list[tuple[str, list[int]]] = []
    given = [{"Id": "a", "Title": "x"}, {"Id": "b", "Fax": None}, {"Id": "c", "Title": 'q"\r\n,'}]
    (results,) = send(
        org.connect(bulk_threshold=3),
        "Lead",
        "update",
        given,
        on_job=lambda job_id, indexes: kept.append((job_id, indexes)),
    )
    assert kept == [("751-0", [0, 1, 2])]
    assert [result.index for result in results] == [0, 1, 2]
    assert [result.success for result in results] == [True, False, True]
    assert results[1].errors[0].fields == ("Title",)
    assert ingest.uploads == ['"Id","Title","Fax"\n"a","x",""\n"b","","#N/A"\n"c","q""\r\n,",""\n']
    assert ingest.jobs[0]["operation"] == "update"
    assert ingest.jobs[0]["lineEnding"] == "LF"


def test_creates_are_matched_by_all_that_was_sent(org: Any, ingest: IngestJob) -> None:
    given = [{"LastName": name, "City": city} for name, city in ["ab", "ac", "xy", "ab"]]
    (results,) = send(org.connect(bulk_threshold=3), "Lead", "create", given)
    assert [result.id for result in results] == ["newa", "newa", "newx", "newa"]
    assert all(result.success and result.created for result in results)
    assert ingest.jobs[0]["operation"] == "insert"


def test_a_failed_job_fails_its_rows_with_the_jobs_words(org: Any, ingest: IngestJob) -> None:
    ingest.fail = "InvalidBatch : Field name not found : Foo"
    (results,) = send(org.connect(bulk_threshold=2), "Lead", "update", [{"Id": "a", "Foo": 1}, {"Id": "b"}])
    assert {error.message for result in results for error in result.errors} == {ingest.fail}
    assert {error.code for result in results for error in result.errors} == {"BULK_JOB_FAILED"}
    assert not any(result.lost or result.success for result in results)


def test_an_upload_that_was_lost_is_given_up_and_made_anew(org: Any, ingest: IngestJob) -> None:
    ingest.lose_uploads = 1
    kept: list[str] = []
    (results,) = send(
        org.connect(bulk_threshold=2),
        "Lead",
        "create",
        [{"LastName": "a"}, {"LastName": "b"}],
        on_job=lambda job_id, _: kept.append(job_id),
    )
    assert kept == ["751-0", "751-1"]
    assert [job["state"] for job in ingest.jobs] == ["Aborted", "JobComplete"]
    assert all(result.success for result in results)


def test_what_bulk_cannot_carry_goes_by_collections(org: Any, ingest: IngestJob) -> None:
    given = [{"Id": "a", "T": "#N/A"}, {"Id": "b", "T": "x" * 32_001}, {"Id": "c", "T": None}]
    results = [
        result for chunk in send(org.connect(bulk_threshold=3), "Lead", "update", given) for result in chunk
    ]
    assert sorted(result.index for result in results) == [0, 1, 2]
    assert ingest.uploads == ['"Id","T"\n"c","#N/A"\n']
    assert [record["id"] for record in ingest.collections[0]] == ["a", "b"]


def test_locked_rows_of_a_job_go_by_collections(org: Any, ingest: IngestJob) -> None:
    ingest.errors = {"b": "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--"}
    given = [{"Id": "a", "T": "1"}, {"Id": "b", "T": "2"}]
    first, second = send(org.connect(bulk_threshold=2), "Lead", "update", given)
    assert [(result.index, result.success) for result in first + second] == [(0, True), (1, True)]


def test_after_a_crash_an_open_job_is_given_up_and_nothing_was_written(org: Any, ingest: IngestJob) -> None:
    ingest.jobs = [{"id": "751-0", "state": "Open"}]
    (result,) = collect(org.connect(), "751-0", "create", [{"LastName": "a"}])
    assert ingest.jobs[0]["state"] == "Aborted"
    assert not result.success
    assert not result.lost


def test_after_a_crash_a_finished_job_tells_what_it_did(org: Any, ingest: IngestJob) -> None:
    given = [{"LastName": "a"}, {"LastName": "b"}]
    list(send(org.connect(bulk_threshold=2), "Lead", "create", given))
    results = collect(org.connect(), "751-0", "create", given)
    assert [result.id for result in results] == ["newa", "newb"]


def test_large_uploads_are_cut(org: Any, ingest: IngestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    from tandem.salesforce import bulk_ingest

    monkeypatch.setattr(bulk_ingest, "_MOST_BYTES", 40)
    given = [{"Id": f"a{number}", "T": "xxxx"} for number in range(6)]
    chunks = list(send(org.connect(bulk_threshold=2), "Lead", "update", given))
    assert [len(chunk) for chunk in chunks] == [2, 2, 2]
    assert all(upload.startswith('"Id","T"\n') for upload in ingest.uploads)
