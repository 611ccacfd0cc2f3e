"""First steps of the order of execution: names, field-level security, types, required fields (facts 5.10)."""

from __future__ import annotations

from typing import Any

from sandbox.errors import ApiError, RowError
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.rules.coerce import Check, WrongJson, checker
from sandbox.rules.draft import Draft, Intent

_SECURITY = (
    "Please check the security settings of this field and verify that it is read/write for your profile or "
    "permission set."
)
_ALWAYS = frozenset(["attributes", "id", "type"])


class Slot:
    """What one key of a record means: a field and its check, or a parent named by an external id."""

    __slots__ = ("check", "field", "parent", "writable")

    def __init__(self, field: Field, check: Check, writable: bool, parent: bool = False) -> None:
        self.field = field
        self.check = check
        self.writable = writable
        self.parent = parent


class Preparer:
    """Turns raw rows of one request into checked values."""

    def __init__(self, sobject: SObject, intent: Intent, inserting: bool) -> None:
        self._sobject = sobject
        self._intent = intent
        self._inserting = inserting
        self._slots: dict[str, Slot | None] = {}
        self._required = [item.name for item in sobject.fields.values() if item.required]
        self._defaults = [(item.name, item.default) for item in sobject.stored if item.default is not None]
        full = sobject.fields.get("Name")
        self._person = (
            "LastName" in sobject.fields and full is not None and full.stored and not full.createable
        )

    def prepare(self, draft: Draft) -> None:
        """Fill `draft.values` and `draft.errors` from what the client sent."""
        refused: list[str] = []
        values = draft.values
        for name, value in draft.raw.items():
            slot = self._slots[name] if name in self._slots else self._slot(name)
            if slot is None:
                continue
            if slot.parent:
                if value is not None and not isinstance(value, dict):
                    raise _unreadable(WrongJson("reference", value), name)
                self._link(draft, slot, value)
                continue
            if not slot.writable:
                refused.append(slot.field.name)
                continue
            try:
                checked = slot.check(value)
            except WrongJson as wrong:
                raise _unreadable(wrong, name) from None
            if type(checked) is RowError:
                draft.errors.append(checked)
            else:
                values[slot.field.name] = checked
        if refused:
            draft.errors.insert(
                0,
                RowError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {', '.join(refused)}. {_SECURITY}",
                    tuple(refused),
                ),
            )
        if not draft.errors:
            self._complete(draft)

    def _complete(self, draft: Draft) -> None:
        values = draft.values
        if self._inserting:
            for name in self._required:
                if values.get(name) is None:
                    self._missing(draft)
                    return
            for name, default in self._defaults:
                if values.get(name) is None:
                    values[name] = default
            if self._person:
                first, last = values.get("FirstName"), values.get("LastName")
                values["Name"] = f"{first} {last}" if first else last
            return
        if any(name in values and values[name] is None for name in self._required):
            self._missing(draft)
            return
        for name, value in values.items():
            # Clearing a status or a checkbox puts the default back.
            if (
                value is None
                and (found := self._sobject.fields[name]).defaulted
                and found.default is not None
            ):
                values[name] = found.default
        if self._person and ("FirstName" in values or "LastName" in values):
            merged = draft.merged
            values["Name"] = " ".join(
                part for part in (merged.get("FirstName"), merged.get("LastName")) if part
            )

    def _missing(self, draft: Draft) -> None:
        values = draft.values
        linked = {link[0] for link in draft.links}
        missing = [
            name
            for name in self._required
            if values.get(name) is None and name not in linked and (self._inserting or name in values)
        ]
        if missing:
            draft.refuse(
                "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing
            )

    def _slot(self, name: str) -> Slot | None:
        slot: Slot | None = None
        lower = name.lower()
        if lower not in _ALWAYS or (lower == "type" and self._sobject.find(name) is not None):
            slot = self._find(name)
        self._slots[name] = slot
        return slot

    def _find(self, name: str) -> Slot:
        found = self._sobject.find(name)
        intent = self._intent
        if found is not None:
            allowed = found.createable if self._inserting else found.updateable
            writable = intent.trusted or (allowed and intent.user.profile.may_edit(self._sobject, found))
            if not found.stored:
                writable = False
            return Slot(found, checker(found, intent.from_text), writable)
        lookup = self._sobject.relation(name)
        if lookup is not None and lookup.refers_to:
            return Slot(lookup, lambda value: value, True, parent=True)
        raise ApiError(
            400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {self._sobject.name}"
        )

    def _link(self, draft: Draft, slot: Slot, value: dict[str, Any] | None) -> None:
        if value is None:
            draft.values[slot.field.name] = None
            return
        named = {key: item for key, item in value.items() if key.lower() not in ("attributes", "type")}
        if len(named) != 1:
            draft.refuse(
                "INVALID_FIELD",
                f"The relationship '{slot.field.relationship}' must name its record by exactly one field",
                slot.field.name,
            )
            return
        key, item = next(iter(named.items()))
        draft.links.append((slot.field.name, key, item))


def _unreadable(wrong: WrongJson, name: str) -> ApiError:
    value = wrong.value
    token = "VALUE_STRING"
    if value is True or value is False:
        token = f"VALUE_{str(value).upper()}"
    elif isinstance(value, int):
        token = "VALUE_NUMBER_INT"
    elif isinstance(value, float):
        token = "VALUE_NUMBER_FLOAT"
    elif isinstance(value, dict):
        token = "START_OBJECT"
    elif isinstance(value, list):
        token = "START_ARRAY"
    shown = "" if isinstance(value, dict | list) else f" value {value}"
    return UnreadableJson(wrong.kind, token, shown, name)


class UnreadableJson(ApiError):
    """JSON_PARSER_ERROR; the position is filled in by whoever holds the request's text."""

    def __init__(self, kind: str, token: str, shown: str, name: str) -> None:
        self.field_name = name
        self._text = (
            f"Cannot deserialize instance of {kind} from {token}{shown} "
            "or request may be missing a required field at "
        )
        super().__init__(400, "JSON_PARSER_ERROR", f"{self._text}[line:1, column:1]")

    def locate(self, text: str) -> None:
        """Point to the field in the request's text."""
        at = max(text.find(f'"{self.field_name}"'), 0)
        colon = text.find(":", at) + 1
        while colon < len(text) and text[colon].isspace():
            colon += 1
        line = text.count("\n", 0, colon) + 1
        column = colon - text.rfind("\n", 0, colon)
        self.message = f"{self._text}[line:{line}, column:{column}]"
