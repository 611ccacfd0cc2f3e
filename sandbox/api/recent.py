"""`recent`: the records that the caller looked at or wrote last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.metadata.sobject import SObject
from sandbox.recent import MAX_ITEMS

_LEFT_OUT = frozenset(["Task", "Event"])
"""Objects that RecentlyViewed does not take in."""


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "recent", recent)


def recent(call: Call, found: Mapping[str, str]) -> Answer:
    """Records of all objects, the newest first; `limit` cuts the list."""
    text = call.query.get("limit", str(MAX_ITEMS))
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MAX_ITEMS:
        raise ApiError(400, "INVALID_FIELD", f"limit must be a number from 1 to {MAX_ITEMS}: {text[:20]}")
    return Answer(body=items(call)[: int(text)])


def items(call: Call, only: SObject | None = None) -> list[dict[str, Any]]:
    """The caller's list, of all objects or of one: type, id and name of what lives and may be seen."""
    core = call.core
    listed = core.recent.of(call.who.id)
    by_object: dict[str, list[str]] = {}
    for record_id in listed:
        found = core.schema.by_prefix(record_id[:3])
        if found is not None and (only is None or found is only) and call.who.profile.sees_object(found):
            by_object.setdefault(found.name, []).append(record_id)
    shown: dict[str, dict[str, Any]] = {}
    for name, record_ids in by_object.items():
        title = core.schema[name].name_field
        fields = f"Id, {title.name}" if title else "Id"
        wanted = ", ".join(f"'{record_id}'" for record_id in record_ids)
        soql = f"SELECT {fields} FROM {name} WHERE Id IN ({wanted})"
        shown |= {row["Id"]: row for row in core.search(soql, call.who, version=call.version)}
    return [shown[record_id] for record_id in listed if record_id in shown]


def note(call: Call, sobject: SObject, record_id: str | None) -> None:
    """Put a record on the caller's list, unless the `Sforce-Mru` header says not to (facts 5.3)."""
    asked = call.headers.get("sforce-mru", "").replace(" ", "").lower()
    if record_id and sobject.name not in _LEFT_OUT and "updatemru=false" not in asked:
        call.core.recent.note(call.who.id, [record_id])
