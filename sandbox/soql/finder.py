"""Runs subqueries for a page of parents and puts the page's JSON together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.metadata.schema import Schema
from sandbox.soql.plan import ChildPlan, Plan
from sandbox.soql.result import Row, shaper
from sandbox.store import Store


class Finder:
    """Shapes rows of one plan for one API version."""

    def __init__(self, store: Store, schema: Schema, version: str) -> None:
        self._store = store
        self._schema = schema
        self._version = version

    def records(self, plan: Plan, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The JSON records of these rows, children included."""
        if plan.kind == "count":
            return []
        shape = shaper(plan, self._schema, self._version)
        records = [shape(row) for row in rows]
        for child in plan.children:
            found = self._children(child, [row[0] for row in rows])
            for row, record in zip(rows, records, strict=True):
                mine = found.get(row[0])
                record[child.name] = {"totalSize": len(mine), "done": True, "records": mine} if mine else None
        return records

    def _children(self, child: ChildPlan, parents: list[str]) -> dict[str, list[dict[str, Any]]]:
        plan = child.plan
        lookup = f'{plan.alias}."{child.lookup}"'
        plan.where.append(f"{lookup} IN (SELECT unnest(?))")
        try:
            rows = self._store.run(plan.sql(), [parents])
        finally:
            plan.where.pop()
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[-1], []).append(row)
        start = child.offset or 0
        end = start + child.limit if child.limit is not None else None
        return {parent: self.records(plan, mine[start:end]) for parent, mine in groups.items()}
