"""The whole org at one moment, kept in memory, to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sandbox.core import Core
from sandbox.rules.writer import Hook
from sandbox.state import apply_state, dump_state, save_state

_INTERNAL = ("_hidden", "_bin", "_loose")


@dataclass(slots=True, frozen=True)
class Snapshot:
    """Tables and state. Requests, faults and sessions are not part of it."""

    tables: dict[str, pa.Table]
    columns: dict[str, list[tuple[str, str]]]
    """Names and types, by table."""
    state: dict[str, Any]
    hooks: dict[str, list[Hook]]


def take(core: Core) -> Snapshot:
    """Copy everything while no writer is at work."""
    with core.store.lock:
        names = [*(item.name for item in core.schema), *_INTERNAL]
        tables = {
            name: core.store.cursor.execute(f'SELECT * FROM "{name}"').to_arrow_table() for name in names
        }
        hooks = {name: list(items) for name, items in core.rulebook.hooks.items()}
        return Snapshot(tables, _columns(core), dump_state(core), hooks)


def restore(core: Core, snapshot: Snapshot) -> None:
    """Put everything back in one transaction. Record numbers go on from the highest one left."""
    with core.store.lock:
        with core.store.transaction():
            for item in core.schema:
                if item.name not in snapshot.tables:
                    core.store.run(f"DROP TABLE {item.table}")
            empty = _empty_now(core, snapshot)
            # Most tables are empty and were, and making one anew takes as long as filling it.
            moved = {
                name: table for name, table in snapshot.tables.items() if table.num_rows or name not in empty
            }
            for name, table in moved.items():
                core.store.cursor.register("_kept", table)
                core.store.run(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM _kept')
                core.store.cursor.unregister("_kept")
        for gone in [item.name for item in core.schema if item.name not in snapshot.tables]:
            core.schema.remove(gone)
        apply_state(core, snapshot.state)
        for item in core.schema:
            if item.name in moved:
                core.store.create(item)
        core.rulebook.hooks = {name: list(items) for name, items in snapshot.hooks.items()}
        core.store.forget_numbers()
        core.store.lookups.forget()
        core.recent.clear()
        core.note_hidden()
        save_state(core)


def _columns(core: Core) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in core.store.run(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
    ):
        found.setdefault(table, []).append((column, kind))
    return found


def _empty_now(core: Core, snapshot: Snapshot) -> set[str]:
    """The tables that hold nothing and have the columns that the snapshot knows."""
    now = _columns(core)
    same = [name for name in snapshot.tables if now.get(name) == snapshot.columns[name]]
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in same)
    return {name for name, count in core.store.run(counts) if not count}
