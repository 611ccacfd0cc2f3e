"""Which rows of an object a user sees and may change: hidden records, ownership, queues, roles, rules, shares, parents.

Public objects add nothing to a query. An object whose records follow a parent's sharing (facts 5.6: sharing
applies) is read through that parent, so that a member is gone with its lead.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.sharing import CONTROLLED_BY_PARENT, READ, READ_WRITE, SharingRule
from sandbox.soql import members
from sandbox.soql.scope import World
from sandbox.store import Store

FOLLOWS = {
    "Contact": ("AccountId",),
    "OpportunityContactRole": ("OpportunityId",),
    "CampaignMember": ("LeadId", "ContactId"),
    "CampaignMemberStatus": ("CampaignId",),
    "Task": ("WhoId", "WhatId"),
    "Event": ("WhoId", "WhatId"),
}
"""Lookups whose parents decide, for objects that have no sharing of their own or leave it to them."""
_NOBODY = "FALSE"


def conditions(world: World, sobject: SObject, alias: str, editing: bool = False) -> list[str]:
    """SQL conditions that keep other people's rows out; none where everybody sees everything."""
    if world.profile.all_data:
        return []
    out = []
    if sobject.name in world.has_hidden:
        out.append(f"{alias}._key NOT IN (SELECT key FROM _hidden WHERE object = '{sobject.name}')")
    if world.sharing.defaults and not world.profile.passes_sharing(sobject, editing):
        shared = _shared(world, sobject, alias, editing, depth=0)
        if shared is not None:
            out.append(shared)
    return out


def keys(
    store: Store, world: World, sobject: SObject, wanted: Iterable[int], editing: bool = False
) -> set[int]:
    """Which of the records the user sees, or may change."""
    found = set(wanted)
    limits = conditions(world, sobject, "t", editing)
    if not found or not limits:
        return found
    rows = store.run(
        f"SELECT t._key FROM {sobject.table} t WHERE t._key IN (SELECT unnest(?)) AND {' AND '.join(limits)}",
        [list(found)],
    )
    return {row[0] for row in rows}


def _shared(world: World, sobject: SObject, alias: str, editing: bool, depth: int) -> str | None:
    """The condition that sharing sets; None where it sets none."""
    default = world.sharing.defaults.get(sobject.name)
    masters = [item for item in sobject.fields.values() if item.master_detail and item.custom]
    if masters:
        needed = [
            term
            for item in masters
            if (term := _through(world, sobject, item, alias, editing, depth)) is not None
        ]
        return f"({' AND '.join(needed)})" if needed else None
    if default == READ_WRITE or (default == READ and not editing):
        return None
    if default is None or default == CONTROLLED_BY_PARENT:
        return _by_parents(world, sobject, alias, editing, depth)
    return f"({' OR '.join(_own(world, sobject, alias, editing))})"


def _own(world: World, sobject: SObject, alias: str, editing: bool) -> list[str]:
    me = world.user_id
    team = f"SELECT '{me}' UNION {members.below(me)}"
    terms: list[str] = []
    if "OwnerId" in sobject.fields:
        owner = f'{alias}."OwnerId"'
        terms += [f"{owner} IN ({team})", f"{owner} IN ({members.queues(team)})"]
    terms += [
        f"({alias}._key = {share.key} AND '{share.user_id}' IN ({team}))"
        for share in world.sharing.shares
        if share.sobject == sobject.name and (share.edit or not editing)
    ]
    terms += [
        _ruled(world, rule, alias, team)
        for rule in world.sharing.rules
        if rule.sobject == sobject.name and (rule.edit or not editing)
    ]
    if sobject.name == "Account" and not editing:
        # Whoever owns a contact or a deal of an account sees the account.
        terms += [
            f'{alias}."Id" IN (SELECT "AccountId" FROM "{child}" WHERE "OwnerId" = \'{me}\' AND NOT "IsDeleted")'
            for child in ("Contact", "Opportunity")
        ]
    return terms or [_NOBODY]


def _ruled(world: World, rule: SharingRule, alias: str, team: str) -> str:
    """True for what a sharing rule opens to the user, or to somebody in a role below."""
    opened = (
        f"EXISTS (SELECT 1 FROM ({members.members(world.schema, rule.to)}) AS o(id) WHERE id IN ({team}))"
    )
    if rule.condition is not None:
        return f"({opened} AND {alias}._key IN ({world.criteria[rule.name]}))"
    owners = members.members(world.schema, rule.owners or "")
    return f'({opened} AND {alias}."OwnerId" IN ({owners}))'


def _by_parents(world: World, sobject: SObject, alias: str, editing: bool, depth: int) -> str | None:
    lookups = [sobject.fields[name] for name in FOLLOWS.get(sobject.name, ()) if name in sobject.fields]
    if sobject.name == "Contact" and world.sharing.defaults.get("Contact") != CONTROLLED_BY_PARENT:
        return None
    terms = [_through(world, sobject, item, alias, editing, depth) for item in lookups]
    limited = [term for term in terms if term is not None]
    if not limited:
        return None
    alone = " AND ".join(f'{alias}."{item.name}" IS NULL' for item in lookups)
    mine = _own(world, sobject, alias, editing) if "OwnerId" in sobject.fields else []
    if sobject.name == "Contact":
        return f"(({alone} AND ({' OR '.join(mine)})) OR {limited[0]})"
    if "OwnerId" not in sobject.fields:
        mine = [f"({alone})"]
    return f"({' OR '.join([*mine, *limited])})"


def _through(
    world: World, sobject: SObject, lookup: Field, alias: str, editing: bool, depth: int
) -> str | None:
    """True for rows whose parent the user sees; None where no parent is limited."""
    inner = f"v{depth}"
    terms, limited = [], False
    column = f'{alias}."{lookup.name}"'
    for name in lookup.refers_to:
        parent = world.schema.find(name)
        if parent is None or parent is sobject:
            continue
        condition = _shared(world, parent, inner, editing, depth + 1)
        if condition is None:
            terms.append(f"starts_with({column}, '{parent.prefix}')")
        else:
            limited = True
            terms.append(f'{column} IN (SELECT {inner}."Id" FROM {parent.table} {inner} WHERE {condition})')
    return f"({' OR '.join(terms)})" if limited else None
