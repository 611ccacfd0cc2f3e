"""What a delete takes along, what forbids it, and what it cuts loose until an undelete (facts 5.6).

Set-based: one query per lookup that points to an object, whatever the number of records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox import ids
from sandbox.errors import RowError
from sandbox.metadata.delete_rule import CASCADE, RESTRICT, SET_NULL, delete_rule
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.rules import rollups
from sandbox.rules.standard import opportunity

if TYPE_CHECKING:
    from sandbox.rules.draft import Intent
    from sandbox.rules.writer import Writer

Doomed = dict[str, dict[int, str]]
"""Keys of records on their way into the recycle bin by object, each with the id whose delete takes it there."""
TABLE = "CREATE TABLE IF NOT EXISTS _loose (root VARCHAR, object VARCHAR, key BIGINT, field VARCHAR, parent VARCHAR)"
"""Links that a delete emptied: an undelete of the root puts them back."""
_SHOWN = 10
_FEW = 200


def doom(writer: Writer, roots: Doomed) -> Doomed:
    """The roots and, level by level, everything that goes with them."""
    every: Doomed = {name: dict(keys) for name, keys in roots.items()}
    level = roots
    while level:
        below: Doomed = {}
        for child, _, key, root in _pointing(writer, level, CASCADE):
            if key not in every.setdefault(child.name, {}):
                every[child.name][key] = root
                below.setdefault(child.name, {})[key] = root
        level = below
    return every


def forbidden(writer: Writer, doomed: Doomed) -> dict[str, RowError]:
    """Why some of the roots cannot be deleted, by their ids."""
    holding: dict[str, tuple[SObject, list[int]]] = {}
    for child, _, key, root in _pointing(writer, doomed, RESTRICT):
        if key not in doomed.get(child.name, {}):
            first, held = holding.setdefault(root, (child, []))
            if first is child:
                held.append(key)
    out = {
        root: _failed(
            writer,
            root,
            f"it is associated with the following {child.plural.lower()}.: {_names(writer, child, keys)}",
        )
        for root, (child, keys) in holding.items()
    }
    for root, names in opportunity.won_with_account(writer, doomed.get("Opportunity", {})).items():
        said = (
            "some opportunities in this account were closed won. "
            f"The opportunities that were closed won are shown below.: {', '.join(names)}"
        )
        out.setdefault(root, _failed(writer, root, said))
    return out


def loosen(writer: Writer, doomed: Doomed, stamp: datetime) -> None:
    """Empty the links of those who stay. Nobody edited them: their SystemModstamp moves, nothing else."""
    loose: dict[tuple[str, str], dict[int, str]] = {}
    for child, lookup, key, root in _pointing(writer, doomed, SET_NULL):
        if key not in doomed.get(child.name, {}):
            loose.setdefault((child.name, lookup.name), {})[key] = root
    for (name, field), roots in loose.items():
        child = writer.schema[name]
        writer.store.run(
            f'INSERT INTO _loose SELECT r.root, ?, t._key, ?, t."{field}" FROM {child.table} t '
            "JOIN (SELECT unnest(?) AS key, unnest(?) AS root) r ON r.key = t._key",
            [name, field, list(roots), list(roots.values())],
        )
        writer.store.update(child, [(key, {field: None}) for key in roots], {"SystemModstamp": stamp})


def strays(writer: Writer, back: Mapping[str, Collection[int]]) -> Iterator[tuple[SObject, Field, int]]:
    """Links of records on their way back to records that are gone and do not come back with them."""
    for name, keys in back.items():
        sobject = writer.schema[name]
        lookups = [item for item in sobject.fields.values() if item.refers_to and delete_rule(sobject, item)]
        rows = writer.store.fetch(sobject, list(keys), [item.name for item in lookups])
        for lookup in lookups:
            for key, row in rows.items():
                if row[lookup.name] and not _lives(writer, row[lookup.name], back):
                    yield sobject, lookup, key


def _lives(writer: Writer, record_id: str, back: Mapping[str, Collection[int]]) -> bool:
    parsed = ids.parse(record_id)
    target = writer.schema.by_prefix(parsed[0]) if parsed else None
    if parsed is None or target is None:
        return False
    if not target.deletable or parsed[1] in back.get(target.name, ()):
        return True
    names = ["IsDeleted"] if "IsDeleted" in target.fields else []
    found = writer.store.fetch(target, [parsed[1]], names).get(parsed[1])
    return found is not None and not found.get("IsDeleted")


def tie(writer: Writer, root: str, intent: Intent, stamp: datetime) -> None:
    """Put the links back that the delete of this root emptied, where no other took their place."""
    for name, key, field, parent in writer.store.run(
        "SELECT object, key, field, parent FROM _loose WHERE root = ?", [root]
    ):
        child = writer.schema.find(name)
        if child is None or field not in child.fields:
            continue
        now = writer.store.fetch(child, [key], [field]).get(key)
        if now is not None and now[field] is None:
            writer.store.update(child, [(key, {field: parent})], {"SystemModstamp": stamp})
            if field in rollups.lookups(writer.schema, name):
                rollups.refresh(writer, name, field, {parent}, intent)
    forget(writer, "root = ?", [root])


def forget(writer: Writer, condition: str, values: list[object]) -> None:
    """Links of records that cannot come back need no memory."""
    writer.store.run(f"DELETE FROM _loose WHERE {condition}", values)


def _pointing(writer: Writer, doomed: Doomed, rule: str) -> Iterator[tuple[SObject, Field, int, str]]:
    """Living records that point to a doomed one by a lookup of that rule, with the root of what they point to."""
    for name, keys in doomed.items():
        prefix = writer.schema[name].prefix
        parents = {ids.make(prefix, key): root for key, root in keys.items()}
        for child, lookup in writer.schema.children(name):
            if parents and delete_rule(child, lookup) == rule:
                alive = ' AND NOT "IsDeleted"' if "IsDeleted" in child.fields else ""
                for key, parent in writer.store.run(
                    f'SELECT _key, "{lookup.name}" FROM {child.table} '
                    f'WHERE "{lookup.name}" IN {_listed(parents)}{alive} ORDER BY _key',
                    None if len(parents) <= _FEW else [list(parents)],
                ):
                    yield child, lookup, key, parents[parent]


def _listed(parents: Collection[str]) -> str:
    # A few ids written out are looked for where they can be; many are joined.
    if len(parents) > _FEW:
        return "(SELECT unnest(?))"
    return "(" + ", ".join(f"'{item}'" for item in parents) + ")"


def _failed(writer: Writer, root: str, why: str) -> RowError:
    parsed = ids.parse(root)
    assert parsed is not None
    sobject = writer.schema.by_prefix(parsed[0])
    assert sobject is not None
    name = _names(writer, sobject, [parsed[1]])
    return RowError("DELETE_FAILED", f"Your attempt to delete {name} could not be completed because {why}\n")


def _names(writer: Writer, sobject: SObject, keys: list[int]) -> str:
    """What people call the records."""
    named = sobject.name_field
    wanted = [item for item in ("Salutation", named.name if named else "Id") if item in sobject.fields]
    rows = writer.store.fetch(sobject, keys[:_SHOWN], wanted)
    return ", ".join(
        " ".join(str(row[item]) for item in wanted if row[item]) for _, row in sorted(rows.items())
    )
