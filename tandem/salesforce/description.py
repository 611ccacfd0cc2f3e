"""What Salesforce says of an object and its fields, to the sync user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self


@dataclass(frozen=True)
class FieldDescribe:
    """One field, as far as the sync user may know it. Names and meanings are Salesforce's."""

    name: str
    label: str
    type: str
    """Salesforce's type in lower case: ``string``, ``picklist``, ``reference``, ``currency`` …"""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = False
    updateable: bool = False
    calculated: bool = False
    defaulted_on_create: bool = False
    compound_field_name: str | None = None
    """The compound that this is a part of: ``Name`` for FirstName, ``MailingAddress`` for MailingCity."""
    external_id: bool = False
    filterable: bool = True
    sortable: bool = True
    restricted_picklist: bool = False
    reference_to: tuple[str, ...] = ()
    custom: bool = False
    picklist_values: tuple[str, ...] = ()
    """The active API values, not the labels."""

    @property
    def required_on_create(self) -> bool:
        """Whether a new record must bring a value (salesforce-api.md 5.8)."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Read one entry of ``fields`` of a describe answer."""
        values = answer.get("picklistValues") or ()
        return cls(
            name=answer["name"],
            label=answer.get("label") or answer["name"],
            type=str(answer["type"]).lower(),
            length=int(answer.get("length") or 0),
            precision=int(answer.get("precision") or 0),
            scale=int(answer.get("scale") or 0),
            nillable=bool(answer.get("nillable")),
            createable=bool(answer.get("createable")),
            updateable=bool(answer.get("updateable")),
            calculated=bool(answer.get("calculated")),
            defaulted_on_create=bool(answer.get("defaultedOnCreate")),
            compound_field_name=answer.get("compoundFieldName"),
            external_id=bool(answer.get("externalId")),
            filterable=bool(answer.get("filterable", True)),
            sortable=bool(answer.get("sortable", True)),
            restricted_picklist=bool(answer.get("restrictedPicklist")),
            reference_to=tuple(answer.get("referenceTo") or ()),
            custom=bool(answer.get("custom")),
            picklist_values=tuple(value["value"] for value in values if value.get("active", True)),
        )


@dataclass(frozen=True)
class ObjectDescribe:
    """One object, as the sync user sees it."""

    name: str
    label: str
    fields: dict[str, FieldDescribe]
    """By API name, in Salesforce's order; only those that the sync user can see."""
    last_modified: str | None = None
    """``Last-Modified`` of the answer, for asking again only if it changed."""
    createable: bool = False
    updateable: bool = False
    queryable: bool = True

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], last_modified: str | None = None) -> Self:
        """Read a describe answer."""
        fields = [FieldDescribe.from_answer(field) for field in answer["fields"]]
        return cls(
            name=answer["name"],
            label=answer.get("label") or answer["name"],
            fields={field.name: field for field in fields},
            last_modified=last_modified,
            createable=bool(answer.get("createable")),
            updateable=bool(answer.get("updateable")),
            queryable=bool(answer.get("queryable", True)),
        )

    def to_json(self) -> str:
        """Write it down, for :meth:`from_json`."""
        return json.dumps({**asdict(self), "fields": [asdict(field) for field in self.fields.values()]})

    @classmethod
    @lru_cache(maxsize=100)  # a run asks for the same texts at each step
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote."""
        kept: dict[str, Any] = json.loads(text)
        fields: dict[str, FieldDescribe] = {}
        for field in kept.pop("fields"):
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in field.items()
            }
            fields[values["name"]] = FieldDescribe(**values)
        return cls(fields=fields, **kept)
