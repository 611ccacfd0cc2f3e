"""Works off a Bulk 2.0 ingest job: CSV in, records saved, results sorted into three files (facts 5.5)."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.bulk import csv_rows
from sandbox.bulk.job import DELIMITERS, LINE_ENDINGS, Job
from sandbox.bulk.saving import Order, save
from sandbox.core import Core
from sandbox.errors import ApiError, RowError
from sandbox.limits import OUT_OF_BATCHES

BATCH_ROWS = 10_000
"""Rows of an internal batch; each counts against the day's batches."""


@dataclass(slots=True)
class Lines:
    """Result rows until they are written."""

    success: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)


class Loader:
    """Reads one job's upload and saves it."""

    def __init__(self, core: Core, job: Job) -> None:
        self._core = core
        self._job = job
        self._order = Order(
            job.operation,
            core.schema[job.sobject],
            job.user,
            job.external_id,
            job.assignment_rule,
            job.faults,
        )
        self._header: list[str] = []

    def run(self) -> None:
        """Save everything that can be saved; what was not reached comes back as unprocessed."""
        job = self._job
        self._check_line_ending()
        rows = csv_rows.read(job.upload or b"", DELIMITERS[job.delimiter])
        try:
            self._header = next(rows)
        except StopIteration:
            raise csv_rows.invalid_batch("Records not processed") from None
        columns = csv_rows.columns(self._header, self._order.sobject, job.user)
        lines = Lines()
        try:
            for batch in _batches(rows):
                aborted = job.state == "Aborted"
                if aborted or not self._core.meter.bulk_batches.take():
                    lines.unprocessed += [*batch, *rows]
                    if aborted:
                        break
                    raise ApiError(400, "ExceededQuota", f"ExceededQuota : {OUT_OF_BATCHES}")
                self._save(batch, columns, lines)
        finally:
            job.failed = len(lines.failed)
            job.processed = len(lines.failed) + len(lines.success)
            self._write(lines)
            job.upload = None

    def _check_line_ending(self) -> None:
        job = self._job
        first_line, found, _ = (job.upload or b"").partition(b"\n")
        if found and first_line.endswith(b"\r") != (job.line_ending == "CRLF"):
            raise ApiError(
                400,
                "ClientInputError",
                "ClientInputError : LineEnding is invalid on user data. "
                f"Current LineEnding setting is {job.line_ending}",
            )

    def _save(self, batch: list[list[str]], columns: csv_rows.Columns, lines: Lines) -> None:
        width = len(columns)
        good: list[list[str]] = []
        for row in batch:
            if len(row) == width:
                good.append(row)
            else:
                error = RowError("INVALID_INPUT", f"{len(row)} columns where the header has {width}")
                lines.failed.append(["", error.bulk_text(), *row[:width], *[""] * (width - len(row))])
        outcomes = save(self._core, self._order, csv_rows.records(good, columns))
        # Results come in no particular order; a client must match rows by a key of its own.
        order = list(range(len(good)))
        random.Random(f"{self._core.seed}:{self._job.id}:{len(lines.success)}").shuffle(order)
        for place in order:
            outcome, row = outcomes[place], good[place]
            if outcome.success:
                lines.success.append([outcome.id or "", "true" if outcome.created else "false", *row])
            else:
                lines.failed.append([outcome.id or "", outcome.errors[0].bulk_text(), *row])

    def _write(self, lines: Lines) -> None:
        job = self._job
        folder = self._core.files
        for name, head, rows in (
            ("successful", ["sf__Id", "sf__Created"], lines.success),
            ("failed", ["sf__Id", "sf__Error"], lines.failed),
            ("unprocessed", [], lines.unprocessed),
        ):
            path: Path = folder / f"{job.id}-{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(
                    file,
                    delimiter=DELIMITERS[job.delimiter],
                    quoting=csv.QUOTE_ALL,
                    lineterminator=LINE_ENDINGS[job.line_ending],
                )
                writer.writerow([*head, *self._header])
                writer.writerows(rows)
            job.files[name] = path


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
