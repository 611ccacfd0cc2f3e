"""The staged batch of one object: its Parquet pages, read through DuckDB in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from tandem.errors import SuiteFailed
from tandem.quality.screen import identifier, literal

#: A piece ends at whichever comes first. A thousand long texts weigh more than 20,000 short rows.
CHUNK_ROWS = 20_000
CHUNK_BYTES = 32 * 1024 * 1024

#: Rows that DuckDB hands over at a time: with the longest texts there are (131,072 characters), still
#: about CHUNK_BYTES.
_PIECE_ROWS = 256

#: What DuckDB may use; it streams, so this bounds the decoded pages that are under way.
_MEMORY = "256MB"

#: The flag of rule 3 is the column "?3": no Salesforce field has a question mark in its name.
FLAG = "?{}"


class StagedBatch:
    """The pages of one object. Open it with ``with``; every failure to read is a :class:`SuiteFailed`."""

    def __init__(self, object: str, files: Sequence[Path]) -> None:
        self.object = object
        # Written into the statements: given as a parameter, a list makes DuckDB import pandas and pyarrow,
        # which an empty batch, the usual one, has no need of.
        self._pages = f"[{', '.join(literal(str(file)) for file in files)}]"
        self._database = duckdb.connect(config={"threads": 2, "memory_limit": _MEMORY})
        self.rows = 0
        self.columns: Mapping[str, str] = {}
        """Name of each column and its DuckDB type."""
        if files:
            with self._reading():
                counted = self._database.execute(
                    f"SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata({self._pages})"
                ).fetchone()
                self.rows = counted[0] if counted else 0
                described = self._database.execute(f"DESCRIBE FROM read_parquet({self._pages})")
                self.columns = {name: kind for name, kind, *_ in described.fetchall()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def chunks(self, columns: Collection[str]) -> Iterator[Any]:
        """Yield all rows, these columns, as Arrow tables of bounded size."""
        yield from self._stream(f"SELECT {_listed(columns)} FROM read_parquet({self._pages})")

    def suspects(self, columns: Collection[str], conditions: Mapping[int, str], sample: int) -> Iterator[Any]:
        """Yield the rows for which one of the conditions is true, and about ``sample`` of the others.

        Each condition's outcome is a column named by :data:`FLAG`. The sample is drawn by a hash of the
        Id: the same records give the same sample, in whichever pages they come.
        """
        flags = {identifier(FLAG.format(number)): condition for number, condition in conditions.items()}
        flagged = ", ".join(f"{condition} AS {flag}" for flag, condition in flags.items())
        drawn = f"hash({identifier('Id')}) % {self.rows} < {sample}"
        yield from self._stream(
            f"SELECT * FROM (SELECT {_listed(columns)}, {flagged} FROM read_parquet({self._pages})) "
            f"WHERE {' OR '.join([*flags, drawn])}"
        )

    def accepts(self, condition: str) -> bool:
        """Whether DuckDB understands a condition on this batch."""
        try:
            # Evaluated, not only bound: a regular expression is compiled when the first row meets it.
            self._database.execute(f"SELECT {condition} FROM read_parquet({self._pages}) LIMIT 1").fetchall()
        except duckdb.Error:
            return False
        return True

    def newest(self, ids: Iterable[str]) -> dict[str, Any]:
        """Return the newest SystemModstamp of each of these records that is in the batch more than once."""
        with self._reading():
            found = self._database.execute(
                f"""
                SELECT "Id", max("SystemModstamp") FROM read_parquet({self._pages})
                WHERE "Id" IN (SELECT unnest(?::VARCHAR[])) GROUP BY "Id" HAVING count(*) > 1
                """,
                [list(ids)],
            )
            return dict(found.fetchall())

    def _stream(self, query: str) -> Iterator[Any]:
        import pyarrow

        # Once rows flow, what DuckDB has to say comes as an error of Arrow's.
        with self._reading((duckdb.Error, OSError, pyarrow.ArrowException)):
            reader = self._database.execute(query).to_arrow_reader(_PIECE_ROWS)
            yield from bounded(pyarrow.Table.from_batches([piece]) for piece in reader)

    @contextmanager
    def _reading(self, errors: tuple[type[Exception], ...] = (duckdb.Error,)) -> Iterator[None]:
        try:
            yield
        except errors as error:
            said = str(error).splitlines()[0]
            raise SuiteFailed(
                f"{self.object}: the staged batch cannot be read and nothing of it was applied: {said}. "
                "Run the sync again; it reads the batch anew."
            ) from None


def bounded(pieces: Iterable[Any]) -> Iterator[Any]:
    """Join small Arrow tables to larger ones of about :data:`CHUNK_ROWS` or :data:`CHUNK_BYTES`."""
    import pyarrow

    held: list[Any] = []
    rows = size = 0
    for piece in pieces:
        held.append(piece)
        rows += piece.num_rows
        size += piece.nbytes
        if rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield pyarrow.concat_tables(held)
            held, rows, size = [], 0, 0
    if rows:
        yield pyarrow.concat_tables(held)


def _listed(columns: Collection[str]) -> str:
    return ", ".join(identifier(column) for column in columns)
