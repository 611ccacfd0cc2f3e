"""A Bulk 2.0 job: its life, and how `jobs/...` shows it (facts 5.5)."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import ids
from sandbox.access import User
from sandbox.core import Core
from sandbox.errors import ApiError, not_found
from sandbox.faults import OF_JOBS, Fault

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
WORKERS = 2
FINISHED = frozenset(["JobComplete", "Failed", "Aborted"])
_log = logging.getLogger("sandbox")
KEPT_SECONDS = 7 * 86400.0
"""Finished jobs are purged after seven days."""


@dataclass(slots=True)
class Job:
    """One job, query or ingest."""

    id: str
    kind: str
    operation: str
    sobject: str
    user: User
    version: str
    created: datetime
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    state: str = "Open"
    external_id: str | None = None
    assignment_rule: str | None = None
    soql: str = ""
    upload: bytes | None = None
    processed: int = 0
    failed: int = 0
    error: str | None = None
    changed: datetime | None = None
    started_at: float = 0.0
    seconds: float = 0.0
    ready_at: float = 0.0
    """The job does not look finished before this moment: a fault made it slow."""
    faults: list[Fault] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    result: Any = None

    @property
    def shown_state(self) -> str:
        """The state that a client sees."""
        if self.state in FINISHED and self.state != "Aborted" and time.monotonic() < self.ready_at:
            return "InProgress"
        return self.state

    def info(self) -> dict[str, Any]:
        """The job as its resource shows it."""
        query = self.kind == "query"
        out: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.sobject,
            "createdById": self.user.id,
            "createdDate": _moment(self.created),
            "systemModstamp": _moment(self.changed or self.created),
            "state": self.shown_state,
        }
        if self.external_id:
            out["externalIdFieldName"] = self.external_id
        out |= {
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": "V2Query" if query else "V2Ingest",
        }
        if self.assignment_rule:
            out["assignmentRuleId"] = self.assignment_rule
        if not query and self.state == "Open":
            out["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
        out |= {"lineEnding": self.line_ending, "columnDelimiter": self.delimiter}
        return out

    def full_info(self) -> dict[str, Any]:
        """The job with its counts."""
        out = self.info()
        done = self.shown_state in FINISHED
        out["retries"] = 0
        out["totalProcessingTime"] = int(self.seconds * 1000) if done else 0
        if self.kind == "ingest":
            out["apiActiveProcessingTime"] = int(self.seconds * 1000) if done else 0
            out["apexProcessingTime"] = 0
            out["numberRecordsFailed"] = self.failed if done else 0
        else:
            out["isPkChunkingSupported"] = True
        out["numberRecordsProcessed"] = self.processed if done else 0
        if self.error and done:
            out["errorMessage"] = self.error
        return out


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Jobs:
    """All Bulk jobs of one kind, and the threads that work on them."""

    def __init__(self, core: Core, kind: str) -> None:
        self.core = core
        self.kind = kind
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._count = 0
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"bulk-{kind}")

    def open(self, operation: str, sobject: str, user: User, version: str, faults: list[Fault]) -> Job:
        """Make a job."""
        with self._lock:
            self._count += 1
            job_id = ids.make("750", self._count * 3 + 1 + (self.kind == "query"))
            job = Job(job_id, self.kind, operation, sobject, user, version, self.core.clock.stamp())
            job.changed = job.created
            job.faults = [item for item in faults if item.kind in OF_JOBS]
            self._jobs[job_id] = job
            for old in [item for item in self._jobs.values() if self._expired(item)]:
                self._forget(old)
            return job

    def find(self, job_id: str, user: User) -> Job:
        """The job of that id, if this user may see it."""
        full = ids.to18(job_id)
        job = self._jobs.get(full or "")
        if job is None or (job.user.id != user.id and not user.profile.all_data) or self._expired(job):
            raise not_found()
        return job

    def listed(self, user: User) -> list[Job]:
        """The user's jobs, newest first."""
        with self._lock:
            return [
                job
                for job in reversed(self._jobs.values())
                if job.user.id == user.id or user.profile.all_data
            ]

    def _expired(self, job: Job) -> bool:
        age = (self.core.clock.stamp() - job.created).total_seconds()
        return job.state in FINISHED and age > KEPT_SECONDS

    def start(self, job: Job, work: Callable[[Job], None]) -> Future[None]:
        """Work on a job in the background."""
        job.state = "UploadComplete"
        for fault in job.faults:
            if fault.kind == "bulk_slow":
                job.ready_at = time.monotonic() + fault.seconds
        return self._workers.submit(self._run, job, work)

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        if job.state == "Aborted":
            return
        job.state = "InProgress"
        job.started_at = time.perf_counter()
        broken = next((item for item in job.faults if item.kind == "bulk_fail"), None)
        try:
            if broken:
                raise ApiError(
                    400, broken.code, broken.message or "InternalServerError : job failed on purpose"
                )
            work(job)
            outcome = "JobComplete"
        except ApiError as error:
            job.error = error.message
            outcome = "Failed"
        except Exception as error:
            _log.exception("job %s failed unexpectedly", job.id)
            job.error = f"InternalServerError : {error.__class__.__name__}"
            outcome = "Failed"
        job.seconds = time.perf_counter() - job.started_at
        job.changed = self.core.clock.stamp()
        if job.state != "Aborted":
            job.state = outcome

    def abort(self, job: Job) -> None:
        """Stop a job that has not finished."""
        if job.shown_state in FINISHED:
            raise ApiError(400, "INVALIDJOBSTATE", f"Aborting a job that is {job.shown_state} is not allowed")
        job.state = "Aborted"
        job.changed = self.core.clock.stamp()

    def delete(self, job: Job) -> None:
        """Forget a finished job and its files."""
        if job.shown_state not in FINISHED:
            raise ApiError(
                400,
                "INVALIDJOBSTATE",
                "The job must be completed, aborted or failed before it can be deleted",
            )
        with self._lock:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        for path in job.files.values():
            path.unlink(missing_ok=True)
        if job.result is not None and hasattr(job.result, "discard"):
            job.result.discard()
