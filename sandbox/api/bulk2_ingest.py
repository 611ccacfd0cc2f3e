"""Bulk 2.0 ingest jobs (facts 5.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from sandbox.api.bulk2_query import formats
from sandbox.api.job_list import listed
from sandbox.bulk.job import FINISHED, Job, Jobs
from sandbox.bulk.loader import Loader
from sandbox.bulk.saving import OPERATIONS
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.faults import OF_JOBS
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router

MAX_UPLOAD = 150 * 1024 * 1024
MAX_MULTIPART = 100_000
_RESULTS = {
    "successfulresults": "successful",
    "failedresults": "failed",
    "unprocessedrecords": "unprocessed",
}


class Bulk2Ingest:
    """Jobs that write."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._jobs = Jobs(core, "ingest")

    def create(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Open a job; as multipart with its data it starts at once."""
        body, upload = self._parts(call)
        operation = body.get("operation")
        if operation not in OPERATIONS:
            raise ApiError(400, "INVALIDJOB", f"Unsupported operation: {operation}")
        if operation == "hardDelete" and not call.who.profile.allows("BulkApiHardDelete"):
            raise ApiError(
                400,
                "FEATURENOTENABLED",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        sobject = self._core.schema.find(str(body.get("object", "")))
        if sobject is None or not call.who.profile.sees_object(sobject):
            raise ApiError(400, "INVALIDJOB", f"Unable to find object: {body.get('object')}")
        external = body.get("externalIdFieldName")
        if operation == "upsert":
            field = sobject.find(str(external)) if external else None
            if field is None or not (field.external_id or field.id_lookup):
                raise ApiError(
                    400,
                    "INVALIDJOB",
                    f"InvalidJob : Field name provided, {external} does not match an External ID, "
                    "Salesforce Id, or "
                    f"indexed field for {sobject.name}",
                )
            external = field.name
        delimiter, ending = formats(body)
        job = self._jobs.open(operation, sobject.name, call.who, call.version, list(call.faults))
        job.delimiter, job.line_ending = delimiter, ending
        job.external_id = str(external) if operation == "upsert" else None
        job.assignment_rule = body.get("assignmentRuleId")
        if upload is not None:
            job.upload = upload
            self._start(job)
        return Answer(body=job.info())

    def _parts(self, call: Call) -> tuple[dict[str, Any], bytes | None]:
        kind = call.headers.get("content-type", "")
        if not kind.lower().startswith("multipart/"):
            return call.object_body(), None
        if len(call.body) > MAX_MULTIPART:
            raise ApiError(400, "INVALIDJOB", f"A multipart request may have {MAX_MULTIPART} characters")
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + call.body
        )
        found: dict[str, bytes] = {}
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(payload, bytes):
                found[name] = payload
        try:
            body = json.loads(found["job"])
            if not isinstance(body, dict):
                raise ValueError
            return body, found["content"]
        except (KeyError, ValueError):
            raise ApiError(
                400, "INVALIDJOB", "A multipart request needs the parts job (JSON) and content (CSV)"
            ) from None

    def listing(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The user's ingest jobs."""
        return listed(call, self._jobs)

    def info(self, call: Call, found: Mapping[str, str]) -> Answer:
        """One job."""
        return Answer(body=self._jobs.find(found["id"], call.who).full_info())

    def upload(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Take the data, once."""
        job = self._jobs.find(found["id"], call.who)
        if job.state != "Open" or job.upload is not None:
            raise ApiError(400, "INVALIDJOBSTATE", "Data can be uploaded once, while the job is Open")
        if not call.headers.get("content-type", "text/csv").lower().startswith("text/csv"):
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The upload must be text/csv")
        if len(call.body) > MAX_UPLOAD:
            raise ApiError(413, "REQUEST_TOO_LARGE", "The upload is larger than 150 MB")
        job.upload = call.body
        return Answer(201)

    def change(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Close the upload, or abort."""
        job = self._jobs.find(found["id"], call.who)
        state = call.object_body().get("state")
        if state == "Aborted":
            self._jobs.abort(job)
            return Answer(body=job.info())
        if state != "UploadComplete":
            raise ApiError(400, "INVALIDJOBSTATE", f"A job cannot be set to {state}")
        if job.state != "Open":
            raise ApiError(
                400, "INVALIDJOBSTATE", f"A job that is {job.shown_state} cannot be set to UploadComplete"
            )
        job.faults += [item for item in call.faults if item.kind in OF_JOBS]
        self._start(job)
        shown = job.info()
        shown["state"] = "UploadComplete"
        return Answer(body=shown)

    def _start(self, job: Job) -> None:
        self._jobs.start(job, lambda started: Loader(self._core, started).run())

    def delete(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Forget a finished job."""
        self._jobs.delete(self._jobs.find(found["id"], call.who))
        return Answer(204)

    def results(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Rows that were saved, refused, or never reached."""
        job = self._jobs.find(found["id"], call.who)
        which = _RESULTS.get(found["results"].lower())
        if which is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        if job.shown_state not in FINISHED:
            raise ApiError(
                400, "INVALIDJOBSTATE", f"The job is {job.shown_state}; results are there once it has ended"
            )
        path = job.files.get(which)
        if path is None:
            # A job that failed as a whole processed nothing: everything comes back as unprocessed.
            raw = (job.upload or b"") if which == "unprocessed" else b""
            return Answer(raw=raw, content_type="text/csv")
        return Answer(raw=path.read_bytes(), content_type="text/csv")


def add(router: Router, core: Core) -> None:
    """Take the family's paths in."""
    api = Bulk2Ingest(core)
    router.add("POST", "jobs/ingest", api.create)
    router.add("GET", "jobs/ingest", api.listing)
    router.add("GET", "jobs/ingest/{id}", api.info)
    router.add("PATCH", "jobs/ingest/{id}", api.change)
    router.add("DELETE", "jobs/ingest/{id}", api.delete)
    router.add("PUT", "jobs/ingest/{id}/batches", api.upload)
    router.add("GET", "jobs/ingest/{id}/{results}", api.results)
