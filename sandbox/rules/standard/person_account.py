"""Person accounts: one account and its contact, written through the account alone.

Without the option (`metadata/person_account.py`) none of this applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.metadata.person_account import BUSINESS_TYPE, NAMES, PERSON_TYPE, SHARED, enabled, mirrored
from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer

_REFUSED = "INVALID_PERSON_ACCOUNT_OPERATION"


def account_derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Tell persons from companies, and refuse the other one's fields."""
    if not enabled(writer.schema):
        return
    rows = writer.store.run(
        'SELECT "Id", "DeveloperName" FROM "RecordType" WHERE "SobjectType" = \'Account\''
    )
    types = {row[0]: row[1] for row in rows}
    personal = set(mirrored(writer.schema)) - set(SHARED)
    for draft in drafts:
        values, old = draft.values, draft.old
        wanted = types.get(str(values.get("RecordTypeId")))
        person = (
            bool(old["IsPersonAccount"]) if old else wanted == PERSON_TYPE or bool(values.get("LastName"))
        )
        if wanted and (wanted == PERSON_TYPE) != person:
            message = "a record type of the other kind cannot be given to this account"
            draft.refuse(_REFUSED, message, "RecordTypeId")
            continue
        foreign = {"Name"} if person else personal
        wrong = sorted(name for name in foreign & values.keys() if values[name] not in (None, False))
        if wrong:
            draft.refuse(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Account: bad field names on insert/update call: {', '.join(wrong)}",
                *wrong,
            )
            continue
        merged = draft.merged
        needed = "LastName" if person else "Name"
        if merged.get(needed) is None:
            draft.refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{needed}]", needed)
            continue
        if person:
            values["Name"] = " ".join(part for part in (merged.get("FirstName"), merged["LastName"]) if part)
        if old is None:
            kind = PERSON_TYPE if person else BUSINESS_TYPE
            usual = next((record_id for record_id, name in types.items() if name == kind), None)
            values["RecordTypeId"] = values.get("RecordTypeId") or usual
            values["IsPersonAccount"] = person


def account_saved(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Make the contact of a new person account; carry changes over to it."""
    if not enabled(writer.schema):
        return
    contact, account = writer.schema["Contact"], writer.schema["Account"]
    names = mirrored(writer.schema)
    trusted = Intent(intent.user, stamp=intent.stamp, trusted=True, auto_assign=False)
    persons = [draft for draft in drafts if draft.merged.get("IsPersonAccount")]
    made = [draft for draft in persons if draft.created]
    rows = [{**_mirror(draft, names), "AccountId": draft.id, "IsPersonAccount": True} for draft in made]
    outcomes = writer.insert(contact, rows, trusted)
    writer.store.update(
        account,
        [
            (draft.key, {"PersonContactId": outcome.id})
            for draft, outcome in zip(made, outcomes, strict=True)
            if draft.key is not None
        ],
    )
    for draft, outcome in zip(made, outcomes, strict=True):
        draft.values["PersonContactId"] = outcome.id
    changes = [
        (str((draft.old or {})["PersonContactId"]), _mirror(draft, names))
        for draft in persons
        if not draft.created
    ]
    writer.update(contact, [(record_id, values) for record_id, values in changes if values], trusted)


def _mirror(draft: Draft, names: dict[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in draft.values.items() if name in names}


def contact_derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Refuse writes to a person account's contact, and contacts of a person."""
    if intent.trusted or not enabled(writer.schema):
        return
    accounts = [draft.values["AccountId"] for draft in drafts if draft.values.get("AccountId")]
    persons = {
        row[0]
        for row in writer.store.run(
            'SELECT "Id" FROM "Account" WHERE "IsPersonAccount" AND "Id" IN (SELECT unnest(?))', [accounts]
        )
    }
    for draft in drafts:
        if (draft.old or {}).get("IsPersonAccount"):
            draft.refuse(_REFUSED, "cannot reference person contact")
        elif draft.values.get("AccountId") in persons:
            draft.refuse(_REFUSED, "cannot reference person account", "AccountId")


def refuse_deletes(writer: Writer, drafts: Sequence[Draft]) -> None:
    """A person account's contact goes with its account, never alone."""
    if not enabled(writer.schema):
        return
    keys = [draft.key for draft in drafts if draft.key is not None and not draft.errors]
    found = writer.store.fetch(writer.schema["Contact"], keys, ["IsPersonAccount"])
    for draft in drafts:
        if draft.key in found and found[draft.key]["IsPersonAccount"]:
            draft.refuse(_REFUSED, "cannot reference person contact")


ACCOUNT = Behaviour(
    account_derive,
    account_saved,
    needs=("Name", *NAMES, "IsPersonAccount", "PersonContactId", "RecordTypeId"),
)
CONTACT = Behaviour(contact_derive, needs=("IsPersonAccount",))
