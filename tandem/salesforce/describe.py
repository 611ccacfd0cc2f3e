"""What the sync user can see: the objects and their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from tandem.salesforce.composite import MOST_REQUESTS, Question, ask
from tandem.salesforce.connection import Connection, read_json


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


def custom_objects(connection: Connection) -> list[str]:
    """Return the names of the custom objects that the sync user can query. One API call."""
    answer = connection.request("GET", "sobjects", operation="describe")
    listed = read_json(answer)["sobjects"]
    return sorted(each["name"] for each in listed if each["queryable"] and each["name"].endswith("__c"))


def describe_objects(
    connection: Connection, names: Sequence[str], known: Mapping[str, str] | None = None
) -> dict[str, ObjectDescribe | None]:
    """Describe objects, 25 to an API call.

    :param known: ``last_modified`` of descriptions already at hand; those come back only if changed.
    :return: by name: the description, or None where the one at hand still holds. An object that the sync
        user cannot see is missing.
    :raises SalesforceError: one of the answers was neither of these.
    """
    known = known or {}
    found: dict[str, ObjectDescribe | None] = {}
    for start in range(0, len(names), MOST_REQUESTS):
        some = names[start : start + MOST_REQUESTS]
        questions = [
            Question(
                f"sobjects/{name}/describe",
                {"If-Modified-Since": known[name]} if known.get(name) else {},
            )
            for name in some
        ]
        answers, _ = ask(connection, questions, "describe")
        for name, answer in zip(some, answers, strict=True):
            if answer.status == 304:
                found[name] = None
            elif answer.status == 200:
                found[name] = ObjectDescribe.from_answer(answer.body, answer.headers.get("last-modified"))
            elif answer.status != 404:
                raise answer.error(f"describe of {name}")
    return found
