"""Bulk 2.0 query jobs (facts 5.5)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.job_list import listed
from sandbox.bulk.job import DELIMITERS, LINE_ENDINGS, Job, Jobs
from sandbox.bulk.locator import locator, place
from sandbox.bulk.results import Exporter, Results
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router

PAGE_ROWS = 100_000
"""Rows of a page when the client names no `maxRecords`."""
PARALLEL_PAGES = 5


class Bulk2Query:
    """Jobs that read."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._jobs = Jobs(core, "query")
        self._exporter = Exporter(core)

    def create(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Start a job; it is at work when this is answered."""
        body = call.object_body()
        operation = body.get("operation")
        if operation not in ("query", "queryAll"):
            raise ApiError(400, "INVALIDJOB", "operation must be query or queryAll")
        soql = body.get("query")
        if not isinstance(soql, str):
            raise ApiError(400, "INVALIDJOB", "query is required")
        plan = call.core.plan(soql, call.who, deleted=operation == "queryAll", bulk=True)
        delimiter, ending = formats(body)
        if not call.core.meter.bulk_queries.take():
            raise ApiError(400, "EXCEEDEDQUOTA", "BulkV2QueryJobs Limit exceeded.")
        job = self._jobs.open(operation, plan.sobject.name, call.who, call.version, list(call.faults))
        job.soql, job.delimiter, job.line_ending = soql, delimiter, ending
        job.state = "UploadComplete"
        answer = Answer(body=job.info())

        def work(started: Job) -> None:
            results = self._exporter.export(started.id, plan, delimiter, ending)
            started.result, started.processed = results, results.rows
            if not self._core.meter.bulk_megabytes.take(results.size / 1_000_000):
                results.discard()
                raise ApiError(
                    400, "ExceededQuota", "ExceededQuota : BulkV2QueryFileStorageMB Limit exceeded."
                )

        self._jobs.start(job, work)
        return answer

    def listing(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The user's query jobs."""
        return listed(call, self._jobs)

    def info(self, call: Call, found: Mapping[str, str]) -> Answer:
        """One job."""
        return Answer(body=self._jobs.find(found["id"], call.who).full_info())

    def change(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Abort, the only change there is."""
        job = self._jobs.find(found["id"], call.who)
        if call.object_body().get("state") != "Aborted":
            raise ApiError(400, "INVALIDJOBSTATE", "A query job can only be set to Aborted")
        self._jobs.abort(job)
        return Answer(body=job.info())

    def delete(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Forget a finished job."""
        self._jobs.delete(self._jobs.find(found["id"], call.who))
        return Answer(204)

    def results(self, call: Call, found: Mapping[str, str]) -> Answer:
        """One page of CSV; a page may be fetched again while the job lives."""
        results = self._finished(call, found["id"])[1]
        count = _maximum(call)
        start = place(call.query.get("locator"), results.rows)
        length, stretches = results.page(start, count)
        end = min(start + count, results.rows)
        return Answer(
            headers={
                "Sforce-NumberOfRecords": str(max(end - start, 0)),
                "Sforce-Locator": locator(end) if end < results.rows else "null",
            },
            content_type="text/csv",
            stream=lambda: results.stream(stretches),
            length=length,
            rows=max(end - start, 0),
        )

    def pages(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Up to five result URLs, to be fetched side by side (v58 and up)."""
        if float(call.version) < 58:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        job, results = self._finished(call, found["id"])
        count = _maximum(call)
        start = place(call.query.get("locator"), results.rows)
        base = f"/services/data/v{call.version}/jobs/query/{job.id}"
        urls: list[dict[str, str]] = []
        while start < max(results.rows, 1) and len(urls) < PARALLEL_PAGES:
            at = f"&locator={locator(start)}" if start else ""
            urls.append({"resultUrl": f"{base}/results?maxRecords={count}{at}"})
            start += count
        done = start >= results.rows
        body: dict[str, object] = {"resultPages": urls, "done": done}
        if not done:
            body["nextRecordsUrl"] = f"{base}/resultPages?maxRecords={count}&locator={locator(start)}"
        else:
            body["nextRecordsUrl"] = None
        return Answer(body=body)

    def _finished(self, call: Call, job_id: str) -> tuple[Job, Results]:
        job = self._jobs.find(job_id, call.who)
        if job.version != call.version:
            raise ApiError(
                409,
                "API_ERROR",
                f"The API version of the request ({call.version}) is not the job's ({job.version})",
            )
        if job.shown_state != "JobComplete" or not isinstance(job.result, Results):
            raise ApiError(
                400,
                "INVALIDJOBSTATE",
                f"The job is {job.shown_state}; results are there once it is JobComplete",
            )
        return job, job.result


def _maximum(call: Call) -> int:
    text = call.query.get("maxRecords")
    if text is None:
        return PAGE_ROWS
    if not text.isdigit() or int(text) < 1:
        raise ApiError(400, "INVALID_FIELD", f"maxRecords must be a positive number: {text}")
    return int(text)


def formats(body: Mapping[str, object]) -> tuple[str, str]:
    """Delimiter and line ending of a job's CSV."""
    delimiter = str(body.get("columnDelimiter", "COMMA"))
    ending = str(body.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS:
        raise ApiError(400, "INVALIDJOB", f"Unsupported columnDelimiter: {delimiter}")
    if ending not in LINE_ENDINGS:
        raise ApiError(400, "INVALIDJOB", f"Unsupported lineEnding: {ending}")
    if str(body.get("contentType", "CSV")) != "CSV":
        raise ApiError(400, "INVALIDJOB", f"Unsupported contentType: {body.get('contentType')}")
    return delimiter, ending


def add(router: Router, core: Core) -> None:
    """Take the family's paths in."""
    api = Bulk2Query(core)
    router.add("POST", "jobs/query", api.create)
    router.add("GET", "jobs/query", api.listing)
    router.add("GET", "jobs/query/{id}", api.info)
    router.add("PATCH", "jobs/query/{id}", api.change)
    router.add("DELETE", "jobs/query/{id}", api.delete)
    router.add("GET", "jobs/query/{id}/results", api.results)
    router.add("GET", "jobs/query/{id}/resultPages", api.pages)
