"""Batches between wire and database: typed Parquet with Salesforce's API names as columns.

Text is text: nothing is sniffed, ``NA`` and ``00000`` stay what they are, and only the empty value is null,
as in Salesforce itself. A batch is there whole or not at all.
"""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from tandem.errors import SalesforceError, TandemError
from tandem.salesforce.description import FieldDescribe

_SQL_TYPES = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
_ARROW_TYPES = {
    "BOOLEAN": "bool",
    "BIGINT": "int64",
    "DOUBLE": "double",
    "DATE": "date32",
    "TIMESTAMP": "timestamp[us]",
    "VARCHAR": "string",
}
# When a text is a value of the type. DuckDB's own casts are kinder: 12.5 would become 13, NaN a number, and
# a time's offset would be dropped in silence.
_VALID = {
    "BOOLEAN": "TRY_CAST({0} AS BOOLEAN) IS NOT NULL",
    "BIGINT": "TRY_CAST({0} AS BIGINT) IS NOT NULL"
    " AND (NOT contains({0}, '.') OR TRY_CAST({0} AS DOUBLE) = TRY_CAST({0} AS BIGINT))",
    "DOUBLE": "coalesce(isfinite(TRY_CAST({0} AS DOUBLE)), false)",
    "DATE": "length({0}) = 10 AND TRY_CAST({0} AS DATE) IS NOT NULL",
    "TIMESTAMP": "(ends_with({0}, 'Z') OR ends_with({0}, '+0000'))"
    " AND TRY_CAST({0} AS TIMESTAMP) IS NOT NULL",
}
_LONGEST_LINE = 16_000_000  # bytes of one record: a dozen rich text areas of 131,072 characters
# DuckDB keeps read buffers up to its limit, so the limit is low; a page whose every row holds very long texts
# needs 2,048 of them at once and gets a second try with more.
_MEMORY = ("256MB", "2GB")


def sql_type(field: FieldDescribe) -> str:
    """Return the DuckDB type that holds a Salesforce field's values."""
    return _SQL_TYPES.get(field.type, "VARCHAR")


def stage_rows(rows: list[dict[str, Any]], fields: Mapping[str, FieldDescribe], target: Path) -> int:
    """Write rows as REST delivers them to Parquet.

    :param fields: the columns, in order; a name with dots (``Owner.Name``) reaches into a parent.
    :return: how many rows.
    :raises TandemError: a value does not fit its field's type, a field is not in a row (a missing field
        must never be taken for an empty one), or the disk is full. Nothing is left behind.
    """
    # Loaded here: commands that only look at the database need none of it, and it takes half of their time.
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, pyarrow.Array] = {}
    for name, field in fields.items():
        kind = sql_type(field)
        values = [_value(row, name, kind) for row in rows]
        columns[name] = pyarrow.array(values, type=pyarrow.type_for_alias(_ARROW_TYPES[kind]))
    with whole_file(target) as part:
        pyarrow.parquet.write_table(pyarrow.table(columns), part)
    return len(rows)


def stage_csv(
    source: Path, fields: Mapping[str, FieldDescribe], target: Path, expected_rows: int | None
) -> int:
    """Turn a Bulk 2.0 result page into Parquet, in one pass and bounded memory.

    :param fields: the columns to keep, in the order to keep them.
    :param expected_rows: what Salesforce said the page holds; None if it did not say.
    :return: how many rows.
    :raises TandemError: a column is missing, a value does not fit its field's type, the file is broken or
        has another number of rows, or the disk is full. Nothing is left behind.
    """
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    if not header and not expected_rows:
        return stage_rows([], fields, target)
    missing = [name for name in fields if name not in header]
    if missing:
        raise SalesforceError(
            f"{source.name} has no column {', '.join(missing)}. Describe the object anew and read it again.",
            "MISSING_COLUMN",
        )
    if _ends_early(source, expected_rows is None):
        raise SalesforceError(f"{source.name} breaks off in the middle of a row. Read it again.", "TRUNCATED")
    try:
        return _convert(source, header, fields, target, expected_rows, _MEMORY[0])
    except duckdb.OutOfMemoryException:
        return _convert(source, header, fields, target, expected_rows, _MEMORY[1])


def _convert(
    source: Path,
    header: list[str],
    fields: Mapping[str, FieldDescribe],
    target: Path,
    expected_rows: int | None,
    memory: str,
) -> int:
    page = _read_csv(source, header)
    casts = ", ".join(_cast(name, sql_type(field)) for name, field in fields.items())
    with _database(memory) as database, whole_file(target) as part:
        try:
            done = database.execute(
                f"COPY (SELECT {casts} FROM {page}) TO {_text(str(part))} "
                "(FORMAT parquet, ROW_GROUP_SIZE_BYTES '32MB')"
            ).fetchone()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.IOException as error:
            raise _disk_error(target, _first_line(error).rpartition(": ")[2]) from None
        except duckdb.Error as error:
            raise _explain(database, page, fields, source, error) from None
        rows = int(done[0]) if done else 0
        if expected_rows is not None and rows != expected_rows:
            raise SalesforceError(
                f"{source.name} holds {rows} rows where Salesforce announced {expected_rows}. Read it again.",
                "TRUNCATED",
            )
    return rows


@contextmanager
def whole_file(target: Path, durable: bool = True) -> Iterator[Path]:
    """Yield a name to write to; it becomes ``target`` if the block ends well, and vanishes if not.

    The name is the same every time, so that what a killed run left is written over.

    :param durable: whether the file must outlive a power cut, because something else will point to it.
    :raises TandemError: the disk is full or the folder not writable: one line.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        if durable:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise _disk_error(target, os.strerror(error.errno) if error.errno else str(error)) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _value(row: dict[str, Any], name: str, kind: str) -> Any:
    """Take one value out of a JSON row, typed."""
    value: Any = row
    for part in name.split("."):
        if value is None:
            break
        try:
            value = value[part]
        except KeyError:
            raise SalesforceError(
                f"A row has no {name}: the field went out of sight while reading. Read the object again.",
                "MISSING_COLUMN",
            ) from None
    if value is None or value == "":
        return None
    try:
        match kind:
            case "VARCHAR":
                return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            case "TIMESTAMP":
                return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
            case "DATE":
                return date.fromisoformat(value)
            case "BOOLEAN" if isinstance(value, bool):
                return value
            case "BIGINT" if not isinstance(value, bool) and int(value) == value:
                return int(value)
            case "DOUBLE" if not isinstance(value, bool):
                return float(value)
    except (ValueError, TypeError, OverflowError):
        pass
    raise _misfit(name, value, kind, str(row.get("Id", "")))


def _ends_early(source: Path, uncounted: bool) -> bool:
    """Whether a page breaks off inside a row, which DuckDB forgives even when it is strict.

    A row ends with its line or, at the very end, with the quote of its last value. A quote left open loses
    its row, which the count of rows shows; only without a count are the quotes counted.
    """
    quotes, end = 0, b""
    with source.open("rb") as file:
        if not uncounted:
            file.seek(-1, os.SEEK_END)
        while piece := file.read(1 << 20):
            quotes, end = quotes + piece.count(b'"'), piece[-1:]
    return end not in b'\n"' or (uncounted and quotes % 2 == 1)


@contextmanager
def _database(memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory on one thread: the other cores are busy downloading.

    Order does not matter (Bulk has none), and without it row groups can be cut by their bytes.
    """
    settings: dict[str, Any] = {
        "threads": 1,
        "memory_limit": memory,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=settings) as database:
        database.execute("SET enable_progress_bar = false")
        yield database


def _read_csv(source: Path, header: list[str]) -> str:
    """Write the ``read_csv`` of a page: everything is stated, so that nothing is guessed."""
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in header)
    return (
        f"read_csv({_text(str(source))}, columns = {{{columns}}}, auto_detect = false, header = true, "
        "delim = ',', quote = '\"', escape = '\"', nullstr = '', strict_mode = true, null_padding = false, "
        f"ignore_errors = false, parallel = false, max_line_size = {_LONGEST_LINE}, "
        f"buffer_size = {2 * _LONGEST_LINE})"
    )


def _cast(name: str, kind: str) -> str:
    column = _name(name)
    if kind == "VARCHAR":
        return column
    valid = _VALID[kind].format(column)
    return (
        f"CASE WHEN {column} IS NULL THEN NULL WHEN {valid} THEN TRY_CAST({column} AS {kind}) "
        f"ELSE error('misfit') END AS {column}"
    )


def _explain(
    database: duckdb.DuckDBPyConnection,
    page: str,
    fields: Mapping[str, FieldDescribe],
    source: Path,
    error: duckdb.Error,
) -> TandemError:
    """Find the value that broke a page. The page is read once more, but only when it is broken anyway."""
    typed = [(name, sql_type(field)) for name, field in fields.items() if sql_type(field) != "VARCHAR"]
    for name, kind in typed:
        column = _name(name)
        key = _name("Id") if "Id" in fields else "NULL"
        try:
            found = database.execute(
                f"SELECT {column}, {key} FROM {page} "
                f"WHERE {column} IS NOT NULL AND NOT ({_VALID[kind].format(column)}) LIMIT 1"
            ).fetchone()
        except duckdb.Error:
            break  # not a value but the file
        if found:
            return _misfit(name, found[0], kind, found[1])
    return SalesforceError(f"{source.name} is broken: {_first_line(error)}. Read it again.", "TRUNCATED")


def _misfit(name: str, value: Any, kind: str, key: str | None) -> TandemError:
    where = f" of {key}" if key else ""
    return TandemError(
        f"{name}{where} is {str(value)[:60]!r}, which is no {kind}. "
        "If the field's type was changed in Salesforce, run the sync again; it describes the object anew."
    )


def _disk_error(target: Path, reason: str) -> TandemError:
    full = reason in (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), os.strerror(errno.EFBIG))
    todo = "Free some space" if full else "Check that the folder is there and writable"
    return TandemError(f"{target} cannot be written: {reason}. {todo}, or set TANDEM_STAGING elsewhere.")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
