"""Works off an ingest job: CSV in, records saved, results sorted into three files (facts 5.5)."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.bulk.job import DELIMITERS, LINE_ENDINGS, Job
from sandbox.core import Core
from sandbox.errors import ApiError, RowError
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Intent, Outcome

BATCH_ROWS = 10_000
MAX_FIELD = 32_000 * 5
"""A field may have 32,000 characters; long text areas more, so the check by field comes later."""
NULL = "#N/A"
Columns = list[tuple[str, str | None]]


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
        self._sobject: SObject = core.schema[job.sobject]
        self._header: list[str] = []

    def run(self) -> None:
        """Save everything that can be saved."""
        rows = self._rows()
        try:
            self._header = next(rows)
        except StopIteration:
            raise ApiError(400, "InvalidBatch", "InvalidBatch : Records not processed") from None
        columns = self._columns()
        lines = Lines()
        batch: list[list[str]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH_ROWS:
                self._save(batch, columns, lines)
                batch = []
                if self._job.state == "Aborted":
                    break
        if self._job.state == "Aborted":
            lines.unprocessed += [*batch, *rows]
        elif batch:
            self._save(batch, columns, lines)
        self._job.failed = len(lines.failed)
        self._job.processed = len(lines.failed) + len(lines.success)
        self._write(lines)

    def _rows(self) -> Iterator[list[str]]:
        job = self._job
        try:
            text = (job.upload or b"").decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ApiError(400, "InvalidBatch", "InvalidBatch : The upload is not UTF-8") from None
        first_line = text.split("\n", 1)[0]
        if first_line.endswith("\r") != (job.line_ending == "CRLF") and "\n" in text:
            raise ApiError(
                400,
                "ClientInputError",
                "ClientInputError : LineEnding is invalid on user data. "
                f"Current LineEnding setting is {job.line_ending}",
            )
        csv.field_size_limit(1 << 24)
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=DELIMITERS[job.delimiter], doublequote=True, strict=True
        )
        try:
            for row in reader:
                if row:
                    yield row
        except csv.Error as error:
            raise ApiError(400, "InvalidBatch", f"InvalidBatch : {error} (line {reader.line_num})") from None

    def _columns(self) -> Columns:
        """What each column means: a field, or a parent's external id as `Account.ExtId__c`."""
        out: Columns = []
        seen: set[str] = set()
        for name in self._header:
            parts = name.strip().split(".")
            if name.strip().lower() in seen:
                raise ApiError(400, "InvalidBatch", f"InvalidBatch : Duplicate field name : {name}")
            seen.add(name.strip().lower())
            if len(parts) == 1:
                found = self._sobject.find(parts[0])
                if found is None or not self._job.user.profile.sees(self._sobject, found):
                    raise ApiError(400, "InvalidBatch", f"InvalidBatch : Field name not found : {name}")
                out.append((found.name, None))
                continue
            # `Owner:User.Username` names the parent's object as well.
            relation = parts[0].split(":")[0]
            lookup = self._sobject.relation(relation)
            if lookup is None or not lookup.refers_to or len(parts) != 2:
                raise ApiError(400, "InvalidBatch", f"InvalidBatch : Field name not found : {name}")
            out.append((relation, parts[1]))
        return out

    def _save(self, batch: list[list[str]], columns: Columns, lines: Lines) -> None:
        width = len(columns)
        names = [name for name, _ in columns]
        related = any(key for _, key in columns)
        good: list[list[str]] = []
        raw: list[dict[str, Any]] = []
        for row in batch:
            if len(row) != width:
                error = f"INVALID_INPUT:{len(row)} columns where the header has {width}: --"
                lines.failed.append(["", error, *row[:width], *[""] * (width - len(row))])
                continue
            good.append(row)
            raw.append(
                _record(row, columns)
                if related
                else {
                    name: None if value == NULL else value
                    for name, value in zip(names, row, strict=True)
                    if value
                }
            )
        outcomes = self._outcomes(raw)
        # Results come in no particular order; a client must match rows by a key of its own.
        order = list(range(len(good)))
        random.Random(f"{self._core.seed}:{self._job.id}:{len(lines.success)}").shuffle(order)
        for place in order:
            outcome, row = outcomes[place], good[place]
            if outcome.success:
                lines.success.append([outcome.id or "", "true" if outcome.created else "false", *row])
            else:
                lines.failed.append([outcome.id or "", outcome.errors[0].bulk_text(), *row])

    def _outcomes(self, raw: list[dict[str, Any]]) -> list[Outcome]:
        if not raw:
            return []
        job = self._job
        held = [item for item in job.faults if item.kind == "lock_row"]
        intent = Intent(
            job.user,
            from_text=True,
            auto_assign=job.assignment_rule or False,
            locked=(lambda record_id: any(item.locks(record_id) for item in held)) if held else None,
        )
        writer = self._core.writer
        try:
            if job.operation == "insert":
                return writer.insert(self._sobject, raw, intent)
            if job.operation in ("delete", "hardDelete"):
                return self._core.remover.delete([row.get("Id") or "" for row in raw], intent)
            if job.operation == "upsert":
                key = job.external_id or "Id"
                pairs = [(_take(row, key), row) for row in raw]
                return writer.upsert(self._sobject, key, pairs, intent)
            return writer.update(self._sobject, [(row.get("Id") or "", row) for row in raw], intent)
        except ApiError as error:
            refusal = RowError(error.code, error.message)
            return [Outcome(None, False, [refusal]) for _ in raw]

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


def _record(row: list[str], columns: Columns) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for (name, key), value in zip(columns, row, strict=True):
        # An empty value is left out, so that an update ignores it; `#N/A` clears the field.
        if value == "":
            continue
        found = None if value == NULL else value
        out[name] = found if key is None else ({key: found} if found is not None else None)
    return out


def _take(row: dict[str, Any], key: str) -> Any:
    name = next((item for item in row if item.lower() == key.lower()), None)
    return row.pop(name) if name is not None else None
