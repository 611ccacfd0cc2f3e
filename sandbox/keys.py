"""Conditions on record keys, worded so that the database reads nothing but the records they name."""

from __future__ import annotations

from collections.abc import Sequence

FEW = 20
"""For more keys than this, reading what lies between them is cheaper than finding each in the index."""


def key_among(keys: Sequence[int], column: str = "_key") -> str:
    """The condition that a record's key is one of these; at least one is given.

    Few keys are listed, which the index on keys answers. Many carry their bounds: a bare set would make the
    database read every row. The set is one text, since ten thousand numbers take a tenth of a second to parse.
    """
    if len(keys) == 1:
        return f"{column} = {keys[0]}"
    if len(keys) <= FEW:
        return f"{column} IN ({', '.join(str(key) for key in keys)})"
    among = f"SELECT unnest('{list(keys)}'::BIGINT[])"
    return f"{column} BETWEEN {min(keys)} AND {max(keys)} AND {column} IN ({among})"


def living(alias: str) -> str:
    """The condition that a record, found by its key, is not in the recycle bin.

    It speaks of two columns, so the database judges it after finding the record: it uses the index on keys only
    where no other column is asked for on the way.
    """
    return f'(NOT {alias}."IsDeleted" OR {alias}._key IS NULL)'
