"""`services/async/{version}/job`: Bulk 1.0 query and ingest in CSV, JSON and XML (facts 5.5).

Answers are JSON where the client sends or asks for JSON, or the job is a JSON job; else XML, as CSV jobs are used to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import ids
from sandbox.bulk import documents
from sandbox.bulk.batch import ENDED, Batch, BatchJob, BatchJobs, Chunking
from sandbox.bulk.batch_work import BatchWork
from sandbox.bulk.results import Results
from sandbox.bulk.saving import OPERATIONS
from sandbox.core import VERSIONS, Core
from sandbox.errors import ApiError
from sandbox.faults import OF_JOBS
from sandbox.http.call import Answer, Call
from sandbox.http.dispatch import log_in
from sandbox.http.router import Router
from sandbox.metadata.sobject import SObject

MAX_BATCH_BYTES = 10_000_000
MAX_CHUNK, DEFAULT_CHUNK = 250_000, 100_000
PATIENCE_SECONDS = 0.2
"""So long a status request waits for a batch at work: clients that poll every five seconds need not."""
CHUNKED = frozenset(
    ["Account", "Campaign", "CampaignMember", "Case", "Contact", "Event", "Lead"]
) | frozenset(["Opportunity", "Task", "User"])
_SERIAL = {"Serial": True, "1": True, "Parallel": False, "0": False, "": False}
Handler = Callable[[Call, Mapping[str, str]], Answer]


class Bulk1:
    """Jobs, their batches and results."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._jobs = BatchJobs(core)
        self._work = BatchWork(core, self._jobs)

    def create(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Open a job."""
        asked = documents.read_job(call.body, _as_json(call))
        operation = asked.get("operation", "")
        if operation not in OPERATIONS | {"query", "queryAll"}:
            raise ApiError(400, "InvalidJob", f"Unknown operation: {operation}")
        if operation == "hardDelete" and not call.who.profile.allows("BulkApiHardDelete"):
            raise ApiError(
                400,
                "FeatureNotEnabled",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        sobject = self._core.schema.find(asked.get("object", ""))
        if sobject is None or not call.who.profile.sees_object(sobject):
            raise ApiError(400, "InvalidJob", f"Unable to find object: {asked.get('object')}")
        kind = asked.get("contentType", "XML")
        if kind not in documents.MIME:
            raise ApiError(400, "InvalidJob", f"Unsupported content type: {kind}")
        mode = asked.get("concurrencyMode", "")
        if mode not in _SERIAL:
            raise ApiError(400, "InvalidJob", f"Unknown concurrency mode: {mode}")
        job = BatchJob(
            self._jobs.next_id("750"),
            operation,
            sobject.name,
            call.who,
            call.version,
            self._core.clock.stamp(),
            kind,
            serial=_SERIAL[mode],
            external_id=_external_id(asked, operation, sobject),
            assignment_rule=asked.get("assignmentRuleId"),
            faults=[item for item in call.faults if item.kind in OF_JOBS],
        )
        if job.reads:
            job.chunking = _chunking(call.headers.get("sforce-enable-pkchunking"), sobject)
        self._jobs.keep(job)
        return _shown(call, "jobInfo", job.info(), job, 201)

    def job(self, call: Call, found: Mapping[str, str]) -> Answer:
        """One job."""
        job = self._jobs.find(found["job"], call.who)
        return _shown(call, "jobInfo", job.info(), job)

    def change(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Close a job or abort it."""
        job = self._jobs.find(found["job"], call.who)
        asked = documents.read_job(call.body, _as_json(call))
        state = asked.get("state")
        if state == "Closed":
            self._jobs.close(job, call.who)
        elif state == "Aborted":
            self._jobs.abort(job)
        elif state is None:
            raise ApiError(400, "InvalidJob", f"{next(iter(asked), 'state')} cannot be specified in a change")
        else:
            raise ApiError(400, "InvalidJobState", f"A job cannot be set to {state}")
        return _shown(call, "jobInfo", job.info(), job)

    def add(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Add a batch; work on it begins at once."""
        job = self._jobs.find(found["job"], call.who)
        if len(call.body) > MAX_BATCH_BYTES:
            raise ApiError(
                400,
                "ClientInputError",
                f"Failed to read request. Exceeded max size limit of {MAX_BATCH_BYTES}",
            )
        if not call.body.strip():
            raise ApiError(400, "ClientInputError", "Failed to read request. The batch is empty")
        batch = self._jobs.add(job, call.body, [item for item in call.faults if item.kind in OF_JOBS])
        answer = _shown(call, "batchInfo", batch.info(), job, 201)
        self._work.start(batch)
        return answer

    def batches(self, call: Call, found: Mapping[str, str]) -> Answer:
        """All batches of a job."""
        job = self._jobs.find(found["job"], call.who)
        listed = {"batchInfo": [batch.info() for batch in list(job.batches.values())]}
        return _shown(call, "batchInfoList", listed, job)

    def batch(self, call: Call, found: Mapping[str, str]) -> Answer:
        """One batch."""
        job, batch = self._batch(call, found)
        if not batch.ready_at:
            batch.ended.wait(PATIENCE_SECONDS)
        return _shown(call, "batchInfo", batch.info(), job)

    def request(self, call: Call, found: Mapping[str, str]) -> Answer:
        """What was sent, as it was sent."""
        job, batch = self._batch(call, found)
        return Answer(raw=batch.request.read_bytes(), content_type=documents.MIME[job.content_type])

    def results(self, call: Call, found: Mapping[str, str]) -> Answer:
        """What became of the records, or where the rows of a query are."""
        job, batch = self._ended(call, found)
        if job.reads:
            as_json = _as_json(call, job)
            raw = documents.result_list(list(batch.results), as_json)
            return Answer(raw=raw, content_type=documents.MIME["JSON" if as_json else "XML"])
        return self._file(job, batch, "")

    def result(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The rows of a query."""
        job, batch = self._ended(call, found)
        result_id = ids.to18(found["result"]) or ""
        if result_id not in batch.results:
            raise ApiError(400, "InvalidBatch", f"Invalid result id: {found['result']}")
        return self._file(job, batch, result_id)

    def _file(self, job: BatchJob, batch: Batch, result_id: str) -> Answer:
        result = batch.results[result_id]
        kind = documents.MIME[job.content_type]
        if isinstance(result, Results):
            length, stretches = result.page(0, result.rows)
            return Answer(
                stream=lambda: result.stream(stretches), length=length, content_type=kind, rows=result.rows
            )
        return Answer(raw=result.read_bytes(), content_type=kind, rows=batch.processed)

    def _batch(self, call: Call, found: Mapping[str, str]) -> tuple[BatchJob, Batch]:
        job = self._jobs.find(found["job"], call.who)
        return job, self._jobs.find_batch(job, found["batch"])

    def _ended(self, call: Call, found: Mapping[str, str]) -> tuple[BatchJob, Batch]:
        job, batch = self._batch(call, found)
        if batch.shown_state not in ENDED:
            raise ApiError(400, "InvalidBatch", "Batch not completed")
        if batch.state != "Completed":
            raise ApiError(400, "InvalidBatch", batch.message or "Batch not processed")
        return job, batch


def _external_id(asked: Mapping[str, str], operation: str, sobject: SObject) -> str | None:
    name = asked.get("externalIdFieldName")
    if operation != "upsert":
        if name:
            raise ApiError(400, "InvalidJob", "An external ID can only be specified for upsert")
        return None
    found = sobject.find(name or "")
    if found is None or not (found.external_id or found.id_lookup):
        raise ApiError(
            400,
            "InvalidJob",
            f"InvalidJob : Field name provided, {name} does not match an External ID, Salesforce Id, or "
            f"indexed field for {sobject.name}",
        )
    return found.name


def _chunking(header: str | None, sobject: SObject) -> Chunking | None:
    """`TRUE`, or `chunkSize=100000; startRow=<id>`; `parent` is for shares and histories, which are not here."""
    if header is None or header.strip().lower() == "false":
        return None
    if sobject.name not in CHUNKED and not sobject.custom:
        raise ApiError(400, "InvalidJob", f"PK chunking is not supported for {sobject.name}")
    options = dict(re.findall(r"(\w+)\s*=\s*(\w+)", header))
    size = options.get("chunkSize", str(DEFAULT_CHUNK))
    if not size.isdecimal() or not 1 <= int(size[:9]) <= MAX_CHUNK:
        raise ApiError(400, "InvalidJob", f"chunkSize must be a number from 1 to {MAX_CHUNK}: {size[:20]}")
    start = ids.parse(options["startRow"]) if "startRow" in options else None
    return Chunking(int(size), start[1] if start else None)


def _as_json(call: Call, job: BatchJob | None = None) -> bool:
    sent, wanted = call.headers.get("content-type", ""), call.headers.get("accept", "")
    if "xml" in sent or "xml" in wanted:
        return False
    return "json" in sent or "json" in wanted or (job is not None and job.content_type == "JSON")


def _shown(
    call: Call, name: str, values: Mapping[str, Any], job: BatchJob | None = None, status: int = 200
) -> Answer:
    as_json = _as_json(call, job)
    kind = documents.MIME["JSON" if as_json else "XML"]
    return Answer(status, raw=documents.write(name, values, as_json), content_type=f"{kind};charset=UTF-8")


def _guarded(handler: Handler) -> Handler:
    """Logs in and counts; what goes wrong becomes Bulk 1.0's own error document."""

    def answer(call: Call, found: Mapping[str, str]) -> Answer:
        try:
            call.version = _version(found["version"])
            _log_in(call)
            _count(call)
            return handler(call, found)
        except ApiError as error:
            shown = {"exceptionCode": error.code, "exceptionMessage": error.message}
            return _shown(call, "error", shown, status=400)

    return answer


def _version(text: str) -> str:
    major = text.partition(".")[0]
    if not major.isdecimal() or int(major[:4]) not in VERSIONS:
        raise ApiError(400, "InvalidVersion", f"Invalid Api version specified on URL: {text}")
    return f"{int(major)}.0"


def _log_in(call: Call) -> None:
    try:
        log_in(call)
    except ApiError as error:
        if error.code == "INVALID_SESSION_ID":
            raise ApiError(400, "InvalidSessionId", "Invalid session id") from None
        raise ApiError(400, "FeatureNotEnabled", error.message) from None


def _count(call: Call) -> None:
    try:
        call.core.meter.count(call.slot)
    except ApiError as error:
        raise ApiError(400, "ExceededQuota", error.message) from None
    call.counted = True


def add(router: Router, core: Core) -> None:
    """Take the family's paths in."""
    api = Bulk1(core)
    base = "services/async/{version}/job"
    for method, path, handler in (
        ("POST", base, api.create),
        ("GET", f"{base}/{{job}}", api.job),
        ("POST", f"{base}/{{job}}", api.change),
        ("POST", f"{base}/{{job}}/batch", api.add),
        ("GET", f"{base}/{{job}}/batch", api.batches),
        ("GET", f"{base}/{{job}}/batch/{{batch}}", api.batch),
        ("GET", f"{base}/{{job}}/batch/{{batch}}/request", api.request),
        ("GET", f"{base}/{{job}}/batch/{{batch}}/result", api.results),
        ("GET", f"{base}/{{job}}/batch/{{batch}}/result/{{result}}", api.result),
    ):
        router.add(method, path, _guarded(handler), needs_user=False, counted=False)
