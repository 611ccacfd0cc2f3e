"""Works off the batches of Bulk 1.0: two at a time, or one after the other where the job says so."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import moments
from sandbox.bulk import documents
from sandbox.bulk.batch import Batch, BatchJob, BatchJobs
from sandbox.bulk.csv_rows import invalid_batch
from sandbox.bulk.results import Exporter
from sandbox.bulk.saving import Order, save
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.soql.finder import Finder
from sandbox.soql.plan import Plan

WORKERS = 2
_PAGE = 2_000
_NO_RECORDS = b"Records not found for this query"
_log = logging.getLogger("sandbox")


class BatchWork:
    """The threads that do what batches ask for."""

    def __init__(self, core: Core, jobs: BatchJobs) -> None:
        self._core = core
        self._jobs = jobs
        self._exporter = Exporter(core)
        self._parallel = ThreadPoolExecutor(WORKERS, thread_name_prefix="batch")
        self._serial = ThreadPoolExecutor(1, thread_name_prefix="batch-serial")

    def start(self, batch: Batch) -> None:
        """Work on a batch in the background."""
        slow = sum(fault.seconds for fault in batch.faults if fault.kind == "bulk_slow")
        batch.ready_at = time.monotonic() + slow if slow else 0.0
        (self._serial if batch.job.serial else self._parallel).submit(self._run, batch)

    def _run(self, batch: Batch) -> None:
        if batch.state != "Queued":
            return
        batch.state = "InProgress"
        started = time.perf_counter()
        broken = next((item for item in batch.faults if item.kind == "bulk_fail"), None)
        try:
            if broken:
                raise ApiError(
                    400, broken.code, broken.message or "InternalServerError : batch failed on purpose"
                )
            outcome = self._query(batch) if batch.job.reads else self._write(batch)
        except ApiError as error:
            outcome, batch.message = "Failed", error.message
        except Exception as error:
            _log.exception("batch %s failed unexpectedly", batch.id)
            outcome, batch.message = "Failed", f"InternalServerError : {error.__class__.__name__}"
        batch.seconds = time.perf_counter() - started
        batch.changed = self._core.clock.stamp()
        batch.state = outcome
        batch.ended.set()

    def _write(self, batch: Batch) -> str:
        job = batch.job
        sobject = self._core.schema[job.sobject]
        records = documents.read_records(batch.request.read_bytes(), job.content_type, sobject, job.user)
        order = Order(
            job.operation, sobject, job.user, job.external_id, job.assignment_rule, list(batch.faults)
        )
        outcomes = save(self._core, order, records)
        batch.processed = len(outcomes)
        batch.failed = sum(not outcome.success for outcome in outcomes)
        path = self._file(batch)
        path.write_bytes(documents.write_outcomes(outcomes, job.content_type))
        batch.results[""] = path
        return "Completed"

    def _query(self, batch: Batch) -> str:
        job = batch.job
        try:
            soql = batch.request.read_bytes().decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise invalid_batch("The query is not UTF-8") from None
        plan = self._plan(job, soql, bulk=True)
        if plan.sobject.name != job.sobject:
            raise invalid_batch(
                f"Failed to process query: the query is of {plan.sobject.name}, the job of {job.sobject}"
            )
        if job.chunking and batch.bounds is None and not plan.order and plan.limit is None:
            self._split(batch, job, plan)
            return "NotProcessed"
        result_id = self._jobs.next_id("752")
        if job.content_type == "CSV":
            _between(plan, batch)
            results = self._exporter.export(batch.id, plan)
            batch.processed = results.rows
            batch.results[result_id] = results if results.rows else self._nothing(batch)
        else:
            batch.results[result_id] = self._typed(batch, soql)
        return "Completed"

    def _plan(self, job: BatchJob, soql: str, bulk: bool) -> Plan:
        try:
            return self._core.plan(soql, job.user, deleted=job.operation == "queryAll", bulk=bulk)
        except ApiError as error:
            raise invalid_batch(f"Failed to process query: {error.code}: {error.message}") from None

    def _split(self, batch: Batch, job: BatchJob, plan: Plan) -> None:
        """A batch for each stretch of ids; ids of deleted records count as well."""
        assert job.chunking is not None
        low, high = self._core.store.run(f"SELECT min(_key), max(_key) FROM {plan.sobject.table}")[0]
        if low is None:
            return
        low = max(low, job.chunking.start or low)
        for first in range(low, high + 1, job.chunking.size):
            chunk = self._jobs.add_chunk(batch, first, min(first + job.chunking.size, high + 1))
            if chunk is None:
                batch.message = "ExceededQuota : ApiBatchItems Limit exceeded."
                return
            self.start(chunk)

    def _nothing(self, batch: Batch) -> Path:
        path = self._file(batch)
        path.write_bytes(_NO_RECORDS)
        return path

    def _typed(self, batch: Batch, soql: str) -> Path:
        """The result as JSON or XML, written page by page."""
        job = batch.job
        plan = self._plan(job, soql, bulk=False)
        _between(plan, batch)
        finder = Finder(self._core.store, self._core.schema, job.version)
        head, one, glue, tail = documents.record_writer(job.content_type)
        path = self._file(batch)
        reader = self._core.store.fresh()
        try:
            found = reader.execute(plan.sql())
            with path.open("wb") as file:
                file.write(head)
                while rows := found.fetchmany(_PAGE):
                    records = finder.records(plan, rows)
                    if job.content_type == "JSON":
                        moments.rewrite(plan, records, ("date", "datetime"), moments.milliseconds)
                    file.write((glue if batch.processed else b"") + glue.join(map(one, records)))
                    batch.processed += len(rows)
                file.write(tail)
        finally:
            reader.close()
        return path

    def _file(self, batch: Batch) -> Path:
        return self._core.files / f"{batch.id}-result"


def _between(plan: Plan, batch: Batch) -> None:
    if batch.bounds:
        low, high = batch.bounds
        plan.where.append(f"{plan.alias}._key >= {low} AND {plan.alias}._key < {high}")
