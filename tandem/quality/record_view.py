"""The view ``record`` that a survey asks: an object's records, with what its suite wants of related ones."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Mapping

from tandem.quality.screen import identifier, literal
from tandem.quality.snapshot import ROW, Snapshot
from tandem.quality.suite import Suite


def columns_for(
    suite: Suite, snapshot: Snapshot, snapshots: Mapping[str, Snapshot]
) -> tuple[dict[str, str], list[str]]:
    """Return the columns that the suite speaks of and that are there, related ones included, with their types; and
    a line for each that is not known."""
    needed = {"Id"}.union(*(rule.columns for rule in suite.rules), {"Name"} & snapshot.columns.keys())
    found, notes = {}, []
    for name in sorted(needed):
        if name in snapshot.columns:
            found[name] = snapshot.columns[name]
        elif "." in name:
            targets = snapshot.references(name)
            own = name.split(".", 1)[1]
            kinds = {snapshots[each].columns.get(own) for each in targets if each in snapshots} - {None}
            if targets and set(targets) <= snapshots.keys() and len(kinds) == 1:
                found[name] = kinds.pop() or ""
            elif not snapshot.reference_field(name):
                notes.append(_unknown(suite, snapshot, name))
        elif close := difflib.get_close_matches(name, snapshot.columns, n=1, cutoff=0.8):
            notes.append(f"{_unknown(suite, snapshot, name)}; did you mean {close[0]}?")
        elif not (snapshot.describe and name in snapshot.describe.fields):
            notes.append(_unknown(suite, snapshot, name))
    return found, [note if note.endswith("?") else f"{note}." for note in notes]


def _unknown(suite: Suite, snapshot: Snapshot, name: str) -> str:
    return f"{suite.file.name} names {name}, which {snapshot.object} has not, or the sync user may not see"


def create(
    suite: Suite, snapshot: Snapshot, snapshots: Mapping[str, Snapshot], columns: Collection[str]
) -> str:
    """Return the SQL of the view.

    ``Account.Id`` is null in it where the account that ``AccountId`` names is not there.
    """
    shown = [f"r.{identifier(ROW)}", *(f"r.{identifier(name)}" for name in columns if "." not in name)]
    related: dict[str, list[str]] = defaultdict(list)
    for name in columns:
        if "." in name:
            related[name.split(".")[0]].append(name)
    joins = []
    for alias, names in related.items():
        own = [name.split(".", 1)[1] for name in names]
        parts = " UNION ALL BY NAME ".join(
            f"SELECT {', '.join(identifier(each) for each in dict.fromkeys(['Id', *own]) if each in target.columns)}"
            f" FROM {_pages(target)}"
            for target in (snapshots[each] for each in snapshot.references(names[0]))
        )
        field = identifier(snapshot.reference_field(names[0]) or "")
        joins.append(f' LEFT JOIN ({parts}) {identifier(alias)} ON {identifier(alias)}."Id" = r.{field}')
        shown += [
            f"{identifier(alias)}.{identifier(column)} AS {identifier(name)}"
            for name, column in zip(names, own, strict=True)
        ]
    return f"CREATE VIEW record AS SELECT {', '.join(shown)} FROM {_pages(snapshot)} r{''.join(joins)}"


def _pages(snapshot: Snapshot) -> str:
    return f"read_parquet({literal(str(snapshot.pages / '*.parquet'))})"
