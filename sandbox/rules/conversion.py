"""Lead conversion: one transaction that makes or fills account, contact and opportunity (facts 5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox import ids
from sandbox.errors import RowError
from sandbox.metadata import person_account
from sandbox.metadata.opportunity import STAGES
from sandbox.rules.draft import Intent
from sandbox.rules.writer import Writer
from sandbox.tables import Record

_ACCOUNT = {
    "Company": "Name",
    "Phone": "Phone",
    "Fax": "Fax",
    "Website": "Website",
    "Industry": "Industry",
    "AnnualRevenue": "AnnualRevenue",
    "NumberOfEmployees": "NumberOfEmployees",
    "Rating": "Rating",
    "LeadSource": "AccountSource",
    **{part: f"Billing{part}" for part in ("Street", "City", "State", "PostalCode", "Country")},
}
_CONTACT = {
    **{
        name: name
        for name in (
            "FirstName",
            "LastName",
            "Salutation",
            "Title",
            "Email",
            "Phone",
            "MobilePhone",
            "Fax",
            "LeadSource",
            "Description",
            "HasOptedOutOfEmail",
        )
    },
    **{part: f"Mailing{part}" for part in ("Street", "City", "State", "PostalCode", "Country")},
}


@dataclass(slots=True, frozen=True)
class Conversion:
    """What a client asks for, in the words of `convertLead`."""

    lead_id: str
    status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    no_opportunity: bool = False
    overwrite_source: bool = False
    owner_id: str | None = None
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values for the new account, contact and opportunity, by object; they go before the lead's."""
    bypass_dedupe: frozenset[str] = frozenset()
    """Objects whose duplicate rules are passed by."""


@dataclass(slots=True)
class Converted:
    """What became of it."""

    lead_id: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    errors: tuple[RowError, ...] = ()


class Refused(Exception):
    """Ends a conversion; its transaction is rolled back."""

    def __init__(self, *errors: RowError) -> None:
        super().__init__(errors)
        self.errors = errors


def convert(writer: Writer, wanted: Conversion, intent: Intent) -> Converted:
    """Convert one lead, or say why not. Nothing half done stays."""
    trusted = Intent(
        intent.user, stamp=intent.stamp, trusted=True, auto_assign=False, unjudged=wanted.bypass_dedupe
    )
    try:
        with writer.store.transaction():
            return _convert(writer, wanted, trusted, intent)
    except Refused as refused:
        return Converted(wanted.lead_id, errors=refused.errors)


def _convert(writer: Writer, wanted: Conversion, trusted: Intent, intent: Intent) -> Converted:
    if not intent.trusted and not intent.user.profile.allows("ConvertLeads"):
        raise Refused(
            RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights to convert leads")
        )
    lead = _lead(writer, wanted, intent)
    owner = wanted.owner_id or lead["OwnerId"]
    if not owner.startswith("005"):
        message = "Converted objects can only be owned by users. Specify a user for the Owner field."
        raise Refused(RowError("INVALID_CROSS_REFERENCE_KEY", message, ("OwnerId",)))
    if wanted.contact_id and not wanted.account_id:
        raise Refused(RowError("REQUIRED_FIELD_MISSING", "contactId needs accountId", ("AccountId",)))
    overwrite = {"LeadSource"} if wanted.overwrite_source else set()
    person = _mapped(lead, {**_CONTACT, **_pairs(writer)}) | _given(writer, wanted, "Contact")
    if lead["Company"] is None or _is_person(writer, wanted.account_id):
        account, contact = _person_account(writer, wanted, person, owner, trusted, overwrite)
    else:
        company = _mapped(lead, _ACCOUNT) | _given(writer, wanted, "Account")
        account = _fill(writer, "Account", wanted.account_id, company, owner, trusted)
        person["AccountId"] = account
        contact = _fill(writer, "Contact", wanted.contact_id, person, owner, trusted, overwrite)
    deal = None
    if wanted.opportunity_id or not wanted.no_opportunity:
        deal = _deal(writer, wanted, lead, account, contact, owner, trusted)
    _close(writer, lead, wanted, account, contact, deal, trusted)
    _move_members(writer, lead["Id"], contact, trusted)
    _move_activities(writer, lead["Id"], account, contact, deal, trusted)
    return Converted(lead["Id"], account, contact, deal)


def _lead(writer: Writer, wanted: Conversion, intent: Intent) -> Record:
    sobject = writer.schema["Lead"]
    parsed = ids.parse(wanted.lead_id)
    if parsed is None or parsed[0] != sobject.prefix:
        raise Refused(
            RowError("MALFORMED_ID", f"Lead ID: id value of incorrect type: {wanted.lead_id}", ("Id",))
        )
    lead = writer.store.fetch(sobject, [parsed[1]]).get(parsed[1])
    if lead is None or parsed[1] not in writer.visible(intent, sobject, [parsed[1]]):
        raise Refused(RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
    if lead["IsDeleted"]:
        raise Refused(RowError("ENTITY_IS_DELETED", "entity is deleted"))
    if lead["IsConverted"]:
        raise Refused(RowError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"))
    known = writer.store.run(
        'SELECT 1 FROM "LeadStatus" WHERE "IsConverted" AND lower("ApiName") = lower(?)', [wanted.status]
    )
    if not known:
        raise Refused(RowError("INVALID_STATUS", f"invalid convertedStatus: {wanted.status}", ("Status",)))
    return lead


def _mapped(lead: Record, names: Mapping[str, str]) -> dict[str, Any]:
    return {target: lead[source] for source, target in names.items() if lead.get(source) is not None}


def _given(writer: Writer, wanted: Conversion, name: str) -> dict[str, Any]:
    """What the client sent along for a new record; a field that nobody may set ends the conversion."""
    fields = writer.schema[name].fields
    given = dict(wanted.records.get(name, {}))
    for each in given:
        if each not in fields or not fields[each].createable:
            raise Refused(
                RowError("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create fields: {each}", (each,))
            )
    return given


def _pairs(writer: Writer) -> dict[str, str]:
    """Custom fields of the same name and type on lead and contact are mapped to each other."""
    contact = writer.schema["Contact"]
    return {
        name: name
        for name, field in writer.schema["Lead"].fields.items()
        if field.custom
        and not field.unique
        and name in contact.fields
        and contact.fields[name].type == field.type
    }


def _fill(
    writer: Writer,
    name: str,
    record_id: str | None,
    values: dict[str, Any],
    owner: str,
    trusted: Intent,
    overwrite: set[str] | None = None,
) -> str:
    """Create the record, or fill what is empty in an existing one."""
    sobject = writer.schema[name]
    if record_id is None:
        outcome = writer.insert(sobject, [{**values, "OwnerId": owner}], trusted)[0]
    else:
        parsed = ids.parse(record_id)
        old = writer.store.fetch(sobject, [parsed[1]]).get(parsed[1]) if parsed else None
        if old is None or old["IsDeleted"] or parsed is None or parsed[0] != sobject.prefix:
            raise Refused(
                RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (f"{name}Id",))
            )
        changes = {
            key: value
            for key, value in values.items()
            if old.get(key) in (None, False) or key in (overwrite or set())
        }
        outcome = writer.update(sobject, [(record_id, changes)], trusted)[0]
    if not outcome.success or outcome.id is None:
        raise Refused(*outcome.errors)
    return outcome.id


def _is_person(writer: Writer, account_id: str | None) -> bool:
    if account_id is None or not person_account.enabled(writer.schema):
        return False
    rows = writer.store.run('SELECT "IsPersonAccount" FROM "Account" WHERE "Id" = ?', [ids.to18(account_id)])
    return bool(rows and rows[0][0])


def _person_account(
    writer: Writer,
    wanted: Conversion,
    person: dict[str, Any],
    owner: str,
    trusted: Intent,
    overwrite: set[str],
) -> tuple[str, str]:
    """A lead without a company becomes a person account, which brings its contact along."""
    names = {there: here for here, there in person_account.mirrored(writer.schema).items()}
    values = {names[name]: value for name, value in person.items() if name in names}
    over = {names[name] for name in overwrite if name in names}
    account = _fill(writer, "Account", wanted.account_id, values, owner, trusted, over)
    contact = writer.store.run('SELECT "PersonContactId" FROM "Account" WHERE "Id" = ?', [account])[0][0]
    return account, str(contact)


def _deal(
    writer: Writer, wanted: Conversion, lead: Record, account: str, contact: str, owner: str, trusted: Intent
) -> str:
    if wanted.opportunity_id:
        deal = _fill(writer, "Opportunity", wanted.opportunity_id, {"AccountId": account}, owner, trusted)
        role = {"OpportunityId": deal, "ContactId": contact, "IsPrimary": False}
        writer.insert(writer.schema["OpportunityContactRole"], [role], trusted)
        return deal
    today = (trusted.stamp or writer.clock.stamp()).date()
    values = {
        "Name": wanted.opportunity_name or f"{lead['Company'] or lead['Name']}-",
        "AccountId": account,
        "ContactId": contact,
        "StageName": next(iter(STAGES)),
        "CloseDate": _quarter_end(today),
        "LeadSource": lead["LeadSource"],
    } | _given(writer, wanted, "Opportunity")
    return _fill(writer, "Opportunity", None, values, owner, trusted)


def _quarter_end(day: date) -> date:
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year, month, 30 if month in (6, 9) else 31)


def _close(
    writer: Writer,
    lead: Record,
    wanted: Conversion,
    account: str,
    contact: str,
    deal: str | None,
    trusted: Intent,
) -> None:
    stamp = trusted.stamp or writer.clock.stamp()
    values = {
        "IsConverted": True,
        "IsUnreadByOwner": False,
        "Status": wanted.status,
        "ConvertedDate": stamp.date(),
        "ConvertedAccountId": account,
        "ConvertedContactId": contact,
        "ConvertedOpportunityId": deal,
    }
    outcome = writer.update(writer.schema["Lead"], [(lead["Id"], values)], trusted)[0]
    if not outcome.success:
        raise Refused(*outcome.errors)


def _move_members(writer: Writer, lead: str, contact: str, trusted: Intent) -> None:
    """Members of campaigns gain the contact and keep the lead."""
    sobject = writer.schema["CampaignMember"]
    rows = writer.store.run(
        'SELECT "Id" FROM "CampaignMember" WHERE "LeadId" = ? AND NOT "IsDeleted"', [lead]
    )
    writer.update(sobject, [(row[0], {"ContactId": contact}) for row in rows], trusted)


def _move_activities(
    writer: Writer, lead: str, account: str, contact: str, deal: str | None, trusted: Intent
) -> None:
    for name in ("Task", "Event"):
        rows = writer.store.run(f'SELECT "Id" FROM "{name}" WHERE "WhoId" = ? AND NOT "IsDeleted"', [lead])
        changes = {"WhoId": contact, "WhatId": deal or account}
        writer.update(writer.schema[name], [(row[0], changes) for row in rows], trusted)
