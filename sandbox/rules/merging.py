"""Merge: up to three records become one; losers keep a pointer to the winner (facts 5.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox import ids
from sandbox.errors import RowError
from sandbox.metadata.sobject import SObject
from sandbox.rules import rollups
from sandbox.rules.deletion import Remover
from sandbox.rules.draft import Intent
from sandbox.rules.writer import Writer

MAX_LOSERS = 2


@dataclass(slots=True)
class Merged:
    """What became of a merge."""

    id: str
    losers: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)
    errors: tuple[RowError, ...] = ()


class _Refused(Exception):
    def __init__(self, *errors: RowError) -> None:
        super().__init__(errors)
        self.errors = errors


def merge(
    writer: Writer,
    remover: Remover,
    sobject: SObject,
    winner: str,
    losers: Sequence[str],
    values: Mapping[str, Any],
    intent: Intent,
) -> Merged:
    """Merge, or say why not. Children follow the winner without their own rules being run."""
    try:
        with writer.store.transaction():
            return _merge(writer, remover, sobject, winner, losers, values, intent)
    except _Refused as refused:
        return Merged(winner, errors=refused.errors)


def _merge(
    writer: Writer,
    remover: Remover,
    sobject: SObject,
    winner: str,
    losers: Sequence[str],
    values: Mapping[str, Any],
    intent: Intent,
) -> Merged:
    if not sobject.mergeable:
        raise _Refused(RowError("INVALID_TYPE", f"entity type cannot be merged: {sobject.name}"))
    if not 1 <= len(losers) <= MAX_LOSERS or len({winner[:15], *(item[:15] for item in losers)}) <= len(
        losers
    ):
        raise _Refused(RowError("MERGE_FAILED", "between one and two other records must be given", ("Id",)))
    full = [ids.to18(item) or item for item in (winner, *losers)]
    _check(writer, sobject, full, intent)
    outcome = writer.update(sobject, [(full[0], values)], intent)[0]
    if not outcome.success:
        raise _Refused(*outcome.errors)
    contacts = _person_contacts(writer, sobject, full)
    related = _reparent(writer, sobject, full[0], full[1:], intent, kept=contacts[1:])
    if contacts:
        related += _reparent(writer, writer.schema["Contact"], contacts[0], contacts[1:], intent)
        losing = [(_key(item), {"MasterRecordId": contacts[0]}) for item in contacts[1:]]
        writer.store.update(writer.schema["Contact"], losing)
    for outcome in remover.delete(full[1:], intent):
        if not outcome.success:
            raise _Refused(*outcome.errors)
    keys = [_key(item) for item in full[1:]]
    writer.store.update(sobject, [(key, {"MasterRecordId": full[0]}) for key in keys])
    return Merged(full[0], full[1:], related)


def _key(record_id: str) -> int:
    parsed = ids.parse(record_id)
    return parsed[1] if parsed else -1


def _check(writer: Writer, sobject: SObject, full: Sequence[str], intent: Intent) -> None:
    found = writer.store.fetch(sobject, [_key(item) for item in full], ["IsDeleted"])
    seen = writer.visible(intent, sobject, list(found))
    for item in full:
        record = found.get(_key(item))
        if record is None or _key(item) not in seen or item[:3] != sobject.prefix:
            raise _Refused(RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
        if record["IsDeleted"]:
            raise _Refused(RowError("ENTITY_IS_DELETED", "entity is deleted"))


def _person_contacts(writer: Writer, sobject: SObject, full: Sequence[str]) -> list[str]:
    """The contacts of person accounts, winner first; persons and companies do not merge with each other."""
    names = ["IsPersonAccount"]
    if names[0] not in sobject.fields:
        return []
    rows = writer.store.fetch(sobject, [_key(item) for item in full], names)
    kinds = {row["IsPersonAccount"] for row in rows.values()}
    if len(kinds) > 1 or (sobject.name == "Contact" and True in kinds):
        raise _Refused(RowError("INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person account"))
    if kinds != {True}:
        return []
    found = writer.store.fetch(sobject, [_key(item) for item in full], ["PersonContactId"])
    return [found[_key(item)]["PersonContactId"] for item in full]


def _reparent(
    writer: Writer,
    sobject: SObject,
    winner: str,
    losers: Sequence[str],
    intent: Intent,
    kept: Sequence[str] = (),
) -> list[str]:
    """Let children follow the winner; `kept` stay where they are."""
    stamp = intent.stamp or writer.clock.stamp()
    marks = {"SystemModstamp": stamp, "LastModifiedDate": stamp, "LastModifiedById": intent.user.id}
    moved: list[str] = []
    for child, lookup in writer.schema.children(sobject.name):
        if lookup.name in ("MasterRecordId", "PersonContactId") or lookup.calculated:
            continue
        if (child.name, lookup.name) in (("CampaignMember", "LeadId"), ("CampaignMember", "ContactId")):
            _drop_double_members(writer, lookup.name, winner, losers)
        alive = ' AND NOT "IsDeleted"' if "IsDeleted" in child.fields else ""
        rows = writer.store.run(
            f'SELECT _key, "Id" FROM {child.table} WHERE "{lookup.name}" IN (SELECT unnest(?)){alive}',
            [list(losers)],
        )
        rows = [row for row in rows if row[1] not in kept]
        known = {name: value for name, value in marks.items() if name in child.fields}
        writer.store.update(child, [(row[0], {lookup.name: winner}) for row in rows], known)
        moved += [row[1] for row in rows]
        if lookup.name in rollups.lookups(writer.schema, child.name):
            rollups.refresh(writer, child.name, lookup.name, {winner, *losers}, intent)
    return moved


def _drop_double_members(writer: Writer, lookup: str, winner: str, losers: Sequence[str]) -> None:
    """Nobody is a member twice: where the winner is in the campaign already, the loser's membership goes."""
    stamp = writer.clock.stamp()
    writer.store.run(
        f'UPDATE "CampaignMember" SET "IsDeleted" = TRUE, "SystemModstamp" = ? '
        f'WHERE "{lookup}" IN (SELECT unnest(?)) AND NOT "IsDeleted" AND "CampaignId" IN '
        f'(SELECT "CampaignId" FROM "CampaignMember" WHERE "{lookup}" = ? AND NOT "IsDeleted")',
        [stamp, list(losers), winner],
    )
