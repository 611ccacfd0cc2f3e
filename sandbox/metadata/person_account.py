"""Person accounts: an account that is a person, and the contact that mirrors it (facts 5.8)."""

from __future__ import annotations

from typing import Any

from sandbox.metadata.field import SYSTEM, Field, changed, define, lookup
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_PERSONAL = (
    *(f"{kind}{part}" for kind in ("Mailing", "Other") for part in (*_ADDRESS, "Address")),
    "MobilePhone",
    "HomePhone",
    "OtherPhone",
    "AssistantPhone",
    "Email",
    "Title",
    "Department",
    "AssistantName",
    "LeadSource",
    "Birthdate",
    "HasOptedOutOfEmail",
    "LastCURequestDate",
    "LastCUUpdateDate",
    "EmailBouncedReason",
    "EmailBouncedDate",
    "IndividualId",
)
NAMES = ("LastName", "FirstName", "Salutation")
SHARED = ("Phone", "Fax", "OwnerId")
"""Fields that bear one name on both."""
_LABELS = {"MobilePhone": "Mobile", "AssistantName": "Assistant"}
PERSON_TYPE, BUSINESS_TYPE = "PersonAccount", "Business_Account"
"""Developer names of the two record types."""


def enabled(schema: Schema) -> bool:
    """Whether the org has person accounts."""
    return "IsPersonAccount" in schema["Account"].fields


def on_account(contact_field: str) -> str:
    """What the account calls a field of the contact: `PersonEmail`, `Score__pc`."""
    if contact_field.endswith("__c"):
        return f"{contact_field.removesuffix('__c')}__pc"
    return contact_field if contact_field in (*NAMES, *SHARED) else f"Person{contact_field}"


def mirrored(schema: Schema) -> dict[str, str]:
    """The contact's fields by the account's names for them, as far as both are stored."""
    contact, account = schema["Contact"].fields, schema["Account"].fields
    pairs = [name for name, found in contact.items() if found.custom or name in _PERSONAL]
    return {
        on_account(name): name
        for name in (*NAMES, *SHARED, *pairs)
        if (there := account.get(on_account(name))) and there.stored and contact[name].stored
    }


def copied(found: Field) -> Field:
    """The account's declaration of a field of the contact."""
    name = on_account(found.name)
    flags: dict[str, Any] = {"name": name, "label": _LABELS.get(found.name, found.label)}
    if found.compound:
        flags["compound"] = f"Person{found.compound}"
    if found.relationship:
        stem = found.relationship.removesuffix("__r")
        flags["relationship"] = f"{stem}__pr" if found.custom else f"Person{stem}"
    if found.name == "Email":
        flags["id_lookup"] = False
    if found.name == "HasOptedOutOfEmail":
        flags["permissionable"] = True
    if found.name == "IndividualId":
        flags["prefilterable"] = False
    if found.name == "Title":
        flags |= {"length": 80}
    return changed(found, **flags)


def account_fields(contact: SObject) -> list[Field]:
    """What accounts gain: the person's fields, which contact it is, and that it is a person."""
    switch: dict[str, Any] = {"extra": "switchablepersonname", "nillable": True}
    names = [
        changed(contact.fields["LastName"], name_field=True, **switch),
        changed(contact.fields["FirstName"], name_field=True, **switch),
        changed(contact.fields["Salutation"], **switch),
    ]
    custom = [copied(item) for item in contact.fields.values() if item.custom and item.formula is None]
    return [
        *names,
        lookup("RecordTypeId", "Record Type ID", "RecordType", "RecordType", permissionable=False),
        lookup("PersonContactId", "Contact ID", "Contact", "PersonContact", prefilterable=True, **SYSTEM),
        person_flag(),
        *(copied(contact.fields[name]) for name in _PERSONAL),
        *custom,
    ]


def person_flag() -> Field:
    """Whether the record belongs to a person account; on accounts and on contacts."""
    return define("IsPersonAccount", "Is Person Account", "boolean", defaulted=True, **SYSTEM)
