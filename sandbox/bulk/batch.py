"""Jobs and batches of Bulk 1.0: their life and how the API shows them (facts 5.5)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import ids
from sandbox.access import User
from sandbox.bulk.job import KEPT_SECONDS
from sandbox.bulk.results import Results
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.faults import Fault

ENDED = frozenset(["Completed", "Failed", "NotProcessed"])
YOUNG_SECONDS = 86400.0
"""A job takes batches on its first day only."""


@dataclass(slots=True)
class Chunking:
    """A query is cut into so many ids at a time, from one record number on."""

    size: int
    start: int | None = None


@dataclass(slots=True)
class Batch:
    """One batch: what was sent, what state it is in, and its results by id."""

    id: str
    job: BatchJob
    request: Path
    created: datetime
    changed: datetime
    bounds: tuple[int, int] | None = None
    """Record numbers between which a chunk of a query looks."""
    state: str = "Queued"
    message: str = ""
    processed: int = 0
    failed: int = 0
    seconds: float = 0.0
    ready_at: float = 0.0
    """It does not look finished before this moment: a fault made it slow."""
    faults: list[Fault] = field(default_factory=list)
    results: dict[str, Results | Path] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def shown_state(self) -> str:
        """The state that a client sees."""
        return "InProgress" if self.state in ENDED and time.monotonic() < self.ready_at else self.state

    def info(self) -> dict[str, Any]:
        """The batch as its resource shows it."""
        out: dict[str, Any] = {"id": self.id, "jobId": self.job.id, "state": self.shown_state}
        if self.message and self.shown_state in ENDED:
            out["stateMessage"] = self.message
        return out | {
            "createdDate": self.created,
            "systemModstamp": self.changed,
            "numberRecordsProcessed": self.processed,
            "numberRecordsFailed": self.failed,
            "totalProcessingTime": int(self.seconds * 1000),
            "apiActiveProcessingTime": int(self.seconds * 1000),
            "apexProcessingTime": 0,
        }


@dataclass(slots=True)
class BatchJob:
    """One job and its batches in the order in which they came."""

    id: str
    operation: str
    sobject: str
    user: User
    version: str
    created: datetime
    content_type: str
    serial: bool = False
    external_id: str | None = None
    assignment_rule: str | None = None
    chunking: Chunking | None = None
    state: str = "Open"
    faults: list[Fault] = field(default_factory=list)
    batches: OrderedDict[str, Batch] = field(default_factory=OrderedDict)

    @property
    def reads(self) -> bool:
        """Whether it is a query."""
        return self.operation in ("query", "queryAll")

    def info(self) -> dict[str, Any]:
        """The job as its resource shows it."""
        batches = list(self.batches.values())
        states = [batch.shown_state for batch in batches]
        out: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.sobject,
            "createdById": self.user.id,
            "createdDate": self.created,
            "systemModstamp": max((batch.changed for batch in batches), default=self.created),
            "state": self.state,
        }
        if self.external_id:
            out["externalIdFieldName"] = self.external_id
        if self.assignment_rule:
            out["assignmentRuleId"] = self.assignment_rule
        spent = int(sum(batch.seconds for batch in batches) * 1000)
        return out | {
            "concurrencyMode": "Serial" if self.serial else "Parallel",
            "contentType": self.content_type,
            "numberBatchesQueued": states.count("Queued"),
            "numberBatchesInProgress": states.count("InProgress"),
            "numberBatchesCompleted": states.count("Completed"),
            "numberBatchesFailed": states.count("Failed"),
            "numberBatchesTotal": len(states),
            "numberRecordsProcessed": sum(batch.processed for batch in batches),
            "numberRetries": 0,
            "apiVersion": float(self.version),
            "numberRecordsFailed": sum(batch.failed for batch in batches),
            "totalProcessingTime": spent,
            "apiActiveProcessingTime": spent,
            "apexProcessingTime": 0,
        }


class BatchJobs:
    """All Bulk 1.0 jobs of the org."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, BatchJob] = OrderedDict()
        self._numbers = {"750": 0, "751": 0, "752": 0}

    def next_id(self, prefix: str) -> str:
        """A new id: 750 for jobs, 751 for batches, 752 for results."""
        with self._lock:
            self._numbers[prefix] += 1
            # Jobs of Bulk 2.0 have the same prefix and the other remainders.
            return ids.make(prefix, self._numbers[prefix] * 3)

    def keep(self, job: BatchJob) -> None:
        """Take a new job in, and let go of those older than a week."""
        with self._lock:
            self._jobs[job.id] = job
            now = self.core.clock.stamp()
            for old in list(self._jobs.values()):
                ended = all(batch.state in ENDED for batch in old.batches.values())
                if ended and (now - old.created).total_seconds() > KEPT_SECONDS:
                    self._forget(old)

    def _forget(self, job: BatchJob) -> None:
        del self._jobs[job.id]
        for batch in job.batches.values():
            batch.request.unlink(missing_ok=True)
            for result in batch.results.values():
                if isinstance(result, Results):
                    result.discard()
                else:
                    result.unlink(missing_ok=True)

    def find(self, job_id: str, user: User) -> BatchJob:
        """The job of that id, if this user may see it."""
        job = self._jobs.get(ids.to18(job_id) or "")
        if job is None or (job.user.id != user.id and not user.profile.all_data):
            raise ApiError(400, "InvalidJob", f"Invalid job id: {job_id}")
        return job

    def find_batch(self, job: BatchJob, batch_id: str) -> Batch:
        """A batch of a job."""
        batch = job.batches.get(ids.to18(batch_id) or "")
        if batch is None:
            raise ApiError(400, "InvalidBatch", f"Invalid batch id: {batch_id}")
        return batch

    def add(self, job: BatchJob, body: bytes, faults: list[Fault]) -> Batch:
        """A new batch of an open job. It counts against the day's batches even if the job is closed."""
        core = self.core
        if not core.meter.bulk_batches.take():
            raise ApiError(400, "ExceededQuota", "ApiBatchItems Limit exceeded.")
        if job.state != "Open":
            raise ApiError(
                400,
                "InvalidJobState",
                f"Failed to create batch, since the Job is not Open. Current job state is '{job.state}'",
            )
        if (core.clock.stamp() - job.created).total_seconds() > YOUNG_SECONDS:
            raise ApiError(
                400, "InvalidJobState", "Failed to create batch, since the Job is more than 24 hours old"
            )
        batch = self._new(job, job.faults + faults)
        batch.request.write_bytes(body)
        return batch

    def add_chunk(self, whole: Batch, low: int, high: int) -> Batch | None:
        """A batch that looks at a stretch of the ids of another; None when the day has no batch left."""
        if not self.core.meter.bulk_batches.take():
            return None
        batch = self._new(whole.job, whole.faults)
        batch.request.write_bytes(whole.request.read_bytes())
        batch.bounds = low, high
        return batch

    def _new(self, job: BatchJob, faults: list[Fault]) -> Batch:
        batch_id, now = self.next_id("751"), self.core.clock.stamp()
        batch = Batch(batch_id, job, self.core.files / f"{batch_id}-request", now, now, faults=faults)
        job.batches[batch_id] = batch
        return batch

    def close(self, job: BatchJob, user: User) -> None:
        """Take no more batches; only who made the job may say so."""
        if job.user.id != user.id:
            raise ApiError(400, "InvalidUser", "Only the user who created the job can close it")
        self._end(job, "Closed", "Closing")

    def abort(self, job: BatchJob) -> None:
        """Stop: batches that have not begun are not processed."""
        self._end(job, "Aborted", "Aborting")
        for batch in job.batches.values():
            if batch.state == "Queued":
                batch.state = "NotProcessed"
                batch.ended.set()

    def _end(self, job: BatchJob, state: str, doing: str) -> None:
        if job.state != "Open":
            known = "Completed" if job.state == "Closed" else job.state
            raise ApiError(400, "InvalidJobState", f"{doing} already {known} Job not allowed")
        job.state = state
