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
        return Snapshot(tables, dump_state(core), hooks)


def restore(core: Core, snapshot: Snapshot) -> None:
    """Put everything back in one transaction. Record numbers go on from the highest one left."""
    with core.store.lock:
        with core.store.transaction():
            for item in core.schema:
                if item.name not in snapshot.tables:
                    core.store.run(f"DROP TABLE {item.table}")
            for name, table in snapshot.tables.items():
                core.store.cursor.register("_kept", table)
                core.store.run(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM _kept')
                core.store.cursor.unregister("_kept")
        for gone in [item.name for item in core.schema if item.name not in snapshot.tables]:
            core.schema.remove(gone)
        apply_state(core, snapshot.state)
        for item in core.schema:
            core.store.create(item)
        core.rulebook.hooks = {name: list(items) for name, items in snapshot.hooks.items()}
        core.store.forget_numbers()
        core.store.lookups.forget()
        core.recent.clear()
        core.note_hidden()
        save_state(core)
