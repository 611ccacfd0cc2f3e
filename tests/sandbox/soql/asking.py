"""The same question twice: to the org in SOQL, and of its raw rows."""

from __future__ import annotations

from typing import Any

from sandbox import Org

Row = dict[str, Any]


def raw(org: Org, name: str) -> list[Row]:
    cursor = org.core.store.cursor.execute(f'SELECT * FROM "{name}" WHERE NOT "IsDeleted"')
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def ids(org: Org, soql: str) -> list[str]:
    return [row["Id"] for row in org.query(soql)]
