"""Results of a Bulk query: CSV in files, cut at row boundaries when pages are asked for (facts 5.5)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from sandbox.bulk.job import DELIMITERS, LINE_ENDINGS
from sandbox.core import Core
from sandbox.metadata.field import Field
from sandbox.soql.plan import Plan

CHUNK_ROWS = 50_000
PIECE = 1 << 20
_THREADS = 2


@dataclass(slots=True)
class Chunk:
    """One file of rows, and where each row starts once somebody needed to know."""

    path: Path
    rows: int
    size: int
    starts: npt.NDArray[np.int64] | None = None

    def offset(self, row: int) -> int:
        """The byte at which a row starts."""
        if row <= 0:
            return 0
        if row >= self.rows:
            return self.size
        if self.starts is None:
            self.starts = _row_starts(self.path)
        return int(self.starts[row])


def _row_starts(path: Path) -> npt.NDArray[np.int64]:
    # Every value is quoted, so a line end outside of quotes has an even number of quotes before it. Only those from one
    # line end to the next are counted: a running count over every byte takes five times as long. The counts overflow,
    # which does not change whether they are even.
    starts = [np.zeros(1, dtype=np.int64)]
    at, odd = 0, np.uint8(0)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            data = np.frombuffer(piece, dtype=np.uint8)
            ends = np.flatnonzero(data == ord("\n"))
            quotes = np.add.reduceat(data == ord('"'), np.append(0, ends), dtype=np.uint8)
            before = odd ^ (np.cumsum(quotes, dtype=np.uint8) & 1)
            starts.append(at + 1 + ends[before[:-1] == 0])
            at, odd = at + len(piece), before[-1]
    return np.concatenate(starts)


class Results:
    """All chunks of one job, in order."""

    def __init__(self, header: bytes, chunks: list[Chunk]) -> None:
        self.header = header
        self.chunks = chunks
        self.rows = sum(chunk.rows for chunk in chunks)
        self.size = len(header) + sum(chunk.size for chunk in chunks)
        self._lock = threading.Lock()

    def page(self, start: int, count: int) -> tuple[int, list[tuple[Path, int, int]]]:
        """Total bytes and the stretches of files that make up rows `start` to `start + count`."""
        stretches = []
        first = 0
        with self._lock:
            for chunk in self.chunks:
                low, high = max(start - first, 0), min(start + count - first, chunk.rows)
                if low < high:
                    begin, end = chunk.offset(low), chunk.offset(high)
                    stretches.append((chunk.path, begin, end))
                first += chunk.rows
        return len(self.header) + sum(end - begin for _, begin, end in stretches), stretches

    def stream(self, stretches: list[tuple[Path, int, int]]) -> Iterator[bytes]:
        """The header and the rows, in pieces. Every page repeats the header."""
        yield self.header
        for path, begin, end in stretches:
            with path.open("rb") as file:
                file.seek(begin)
                left = end - begin
                while left:
                    piece = file.read(min(PIECE, left))
                    if not piece:
                        return
                    left -= len(piece)
                    yield piece

    def discard(self) -> None:
        """Delete the files."""
        for chunk in self.chunks:
            chunk.path.unlink(missing_ok=True)


class Exporter:
    """Writes the rows of a plan into chunk files, two at a time, all from one snapshot of the tables."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="export")

    def export(
        self, name: str, plan: Plan, delimiter_name: str = "COMMA", line_ending: str = "LF"
    ) -> Results:
        """Run the plan; the files are named after the job or batch that asks."""
        delimiter, ending = DELIMITERS[delimiter_name], LINE_ENDINGS[line_ending]
        titles = [".".join((*output.path, output.name)) for output in plan.outputs]
        header = delimiter.join(f'"{title}"' for title in titles) + ending
        readers = self._readers(plan)
        table = ""
        try:
            if plan.joins or plan.order or plan.limit is not None:
                # Sorted, cut or joined results are worked out once; chunks are then stretches of that table.
                table = f'"_job_{name}"'
                columns = [f"{sql} AS c{place}" for place, sql in enumerate(plan.columns)]
                readers[0].execute("COMMIT")
                readers[0].execute(f"CREATE OR REPLACE TABLE {table} AS {plan.sql(columns)}")
                # The table is news to the other reader's snapshot; nobody else writes to it.
                readers[1].execute("COMMIT")
                source, where, columns = f"{table} t", "", [f"t.c{place}" for place in range(len(columns))]
            else:
                source, where, columns = plan.source, plan.condition(), plan.columns
            found = readers[0].execute(f"SELECT t.rowid AS r FROM {source}{where}").fetchnumpy()["r"]
            edges = [int(item) for item in np.asarray(found)[::CHUNK_ROWS]]
            line = row_text(
                [(output.field, sql) for output, sql in zip(plan.outputs, columns, strict=True)], delimiter
            )
            chunks = self._write(name, readers, source, where, line, edges, ending)
        finally:
            for reader in readers:
                with contextlib.suppress(duckdb.Error):
                    reader.execute("ROLLBACK")
            if table:
                readers[0].execute(f"DROP TABLE IF EXISTS {table}")
            for reader in readers:
                reader.close()
        return Results(header.encode(), chunks)

    def _readers(self, plan: Plan) -> list[duckdb.DuckDBPyConnection]:
        # No writer is at work between these two, so both read the same moment.
        with self._core.store.lock:
            readers = [self._core.store.fresh() for _ in range(_THREADS)]
            for reader in readers:
                reader.execute("BEGIN")
                reader.execute(f"SELECT 1 FROM {plan.sobject.table} LIMIT 1").fetchall()
        return readers

    def _write(
        self,
        name: str,
        readers: list[duckdb.DuckDBPyConnection],
        source: str,
        where: str,
        line: str,
        edges: list[int],
        ending: str,
    ) -> list[Chunk]:
        free = list(readers)
        lock = threading.Lock()

        def one(place: int) -> Chunk:
            with lock:
                reader = free.pop()
            try:
                bounds = [f"t.rowid >= {edges[place]}"]
                if place + 1 < len(edges):
                    bounds.append(f"t.rowid < {edges[place + 1]}")
                glue = " AND " if where else " WHERE "
                path = self._core.files / f"{name}-{place}.csv"
                # The lines are complete: the writer must neither quote nor escape anything.
                rows = reader.execute(
                    f"COPY (SELECT {line} FROM {source}{where}{glue}{' AND '.join(bounds)}) TO '{path}' "
                    f"(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '', NEW_LINE '{ending}')"
                ).fetchall()[0][0]
                return Chunk(path, int(rows), path.stat().st_size)
            finally:
                with lock:
                    free.append(reader)

        return list(self._pool.map(one, range(len(edges))))


def row_text(columns: list[tuple[Field, str]], delimiter: str) -> str:
    """SQL for a whole line of CSV, every value quoted.

    Putting the line together here costs a third less than the database's own CSV writer when it quotes all.
    """
    glue = f'"{delimiter}"'.replace("'", "''")
    values = ", ".join(text(found, sql) for found, sql in columns)
    return f"'\"' || concat_ws('{glue}', {values}) || '\"'"


def text(found: Field, sql: str) -> str:
    """A column as Bulk CSV shows it: never null, quotes doubled, moments in UTC (facts 2)."""
    if found.type == "datetime":
        return f"COALESCE(strftime({sql}, '%Y-%m-%dT%H:%M:%S.000Z'), '')"
    if found.type in ("id", "reference"):
        return f"COALESCE({sql}, '')"
    if found.sql_type == "VARCHAR":
        return (
            f"""COALESCE(CASE WHEN contains({sql}, '"') THEN replace({sql}, '"', '""') ELSE {sql} END, '')"""
        )
    return f"COALESCE(CAST({sql} AS VARCHAR), '')"
