"""CSV as both Bulk APIs take it: a header of field names, `#N/A` for null, parents by external id (facts 5.5)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from sandbox.access import User
from sandbox.errors import ApiError
from sandbox.metadata.sobject import SObject

MAX_FIELD = 32_000
MAX_RECORD = 400_000
MAX_COLUMNS = 5_000
NULL = "#N/A"
Columns = list[tuple[str, str | None]]
"""What each column means: a field, or a relationship and the parent's external id field."""


def invalid_batch(message: str) -> ApiError:
    """What a batch or job fails with whose data cannot be read."""
    return ApiError(400, "InvalidBatch", f"InvalidBatch : {message}")


def read(upload: bytes, delimiter: str) -> Iterator[list[str]]:
    """The lines of an upload, the header first; blank ones are left out. Salesforce's own limits apply."""
    try:
        text = upload.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid_batch("The upload is not UTF-8") from None
    csv.field_size_limit(1 << 24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, doublequote=True, strict=True)
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise invalid_batch(f"Exceeded max number of columns per record : {MAX_COLUMNS}")
            if row:
                size = sum(map(len, row))
                if size > MAX_FIELD:
                    _check_size(row, size)
                yield row
    except csv.Error as error:
        raise invalid_batch(f"{error} (line {reader.line_num})") from None


def _check_size(row: list[str], size: int) -> None:
    longest = max(map(len, row))
    if longest > MAX_FIELD:
        raise invalid_batch(f"Exceeded max field size: {longest}")
    if size > MAX_RECORD:
        raise invalid_batch(
            f"Exceeded max length for one record: {size}. "
            f"Max length for one record should be less than or equal to {MAX_RECORD}"
        )


def columns(header: list[str], sobject: SObject, user: User) -> Columns:
    """What the header's names mean to this user; `Owner:User.Username` names the parent's object as well."""
    out: Columns = []
    seen: set[str] = set()
    for name in header:
        parts = name.strip().split(".")
        if name.strip().lower() in seen:
            raise invalid_batch(f"Duplicate field name : {name}")
        seen.add(name.strip().lower())
        if len(parts) == 1:
            found = sobject.find(parts[0])
            if found is None or not user.profile.sees(sobject, found):
                raise invalid_batch(f"Field name not found : {name}")
            out.append((found.name, None))
            continue
        relation = parts[0].split(":")[0]
        lookup = sobject.relation(relation)
        if lookup is None or not lookup.refers_to or len(parts) != 2:
            raise invalid_batch(f"Field name not found : {name}")
        out.append((relation, parts[1]))
    return out


def records(rows: list[list[str]], meaning: Columns) -> list[dict[str, Any]]:
    """Rows as records. An empty value is left out, so that an update ignores it; `#N/A` clears the field."""
    if any(key for _, key in meaning):
        return [_linked(row, meaning) for row in rows]
    names = [name for name, _ in meaning]
    return [
        {name: None if value == NULL else value for name, value in zip(names, row, strict=True) if value}
        for row in rows
    ]


def _linked(row: list[str], meaning: Columns) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for (name, key), value in zip(meaning, row, strict=True):
        if value == "":
            continue
        found = None if value == NULL else value
        out[name] = found if key is None else ({key: found} if found is not None else None)
    return out
