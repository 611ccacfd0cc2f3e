"""Fields, mapping and schema changes (section 3)."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from flows.outcome import StepsFailed
from flows.refresh_formulas import refresh_formulas
from tandem.errors import SettingsError
from tests.conformance.conftest import Cast, refused, tandem
from tests.conformance.wire import Wire
from tests.support.world import World


def mapped(world: World, name: str, field: str) -> dict[str, Any] | None:
    """Return a field's row of the field map."""
    found = world.rows("SELECT * FROM sync.field_map WHERE object = ? AND field = ?", name, field)
    return found[0] if found else None


@pytest.mark.conformance("FLD-01")
def test_a_new_visible_field_is_there_after_the_schema_step(synced: World, cast: Cast) -> None:
    synced.org.add_field("Lead", "Shoe_Size__c", "double", label="Shoe Size", precision=4, scale=1)
    synced.org.update("Lead", cast.lead, {"Shoe_Size__c": 5.5})
    for name in ("Contact", "Account"):
        synced.org.add_field(name, "Motto__c", "string", label="Motto", length=80)  # nothing moves there

    summary = synced.sync()

    added = [("Lead", "Shoe_Size__c"), ("Contact", "Motto__c"), ("Account", "Motto__c")]
    for name, _ in added:
        assert synced.steps(summary)[name, "Sync schema"]["new"] == 1
    assert synced.person(cast.lead)["shoe_size__c"] == 5.5
    assert synced.person(cast.contact)["motto__c"] is None
    assert synced.rows("SELECT DISTINCT motto__c FROM marketing.company") == [{"motto__c": None}]
    found = synced.rows(
        "SELECT object, field, change FROM sync.schema_change WHERE run_id = ?", summary["run_id"]
    )
    assert sorted(tuple(row.values()) for row in found) == sorted((*each, "added") for each in added)
    assert mapped(synced, "Lead", "Shoe_Size__c")["label"] == "Shoe Size"

    # From now on it goes both ways, as any other field of its object.
    synced.org.update("Account", cast.account, {"Motto__c": "Weaves algebraical patterns"})
    synced.execute("UPDATE marketing.person SET shoe_size__c = 6 WHERE sfdc_id = ?", cast.lead)
    synced.execute("UPDATE marketing.person SET motto__c = 'Ours' WHERE sfdc_id = ?", cast.contact)
    synced.sync()
    assert synced.org.get("Lead", cast.lead)["Shoe_Size__c"] == 6
    assert synced.org.get("Contact", cast.contact)["Motto__c"] == "Ours"
    [company] = synced.rows("SELECT motto__c FROM marketing.company WHERE sfdc_id = ?", cast.account)
    assert company == {"motto__c": "Weaves algebraical patterns"}
    assert synced.steps(synced.sync())["Lead", "Sync schema"]["new"] == 0  # added once


@pytest.mark.conformance("FLD-02")
def test_an_old_value_is_absent_until_its_record_moves(synced: World, cast: Cast, wire: Wire) -> None:
    assert "legacy__c" not in synced.person(cast.lead)
    assert synced.org.get("Lead", cast.lead)["Legacy__c"] == "from before"
    synced.org.show_field("Lead", "Legacy__c")
    synced.sync(objects=["Lead"])
    assert synced.person(cast.lead)["legacy__c"] is None
    assert wire.writes() == []
    assert synced.org.get("Lead", cast.lead)["Legacy__c"] == "from before"

    synced.org.update("Lead", cast.lead, {"Fax": "+44 20 7"})
    synced.sync(objects=["Lead"])
    assert synced.person(cast.lead)["legacy__c"] == "from before"
    assert synced.org.get("Lead", cast.lead)["Legacy__c"] == "from before"


@pytest.mark.conformance("FLD-03")
def test_a_hidden_field_stops_and_its_value_stays(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.hide_field("Lead", "Rating")
    synced.org.update("Lead", cast.lead, {"Rating": "Cold", "City": "Arrives"})

    summary = synced.sync(objects=["Lead"])

    assert "Rating" in synced.steps(summary)["Lead", "Sync schema"]["detail"]
    person = synced.person(cast.lead)
    assert (person["rating"], person["city"]) == ("Warm", "Arrives")
    assert not [soql for soql in wire.questions() if re.search(r"\bRating\b", soql)]
    assert wire.writes() == []
    assert synced.org.get("Lead", cast.lead)["Rating"] == "Cold"


@pytest.mark.conformance("FLD-04")
def test_a_new_label_in_salesforce_changes_none_here(synced: World, cast: Cast) -> None:
    before = mapped(synced, "Lead", "Favorite_Color__c")
    synced.org.relabel_field("Lead", "Favorite_Color__c", "Favourite Colour")
    synced.org.update("Lead", cast.lead, {"Favorite_Color__c": "Green"})

    synced.sync(objects=["Lead"])

    assert before["label"] == "Favorite Color"
    assert mapped(synced, "Lead", "Favorite_Color__c") == before
    assert synced.person(cast.lead)["favorite_color__c"] == "Green"


@pytest.mark.conformance("FLD-05")
def test_a_new_api_name_makes_a_new_field_and_the_old_one_stops(
    synced: World, cast: Cast, wire: Wire
) -> None:
    synced.org.rename_field("Lead", "Favorite_Color__c", "Colour__c")
    synced.org.update("Lead", cast.lead, {"Colour__c": "Blue"})

    synced.sync()

    person = synced.person(cast.lead)
    assert (person["colour__c"], person["favorite_color__c"]) == ("Blue", "Green")
    assert mapped(synced, "Lead", "Favorite_Color__c")["active"] is False
    assert mapped(synced, "Lead", "Colour__c")["active"] is True
    # The old one stops in the other direction as well; the contact's field of that name goes on.
    synced.execute(
        "UPDATE marketing.person SET favorite_color__c = 'Red' WHERE sfdc_id IN (?, ?)",
        cast.lead,
        cast.contact,
    )
    synced.sync(objects=["Lead", "Contact"])
    assert [row["id"] for _, row in wire.writes()] == [cast.contact]
    assert synced.org.get("Lead", cast.lead)["Colour__c"] == "Blue"
    assert synced.org.get("Contact", cast.contact)["Favorite_Color__c"] == "Red"


@pytest.mark.conformance("FLD-06")
def test_a_changed_type_warns_and_drops_what_does_not_fit(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.add_field("Lead", "Size__c")
    for name in ("Lead", "Contact"):
        synced.org.add_field(name, "Colour__c")
    leads = [row["Id"] for row in synced.org.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 3")]
    for record, text in zip(leads, ("42", "12.5", "large"), strict=True):
        synced.org.update("Lead", record, {"Size__c": text, "Colour__c": "7"})
    synced.org.update("Contact", cast.contact, {"Colour__c": "Green"})
    synced.sync(objects=["Lead", "Contact"])
    synced.org.retype_field("Lead", "Size__c", "double", precision=6, scale=0)
    synced.org.retype_field("Lead", "Colour__c", "double", precision=6, scale=0)
    wire.forget()

    summary = synced.sync(objects=["Lead", "Contact"])

    assert [synced.person(each)["size__c"] for each in leads] == [42.0, 12.5, None]
    assert synced.steps(summary)["Lead", "Sync schema"]["detail"] == "Another type: Size__c, Colour__c."
    told = {row["field"]: row for row in synced.rows("SELECT * FROM sync.notification ORDER BY id")}
    assert {row["kind"] for row in told.values()} == {"type change"}
    assert told["Size__c"]["message"] == (
        "Lead.Size__c was a string and is a double in Salesforce now."
        " 1 values in size__c did not fit and are gone here."
    )
    # The contact's like-named field has kept its type, so it keeps the column, and the lead's gets its own.
    assert synced.person(cast.contact)["colour__c"] == "Green"
    assert synced.person(leads[0])["lead_colour__c"] == 7.0
    assert wire.writes() == []
    # From now on the new type goes both ways.
    synced.org.update("Lead", leads[0], {"Size__c": 43})
    synced.execute("UPDATE marketing.person SET size__c = 44 WHERE sfdc_id = ?", leads[1])
    synced.sync(objects=["Lead"])
    assert synced.person(leads[0])["size__c"] == 43.0
    assert wire.written(leads[1]) == {"Size__c": 44.0}


@pytest.mark.conformance("FLD-07")
def test_a_field_deleted_in_the_middle_of_a_run_spoils_nothing(synced: World, cast: Cast) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Theirs"})
    before = synced.person(cast.lead)
    described: list[str] = []

    def delete(request: dict[str, Any]) -> None:
        described.append(request["path"])
        if len(described) == 2:  # the first was the look
            synced.org.delete_field("Lead", "Notes__c")

    synced.org.faults.add("POST */composite", "call", times=None, call=delete)
    with pytest.raises(StepsFailed, match=r"Notes__c"):
        synced.sync(objects=["Lead"])
    assert synced.person(cast.lead) == before

    synced.sync(objects=["Lead"])
    assert (synced.person(cast.lead)["city"], synced.person(cast.lead)["notes__c"]) == ("Theirs", "keep me")


@pytest.mark.conformance("FLD-07")
def test_a_deleted_field_stays_here_and_stops(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.delete_field("Lead", "Notes__c")
    synced.org.update("Lead", cast.lead, {"City": "Arrives"})
    synced.sync(objects=["Lead"])
    person = synced.person(cast.lead)
    assert (person["notes__c"], person["city"]) == ("keep me", "Arrives")

    synced.execute(
        "UPDATE marketing.person SET notes__c = 'ours', job_title = 'Sent' WHERE sfdc_id = ?", cast.lead
    )
    synced.sync(objects=["Lead"])
    assert synced.person(cast.lead)["notes__c"] == "ours"
    assert wire.written(cast.lead) == {"Title": "Sent"}


@pytest.mark.conformance("FLD-08")
def test_a_lookup_carries_the_id_only(synced: World, cast: Cast) -> None:
    synced.org.add_field("Lead", "Partner__c", "reference", to="Account")
    synced.org.update("Lead", cast.lead, {"Partner__c": cast.account})

    synced.sync(objects=["Lead"])

    person = synced.person(cast.lead)
    assert person["partner__c"] == cast.account
    assert synced.org.get("Account", cast.account)["Name"] not in person.values()
    assert not [column for column in person if column.startswith("partner__r")]


@pytest.mark.conformance("FLD-09")
def test_a_formula_is_stale_until_its_stamp_moves_or_it_is_read_again(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.org.add_formula("Contact", "Site__c", "Account.Site")
    synced.org.update("Account", cast.account, {"Site": "London"})
    synced.org.update("Contact", cast.contact, {"Title": "Moved"})
    synced.sync()
    assert synced.person(cast.contact)["site__c"] == "London"
    synced.org.clock.advance(hours=1)
    synced.sync()  # the contact lies outside the overlap of the reads from here on
    synced.org.update("Account", cast.account, {"Site": "Paris"})
    synced.sync()
    assert synced.person(cast.contact)["site__c"] == "London"

    synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", cast.contact)
    watermarks = synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY ALL")
    wire.forget()
    monkeypatch.setenv("TANDEM_SYNC__FORMULA_REFRESH_HOURS", "24")
    summary = refresh_formulas(only_when_due=True)
    assert refresh_formulas(only_when_due=True)["steps"] == []  # not before a day has passed
    # A field that came into sight has its old values filled in the same way, on demand.
    synced.org.show_field("Lead", "Legacy__c")
    synced.execute("UPDATE marketing.person SET city = 'Ours' WHERE sfdc_id = ?", cast.lead)
    fresh = synced.org.create("Lead", {"LastName": "Fresh", "Company": "Not by a fill", "Legacy__c": "x"})
    synced.backfill(fields=["Lead.Legacy__c"])

    assert {synced.person(each)["site__c"] for each in (cast.contact, cast.colleague)} == {"Paris"}
    assert synced.person(cast.contact)["job_title"] == "Ours"
    step = synced.steps(summary)["Contact", "Pull updates"]
    filled = synced.rows("SELECT count(*) AS n FROM marketing.person WHERE site__c IS NOT NULL")
    assert (step["updated"], step["detail"]) == (filled[0]["n"], "Only Site__c, of every record")
    lead = synced.person(cast.lead)
    assert (lead["legacy__c"], lead["city"]) == ("from before", "Ours")
    assert not synced.rows("SELECT 1 FROM marketing.person WHERE sfdc_id = ?", fresh)
    [logged] = [e for e in synced.activities(lead["id"], 13) if e["primary_attribute_value"] == "legacy__c"]
    assert logged["attributes"]["New Value"] == "from before"
    assert synced.rows("SELECT object, stamp FROM sync.watermark ORDER BY ALL") == watermarks
    asked = [soql for soql in wire.questions() if "Site__c" in soql or "Legacy__c" in soql]
    assert asked == [
        "SELECT Id, SystemModstamp, Site__c FROM Contact ORDER BY SystemModstamp, Id",
        "SELECT Id, SystemModstamp, Legacy__c FROM Lead ORDER BY SystemModstamp, Id",
    ]
    assert wire.writes() == []
    with pytest.raises(SettingsError, match=r"^There is no synced field Lead\.Nope__c\. "):
        synced.backfill(fields=["Lead.Nope__c"])
    # What marketing changed goes over with the next cycle, and who is new comes with it.
    synced.sync()
    assert wire.written(cast.lead) == {"City": "Ours"}
    assert synced.person(fresh)["legacy__c"] == "x"


@pytest.mark.conformance("FLD-10")
def test_like_named_fields_of_lead_and_contact_are_one(synced: World, cast: Cast) -> None:
    for name in ("Lead", "Contact"):
        assert mapped(synced, name, "Favorite_Color__c")["column_name"] == "favorite_color__c"
    columns = [name for name in synced.person(cast.lead) if "favorite_color" in name]
    assert columns == ["favorite_color__c"]
    contacts = [cast.contact, cast.colleague]
    synced.org.update("Lead", cast.lead, {"Favorite_Color__c": "Blue"})
    synced.org.update("Contact", contacts[0], {"Favorite_Color__c": "Blue"})
    lead = synced.org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id != '{cast.lead}'")[0]["Id"]
    synced.execute(
        "UPDATE marketing.person SET favorite_color__c = 'Yellow' WHERE sfdc_id IN (?, ?)", lead, contacts[1]
    )

    synced.sync(objects=["Lead", "Contact"])

    colours = {row: synced.person(row)["favorite_color__c"] for row in (cast.lead, contacts[0])}
    assert colours == {cast.lead: "Blue", contacts[0]: "Blue"}
    assert synced.org.get("Lead", lead)["Favorite_Color__c"] == "Yellow"
    assert synced.org.get("Contact", contacts[1])["Favorite_Color__c"] == "Yellow"


@pytest.mark.conformance("FLD-13")
def test_a_field_that_is_blocked_for_salesforce_keeps_its_first_value(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", '{"person": ["source"]}')
    fresh = synced.org.create("Lead", {"LastName": "Fresh", "Company": "New Ltd", "LeadSource": "Web"})
    synced.org.update("Lead", cast.lead, {"LeadSource": "Other", "City": "Not blocked"})
    synced.sync(objects=["User", "Lead"])
    assert (synced.person(cast.lead)["source"], synced.person(cast.lead)["city"]) == ("Web", "Not blocked")
    # Blocked is this one direction: Salesforce keeps what was set there …
    assert wire.writes() == []
    assert synced.org.get("Lead", cast.lead)["LeadSource"] == "Other"

    synced.org.update("Lead", fresh, {"LeadSource": None})
    synced.execute("UPDATE marketing.person SET source = 'Phone Inquiry' WHERE sfdc_id = ?", cast.lead)
    synced.sync(objects=["User", "Lead"])

    assert synced.person(fresh)["source"] == "Web"  # written once, then kept
    assert synced.org.get("Lead", fresh)["LeadSource"] is None
    # … and an edit in marketing, a source that is not blocked, still goes over.
    assert wire.writes() == [
        ("Lead", {"attributes": {"type": "Lead"}, "id": cast.lead, "LeadSource": "Phone Inquiry"})
    ]
    assert synced.org.get("Lead", cast.lead)["LeadSource"] == "Phone Inquiry"


@pytest.mark.conformance("FLD-13")
def test_a_company_or_owner_column_that_is_blocked_on_people_keeps_its_first_value(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = ["industry", "sales_owner_title", "account_owner_last_name"]
    monkeypatch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", json.dumps({"person": blocked}))
    first = {"industry": "Machinery", "sales_owner_title": "Account Executive"}
    other = synced.org.query(f"SELECT Id FROM Account WHERE Id != '{cast.account}'")[0]["Id"]
    synced.org.update("Account", cast.account, {"Industry": "Banking", "NumberOfEmployees": 21})
    synced.org.update("User", cast.owner, {"Title": "Director", "LastName": "Brewster", "Phone": "+44 20 6"})
    synced.org.update("Contact", cast.colleague, {"AccountId": other})
    fresh = synced.org.create("Contact", {"LastName": "Fresh", "AccountId": cast.account})
    synced.sync()
    synced.sync()  # what is kept does not pass for an edit of the company either

    [company] = synced.rows("SELECT * FROM marketing.company WHERE sfdc_id = ?", cast.account)
    assert (company["industry"], company["num_employees"]) == ("Banking", 21)
    kept, moved, new = (synced.person(each) for each in (cast.contact, cast.colleague, fresh))
    assert (kept["industry"], kept["num_employees"], new["industry"]) == ("Machinery", 21, "Banking")
    assert {column: moved[column] for column in first} == first
    assert (moved["company_name"], moved["num_employees"]) != ("Analytical Engines", 20)
    for person in (kept, synced.person(cast.lead)):
        assert (person["sales_owner_title"], person["sales_owner_phone_number"]) == (
            "Account Executive",
            "+44 20 6",
        )
    assert kept["account_owner_last_name"] != "Brewster" == kept["sales_owner_last_name"]
    logged = [each["primary_attribute_value"] for each in synced.activities(kept["id"], 13)]
    assert logged == ["num_employees"]  # nothing is told of what did not change
    # An edit is the person's own: it neither spreads nor is put back.
    synced.execute("UPDATE marketing.person SET industry = 'Energy' WHERE sfdc_id = ?", cast.contact)
    synced.sync()
    assert (synced.person(cast.contact)["industry"], synced.person(fresh)["industry"]) == (
        "Energy",
        "Banking",
    )
    assert wire.writes() == []


#: 3.23: field, column, a value from Salesforce, a value from marketing (``...``: only Salesforce sets it).
LEAD_MAP: list[tuple[str, str, Any, Any]] = [
    ("AnnualRevenue", "annual_revenue", 1250000.0, 99.0),
    ("City", "city", "Genève", "Zürich"),
    ("Company", "company_name", "Théâtre & Co", 'Renamed "Co"'),
    ("Country", "country", "Switzerland", "CH"),
    ("Description", "person_notes", "Line one\nline two 😀", "NA"),
    ("Email", "email_address", "one@lead.example", "two@lead.example"),
    ("Fax", "fax_number", "00000", "+41 1"),
    ("FirstName", "first_name", "NA", "Null"),
    ("HasOptedOutOfEmail", "unsubscribed", True, False),
    ("Industry", "industry", "Banking", "Energy"),
    ("LastName", "last_name", "O'Hara", "Smith, Jr."),
    ("LeadSource", "source", "Purchased List", "Other"),
    ("mkto71_Lead_Score__c", "score", 42.0, 43.0),
    ("MobilePhone", "mobile_phone_number", "+41 79 1", "+41 79 2"),
    ("NumberOfEmployees", "num_employees", 12, 13),
    ("Phone", "phone_number", "+41 22 1", "+41 22 2"),
    ("PostalCode", "postal_code", "01234", "00099"),
    ("Rating", "rating", "Cold", "Hot"),
    ("Salutation", "salutation", "Dr.", "Prof."),
    ("State", "state", "GE", "ZH"),
    ("Status", "status", "Working - Contacted", "Closed - Not Converted"),
    ("Street", "address", "Rue 1\nétage 2", "Gasse 3"),
    ("Title", "job_title", "Directrice", "CEO"),
    ("Website", "website", "https://one.example", "https://two.example"),
]
LEAD_ONLY_IN = {
    "ConvertedDate": "sfdc_converted_date",
    "CreatedDate": "sfdc_created_date",
    "IsConverted": "sfdc_is_converted",
    "IsDeleted": "sfdc_is_deleted",
}
#: 3.24, the same way.
CONTACT_MAP: list[tuple[str, str, Any, Any]] = [
    ("Birthdate", "date_of_birth", "1815-12-10", "1852-11-27"),
    ("Description", "person_notes", "Line one\nline two 😀", "NA"),
    ("Email", "email_address", "one@contact.example", "two@contact.example"),
    ("Fax", "fax_number", "00000", "+41 1"),
    ("FirstName", "first_name", "NA", "Null"),
    ("HasOptedOutOfEmail", "unsubscribed", True, False),
    ("LastName", "last_name", "O'Hara", "Smith, Jr."),
    ("LeadSource", "source", "Purchased List", "Web"),
    ("mkto71_Lead_Score__c", "score", 42.0, 43.0),
    ("MailingCity", "city", "Genève", "Zürich"),
    ("MailingCountry", "country", "Switzerland", "CH"),
    ("MailingPostalCode", "postal_code", "01234", "00099"),
    ("MailingState", "state", "GE", "ZH"),
    ("MailingStreet", "address", "Rue 1\nétage 2", "Gasse 3"),
    ("MobilePhone", "mobile_phone_number", "+41 79 1", "+41 79 2"),
    ("Phone", "phone_number", "+41 22 1", "+41 22 2"),
    ("Salutation", "salutation", "Dr.", "Prof."),
    ("Title", "job_title", "Directrice", "CEO"),
]
CONTACT_ONLY_IN = {"CreatedDate": "sfdc_created_date", "IsDeleted": "sfdc_is_deleted"}
#: 3.25: one way.
ACCOUNT_MAP: list[tuple[str, str, Any]] = [
    ("AnnualRevenue", "annual_revenue", 5000000.0),
    ("BillingCity", "billing_city", "Genève"),
    ("BillingCountry", "billing_country", "Switzerland"),
    ("BillingPostalCode", "billing_postal_code", "01234"),
    ("BillingState", "billing_state", "GE"),
    ("BillingStreet", "billing_address", "Rue 1\nétage 2"),
    ("Description", "company_notes", "NA"),
    ("Industry", "industry", "Banking"),
    ("Name", "company_name", 'Machines "& Co"'),
    ("NumberOfEmployees", "num_employees", 77),
    ("Phone", "main_phone", "00000"),
    ("Sic", "sic_code", "0731"),
    ("Site", "site", "HQ"),
    ("Type", "type", "Prospect"),
    ("Website", "website", "https://machines.example"),
]


def plain(value: Any) -> Any:
    """Return a value for comparing: times without a zone, dates as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return str(value) if type(value).__name__ == "date" else value


@pytest.mark.conformance("FLD-14")
def test_the_default_mappings_hold_in_full_and_both_ways(synced: World, cast: Cast, wire: Wire) -> None:
    both_ways = (("Lead", cast.lead, LEAD_MAP), ("Contact", cast.contact, CONTACT_MAP))
    for name, record, table in both_ways:
        synced.org.update(name, record, {field: theirs for field, _, theirs, _ in table})
    synced.org.update("Account", cast.account, {field: theirs for field, _, theirs in ACCOUNT_MAP})
    deleted = synced.org.create("Account", {"Name": "Deleted"})
    synced.sync()

    for name, record, table in both_ways:
        person = synced.person(record)
        assert {column: plain(person[column]) for _, column, _, _ in table} == {
            column: theirs for _, column, theirs, _ in table
        }
        only_in = LEAD_ONLY_IN if name == "Lead" else CONTACT_ONLY_IN
        there = synced.org.get(name, record)
        assert {column: plain(person[column]) for column in only_in.values()} == {
            column: plain(there[field]) for field, column in only_in.items()
        }
    [company] = synced.rows("SELECT * FROM marketing.company WHERE sfdc_id = ?", cast.account)
    assert {column: company[column] for _, column, _ in ACCOUNT_MAP} == {c: v for _, c, v in ACCOUNT_MAP}
    contact = synced.person(cast.contact)
    assert contact["sfdc_type"] == "contact"  # the account's type is a field of the company (Q8)
    for column in ("company_name", "industry", "annual_revenue", "num_employees", "website"):
        assert contact[column] == company[column]
    converted = synced.rows(
        "SELECT sfdc_id, sfdc_converted_date FROM marketing.person WHERE sfdc_is_converted"
    )
    assert converted
    for row in converted:
        assert row["sfdc_converted_date"] == synced.org.get("Lead", row["sfdc_id"])["ConvertedDate"]

    for _, record, table in both_ways:
        sets = ", ".join(f"{column} = ?" for _, column, _, _ in table)
        synced.execute(
            f"UPDATE marketing.person SET {sets} WHERE sfdc_id = ?",
            *(ours for _, _, _, ours in table),
            record,
        )
    synced.org.delete("Account", deleted)
    wire.forget()
    synced.sync()

    for name, record, table in both_ways:
        sent = {field: ours for field, _, _, ours in table}
        there = synced.org.get(name, record)
        assert {field: plain(there[field]) for field in sent} == sent
        assert wire.written(record) == sent
        person = synced.person(record)
        assert {column: plain(person[column]) for _, column, _, _ in table} == {c: v for _, c, _, v in table}
    assert {name for name, _ in wire.writes()} == {"Lead", "Contact"}
    assert synced.rows("SELECT company_name FROM marketing.company WHERE sfdc_is_deleted") == [
        {"company_name": "Deleted"}
    ]


#: 3.21, less the Mailing fields (Q7).
IGNORED = {
    "Lead": (),
    "Account": (
        *("Fax", "Ownership", "Rating", "ShippingCity", "ShippingCountry", "ShippingPostalCode"),
        *("ShippingState", "ShippingStreet", "TickerSymbol"),
    ),
    "Contact": (
        *("Name", "AssistantName", "AssistantPhone", "HomePhone", "LastCURequestDate", "LastCUUpdateDate"),
        *("OtherCity", "OtherCountry", "OtherPhone", "OtherPostalCode", "OtherState", "OtherStreet"),
        "ReportsToId",
    ),
}
IGNORED_EVERYWHERE = (
    *("CreatedById", "LastActivityDate", "LastModifiedDate", "LastModifiedById"),
    *("MasterRecordId", "SystemModstamp"),
)
#: Read because the sync itself goes by them, never kept as data.
DRIVERS = {"MasterRecordId", "SystemModstamp"}


@pytest.mark.conformance("FLD-15")
def test_ignored_fields_are_not_synced(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.update(
        "Account", cast.account, {"Fax": "1", "Ownership": "Public", "TickerSymbol": "ENG", "Rating": "Hot"}
    )
    synced.org.update(
        "Contact",
        cast.contact,
        {"AssistantName": "Joseph", "OtherCity": "Paris", "ReportsToId": cast.colleague},
    )
    people = synced.rows("SELECT * FROM marketing.person ORDER BY id")
    companies = synced.rows("SELECT * FROM marketing.company ORDER BY id")

    summary = synced.sync()

    asked = {
        re.search(r"FROM (\w+)", soql)[1]: set(re.findall(r"\w+", soql.split(" FROM ")[0]))
        for soql in wire.questions()
    }
    for name, own in IGNORED.items():
        ignored = {*own, *IGNORED_EVERYWHERE}
        assert asked[name] & ignored == DRIVERS
        kept = synced.rows(
            "SELECT field FROM sync.field_map WHERE object = ? AND column_name IS NOT NULL", name
        )
        assert kept
        assert {row["field"] for row in kept} & ignored == set()
    for name in ("Account", "Contact"):
        step = synced.steps(summary)[name, "Pull updates"]
        assert (step["updated"], step["skipped"]) == (0, 1)
    assert synced.rows("SELECT * FROM marketing.person ORDER BY id") == people
    assert synced.rows("SELECT * FROM marketing.company ORDER BY id") == companies
    # The Mailing fields stand on that list too, but the default mapping outranks it.
    assert {"MailingCity", "MailingStreet"} <= asked["Contact"]


@pytest.mark.conformance("FLD-16")
def test_only_the_literal_null_empties_a_field_and_that_is_pushed(
    synced: World, cast: Cast, wire: Wire
) -> None:
    for blank in ("job_title=", "job_title= "):
        assert refused("person", "set", cast.lead, blank) == (
            "A blank does not empty job_title. Write NULL to empty it."
        )
    assert synced.person(cast.lead)["job_title"] == "Countess"
    tandem("person", "set", cast.lead, "job_title=NULL", "city=Null")
    assert synced.person(cast.lead)["job_title"] is None

    synced.sync()

    assert wire.written(cast.lead) == {"Title": None, "City": "Null"}  # only the exact word clears
    there = synced.org.get("Lead", cast.lead)
    assert (there["Title"], there["City"]) == (None, "Null")
