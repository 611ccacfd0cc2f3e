"""What an org keeps beside its records, written into its file: schema, security, rules, clients, time."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sandbox.access import PermissionSet, Profile
from sandbox.core import Core
from sandbox.metadata.field import Choice, Field, Rollup
from sandbox.metadata.sobject import RecordTypeInfo, SObject
from sandbox.rules.assignment import AssignmentRule
from sandbox.rules.duplicates import DuplicateRule
from sandbox.rules.validation import ValidationRule
from sandbox.sessions import ConnectedApp
from sandbox.sharing import Share, SharingRule


class UnreadableOrg(Exception):
    """The org's file cannot be used; the message says what to do."""


def dump_state(core: Core) -> dict[str, Any]:
    """The state as plain JSON values."""
    return {
        "seed": core.seed,
        "clock": core.clock.offset_seconds,
        "objects": [_dump_object(item) for item in core.schema],
        "profiles": [_dump_profile(item) for item in core.profiles.values()],
        "permission_sets": [_dump_set(item) for item in core.permission_sets.values()],
        "validation": [asdict(rule) for rule in core.rulebook.validation],
        "duplicates": [asdict(rule) for rule in core.rulebook.duplicates],
        "assignment": [asdict(rule) for rule in core.rulebook.assignment],
        "apps": [asdict(app) for app in core.apps.values()],
        "limits": core.meter.maxima,
        "bin": [
            core.recycle_bin.capacity,
            core.recycle_bin.log_since.isoformat() if core.recycle_bin.log_since else None,
        ],
        "sharing": asdict(core.sharing),
    }


def apply_state(core: Core, state: dict[str, Any]) -> None:
    """Make the org what the state says; schema objects are replaced as wholes."""
    core.clock.offset_seconds = state["clock"]
    for item in state["objects"]:
        found = core.schema.find(item["name"])
        loaded = [_load_field(entry) for entry in item["fields"]]
        if found is None:
            core.schema.add(_load_object(item, loaded))
        else:
            found.put(loaded)
            found.record_types = _record_types(item)
            core.schema.touch(found.name)
    for item in state["profiles"]:
        core.profiles[item["id"]] = _load_profile(item)
    core.permission_sets = {item["id"]: _load_set(item) for item in state["permission_sets"]}
    core.rulebook.validation[:] = [ValidationRule(**item) for item in state["validation"]]
    core.rulebook.duplicates[:] = [
        DuplicateRule(**{**item, "fields": tuple(item["fields"])}) for item in state["duplicates"]
    ]
    core.rulebook.assignment[:] = [AssignmentRule(**item) for item in state["assignment"]]
    core.apps.clear()
    for item in state["apps"]:
        core.apps[item["client_id"]] = ConnectedApp(**item)
    for name, maximum in state["limits"].items():
        core.meter.set(name, maximum)
    core.recycle_bin.capacity, since = state["bin"]
    core.recycle_bin.log_since = datetime.fromisoformat(since) if since else None
    sharing = state["sharing"]
    core.sharing.defaults = dict(sharing["defaults"])
    core.sharing.rules = [SharingRule(**item) for item in sharing["rules"]]
    core.sharing.shares = [Share(**item) for item in sharing["shares"]]
    core.forget_users()


def save_state(core: Core) -> None:
    """Write the state into the org's file, if it has one."""
    if core.path is not None:
        core.store.note("state", json.dumps(dump_state(core)))


def load_state(core: Core) -> None:
    """Read the state from the org's file."""
    text = core.store.noted("state")
    if text:
        try:
            apply_state(core, json.loads(text))
        except (KeyError, TypeError, ValueError) as wrong:
            raise UnreadableOrg(
                f"{core.path} was written by another version of the sandbox ({wrong!r}); begin with a new file"
            ) from None
        core.note_hidden()


def _dump_object(found: SObject) -> dict[str, Any]:
    names = [item.name for item in fields(found) if item.name != "fields" and not item.name.startswith("_")]
    plain = {name: getattr(found, name) for name in names}
    plain["record_types"] = [asdict(info) for info in found.record_types]
    return {**plain, "fields": [asdict(item) for item in found.fields.values()]}


def _load_object(item: dict[str, Any], loaded: list[Field]) -> SObject:
    plain = {key: value for key, value in item.items() if key != "fields"}
    plain["scopes"] = tuple(tuple(pair) for pair in plain["scopes"])
    plain["record_types"] = _record_types(item)
    return SObject(**plain, fields={field.name: field for field in loaded})


def _record_types(item: dict[str, Any]) -> tuple[RecordTypeInfo, ...]:
    return tuple(RecordTypeInfo(**info) for info in item["record_types"])


def _load_field(item: dict[str, Any]) -> Field:
    values = dict(item)
    values["refers_to"] = tuple(values["refers_to"])
    values["rollup"] = Rollup(**values["rollup"]) if values["rollup"] else None
    values["choices"] = tuple(Choice(**choice) for choice in values["choices"])
    return Field(**values)


def _dump_profile(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "all_data": profile.all_data,
        "permissions": dict(profile.permissions),
        "hidden": sorted(profile.hidden),
        "read_only": sorted(profile.read_only),
        "denied": sorted(profile.denied),
    }


def _load_profile(item: dict[str, Any]) -> Profile:
    return Profile(
        item["id"],
        item["name"],
        item["all_data"],
        dict(item["permissions"]),
        {(obj, name) for obj, name in item["hidden"]},
        {(obj, name) for obj, name in item["read_only"]},
        {(obj, name) for obj, name in item["denied"]},
    )


def _dump_set(found: PermissionSet) -> dict[str, Any]:
    grants = ("permissions", "operations", "readable", "editable")
    return {"id": found.id, "name": found.name, **{name: sorted(getattr(found, name)) for name in grants}}


def _load_set(item: dict[str, Any]) -> PermissionSet:
    pairs = {
        name: frozenset((obj, what) for obj, what in item[name])
        for name in ("operations", "readable", "editable")
    }
    return PermissionSet(item["id"], item["name"], frozenset(item["permissions"]), **pairs)
