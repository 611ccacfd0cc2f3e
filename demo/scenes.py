"""What happens on the demo's day: each scene edits one or both sides, and later looks at what came of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sandbox import Org
from tandem.database.connection import Database

CONTACTS_OF_THE_LARGE_ACCOUNT = 5_001


class Sides:
    """Salesforce and the marketing database, side by side."""

    def __init__(self, org: Org, database: Database) -> None:
        self.org = org
        self.database = database

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Query the marketing database."""
        with self.database.read() as session:
            return session.rows(sql, values)

    def edit(self, sfdc_id: str, **columns: Any) -> None:
        """Edit a person by plain SQL, as anyone may."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        with self.database.write() as session:
            session.execute(
                f"UPDATE marketing.person SET {sets} WHERE sfdc_id = ?", [*columns.values(), sfdc_id]
            )

    def person(self, sfdc_id: str) -> dict[str, Any]:
        """Return the person of a Salesforce record."""
        return self.rows("SELECT * FROM marketing.person WHERE sfdc_id = ?", sfdc_id)[0]

    def activities(self, sfdc_id: str, type_id: int) -> list[dict[str, Any]]:
        """Return the attributes of a person's activities of one type."""
        found = self.rows(
            "SELECT a.attributes FROM marketing.activity a JOIN marketing.person p ON p.id = a.person_id"
            " WHERE p.sfdc_id = ? AND a.activity_type_id = ?",
            sfdc_id,
            type_id,
        )
        return [json.loads(row["attributes"]) for row in found]


class Scene(ABC):
    """One thing that happens, and how it must come out."""

    title: ClassVar[str]
    expected: ClassVar[str]

    def prepare(self, org: Org) -> None:
        """Make the records of the scene, before the first sync."""
        self.id = org.create(
            "Lead", {"LastName": self.title[:60], "Company": "Demo", "Status": "Open - Not Contacted"}
        )

    @abstractmethod
    def play(self, sides: Sides) -> None:
        """Edit one or both sides."""

    @abstractmethod
    def outcome(self, sides: Sides) -> bool:
        """Say whether it came out as expected."""


class LeadSameField(Scene):
    """5.2."""

    title = "A lead changed on both sides, same field"
    expected = "marketing wins, on both sides"

    def play(self, sides: Sides) -> None:
        sides.org.update("Lead", self.id, {"Title": "From Salesforce"})
        sides.edit(self.id, job_title="From marketing")

    def outcome(self, sides: Sides) -> bool:
        return [sides.org.get("Lead", self.id)["Title"], sides.person(self.id)["job_title"]] == [
            "From marketing"
        ] * 2


class LeadOtherField(Scene):
    """Section 30, Q1."""

    title = "A lead changed on both sides, different fields"
    expected = "both kept, on both sides"

    def play(self, sides: Sides) -> None:
        sides.org.update("Lead", self.id, {"City": "Kyiv"})
        sides.edit(self.id, job_title="Head of Growth")

    def outcome(self, sides: Sides) -> bool:
        there, here = sides.org.get("Lead", self.id), sides.person(self.id)
        return (there["City"], there["Title"], here["city"], here["job_title"]) == (
            "Kyiv",
            "Head of Growth",
        ) * 2


class ContactSameField(Scene):
    """6.2."""

    title = "A contact changed on both sides, same field"
    expected = "Salesforce wins; the losing value is kept"

    def prepare(self, org: Org) -> None:
        self.id = org.create("Contact", {"LastName": "Both Sides"})

    def play(self, sides: Sides) -> None:
        sides.org.update("Contact", self.id, {"Title": "From Salesforce"})
        sides.edit(self.id, job_title="From marketing")

    def outcome(self, sides: Sides) -> bool:
        kept = sides.rows("SELECT losing_value FROM sync.conflict WHERE sfdc_id = ?", self.id)
        shown = [sides.org.get("Contact", self.id)["Title"], sides.person(self.id)["job_title"]]
        return shown == ["From Salesforce"] * 2 and kept == [{"losing_value": "From marketing"}]


class AccountOfFew(Scene):
    """7.5, ACC-05."""

    title = "An account with 3 contacts changed"
    expected = "one Change Data Value for each contact"
    contacts = 3
    logged = 3

    def prepare(self, org: Org) -> None:
        self.id = org.create("Account", {"Name": f"{self.contacts} contacts", "Industry": "Energy"})
        org.create_many(
            "Contact",
            [{"LastName": f"Contact {number}", "AccountId": self.id} for number in range(self.contacts)],
        )

    def play(self, sides: Sides) -> None:
        sides.org.update("Account", self.id, {"Industry": "Banking"})

    def outcome(self, sides: Sides) -> bool:
        found = sides.rows(
            "SELECT count(DISTINCT p.id) AS people, count(a.id) AS logged,"
            " count(DISTINCT p.id) FILTER (p.industry = 'Banking') AS shown"
            " FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id"
            " LEFT JOIN marketing.activity a ON a.person_id = p.id AND a.activity_type_id = 13"
            " AND a.primary_attribute_value = 'industry' WHERE c.sfdc_id = ?",
            self.id,
        )
        return found == [{"people": self.contacts, "logged": self.logged, "shown": self.contacts}]


class AccountOfMany(AccountOfFew):
    """7.5, ACC-06."""

    title = f"An account with {CONTACTS_OF_THE_LARGE_ACCOUNT:,} contacts changed"
    expected = "shown on all of them, no activities"
    contacts = CONTACTS_OF_THE_LARGE_ACCOUNT
    logged = 0


class PlainSql(Scene):
    """Design, section 4."""

    title = "A person edited by plain SQL"
    expected = "in Salesforce after the cycle, text unchanged"

    def play(self, sides: Sides) -> None:
        sides.edit(self.id, first_name="NA", phone_number="00000", person_notes='Line "one"\nline 😀 two')

    def outcome(self, sides: Sides) -> bool:
        there = sides.org.get("Lead", self.id)
        return (there["FirstName"], there["Phone"], there["Description"]) == (
            "NA",
            "00000",
            'Line "one"\nline 😀 two',
        )


class RuleRefuses(Scene):
    """5.4."""

    title = "A push that a validation rule refuses"
    expected = "refused, in the person's activity log in Salesforce's words"
    words = "A hot lead needs a phone number."
    edit: ClassVar[dict[str, Any]] = {"rating": "Hot"}

    def prepare(self, org: Org) -> None:
        super().prepare(org)
        org.add_validation_rule(
            "Lead",
            "Hot_needs_phone",
            condition="Rating = 'Hot' AND Phone = null",
            message=self.words,
            field="Phone",
        )

    def play(self, sides: Sides) -> None:
        self.before = sides.org.get("Lead", self.id)["SystemModstamp"]
        sides.edit(self.id, **self.edit)

    def outcome(self, sides: Sides) -> bool:
        logged = sides.activities(self.id, 28)
        return (
            sides.org.get("Lead", self.id)["SystemModstamp"] == self.before
            and [each["Status"] for each in logged] == ["failed"]
            and self.words in logged[0]["Error Message"]
        )


class RequiredMissing(RuleRefuses):
    """5.5."""

    title = "A push that lacks a required field"
    words = "LastName"
    edit: ClassVar[dict[str, Any]] = {"last_name": None}

    def prepare(self, org: Org) -> None:
        Scene.prepare(self, org)


class Deleted(Scene):
    """17.1."""

    title = "A lead deleted in Salesforce"
    expected = "the person stays, marked; the change is logged"

    def play(self, sides: Sides) -> None:
        sides.org.delete("Lead", self.id)

    def outcome(self, sides: Sides) -> bool:
        return bool(sides.person(self.id)["sfdc_is_deleted"]) and len(sides.activities(self.id, 13)) == 1


class Unfit(Scene):
    """Issue: a row that fails an expectation."""

    title = "A row that fails an expectation"
    expected = "in quarantine with the reason; the person stays as it was"

    def play(self, sides: Sides) -> None:
        sides.org.update("Lead", self.id, {"NumberOfEmployees": -12})

    def outcome(self, sides: Sides) -> bool:
        held = sides.rows(
            "SELECT value FROM sync.quarantine WHERE sfdc_id = ? AND released_at IS NULL", self.id
        )
        return (
            held == [{"value": "-12"}]
            and sides.person(self.id)["num_employees"] is None
            and len(sides.activities(self.id, 100001)) == 1
        )


SCENES: Sequence[type[Scene]] = (
    LeadSameField,
    LeadOtherField,
    ContactSameField,
    AccountOfFew,
    AccountOfMany,
    PlainSql,
    RuleRefuses,
    RequiredMissing,
    Deleted,
    Unfit,
)
