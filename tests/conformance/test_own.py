"""Users and owners (section 8)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast, refused
from tests.conformance.wire import Wire
from tests.support.world import World

SALES_OWNER = {  # 8.2: the five, and the user's field that fills each
    "sales_owner_first_name": "FirstName",
    "sales_owner_last_name": "LastName",
    "sales_owner_title": "Title",
    "sales_owner_phone_number": "Phone",
    "sales_owner_email_address": "Email",
}
ACCOUNT_OWNER = {  # 8.3: the three
    "account_owner_first_name": "FirstName",
    "account_owner_last_name": "LastName",
    "account_owner_email_address": "Email",
}


def shown(person: dict, columns: dict[str, str]) -> dict:
    """Return a person's owner columns."""
    return {column: person[column] for column in columns}


def filled(user: dict, columns: dict[str, str]) -> dict:
    """Return what the owner columns should hold for a user."""
    return {column: user[field] for column, field in columns.items()}


@pytest.mark.conformance("OWN-01")
def test_five_sales_owner_fields_come_from_the_user(synced: World, cast: Cast) -> None:
    user = synced.org.get("User", cast.owner)
    assert all(user[field] for field in SALES_OWNER.values())
    for record in (cast.lead, cast.contact):  # after the first sync
        assert shown(synced.person(record), SALES_OWNER) == filled(user, SALES_OWNER)

    other = synced.org.query("SELECT Id FROM User WHERE FirstName = 'Henrik'")[0]["Id"]
    synced.org.update("Lead", cast.lead, {"OwnerId": other})
    synced.org.update("Contact", cast.contact, {"OwnerId": other})
    synced.sync()

    for record in (cast.lead, cast.contact):  # after a change of owner
        person = synced.person(record)
        assert shown(person, SALES_OWNER) == filled(synced.org.get("User", other), SALES_OWNER)
        [change] = synced.activities(person["id"], 23)
        assert (change["attributes"]["Old Owner"], change["attributes"]["New Owner"]) == (cast.owner, other)


@pytest.mark.conformance("OWN-02")
def test_three_account_owner_fields_are_on_contacts_only(synced: World, cast: Cast) -> None:
    user = synced.org.get("User", cast.owner)
    assert shown(synced.person(cast.contact), ACCOUNT_OWNER) == filled(user, ACCOUNT_OWNER)
    columns = [name for name in synced.person(cast.contact) if name.startswith("account_owner_")]
    assert sorted(columns) == sorted(ACCOUNT_OWNER)

    other = synced.org.query("SELECT Id FROM User WHERE FirstName = 'Henrik'")[0]["Id"]
    synced.org.update("Account", cast.account, {"OwnerId": other})
    synced.sync()

    henrik = synced.org.get("User", other)
    for record in (cast.contact, cast.colleague):
        person = synced.person(record)
        assert shown(person, ACCOUNT_OWNER) == filled(henrik, ACCOUNT_OWNER)
        assert shown(person, SALES_OWNER) == filled(user, SALES_OWNER)
    leads = "SELECT count(*) AS n FROM marketing.person WHERE sfdc_type = 'lead' AND coalesce("
    assert synced.rows(leads + ", ".join(ACCOUNT_OWNER) + ") IS NOT NULL") == [{"n": 0}]


@pytest.mark.conformance("OWN-03")
def test_a_changed_user_shows_on_everybody_it_owns(synced: World, cast: Cast) -> None:
    mine = "SELECT count(*) AS n FROM marketing.person WHERE sales_owner_phone_number = ?"
    owned = [
        len(synced.org.query(f"SELECT Id FROM {name} WHERE OwnerId = '{cast.owner}'"))
        for name in ("Lead", "Contact")
    ]
    synced.org.update("User", cast.owner, {"Phone": "+1 555 0100", "Email": "new@sandbox.example"})

    synced.sync()

    assert synced.rows(mine, "+1 555 0100") == [{"n": sum(owned)}]
    for record in (cast.lead, cast.contact):
        assert synced.person(record)["sales_owner_email_address"] == "new@sandbox.example"
    assert synced.person(cast.contact)["account_owner_email_address"] == "new@sandbox.example"
    assert synced.person(cast.lead)["account_owner_email_address"] is None


@pytest.mark.conformance("OWN-04")
def test_while_a_queue_owns_the_lead_the_five_fields_are_empty(synced: World, cast: Cast) -> None:
    synced.org.update("Lead", cast.lead, {"OwnerId": cast.queue})
    synced.sync(objects=["User", "Group", "Lead"])
    assert shown(synced.person(cast.lead), SALES_OWNER) == dict.fromkeys(SALES_OWNER)
    # The queue itself is known, by its name (8.8).
    assert synced.rows("SELECT name FROM marketing.lead_queue WHERE sfdc_id = ?", cast.queue) == [
        {"name": "Inbound Leads"}
    ]

    synced.org.update("Lead", cast.lead, {"OwnerId": cast.owner})
    synced.sync(objects=["User", "Group", "Lead"])
    user = synced.org.get("User", cast.owner)
    assert shown(synced.person(cast.lead), SALES_OWNER) == filled(user, SALES_OWNER)


@pytest.mark.conformance("OWN-05")
def test_owner_fields_cannot_be_edited_on_a_person(synced: World, cast: Cast, wire: Wire) -> None:
    for column in (*SALES_OWNER, *ACCOUNT_OWNER):
        assert refused("person", "set", cast.contact, f"{column}=Somebody").startswith(column)
    user = synced.org.get("User", cast.owner)
    person = synced.person(cast.contact)
    assert shown(person, SALES_OWNER | ACCOUNT_OWNER) == filled(user, SALES_OWNER | ACCOUNT_OWNER)
    assert synced.activities(person["id"], 13) == []
    assert wire.said == []


@pytest.mark.conformance("OWN-05")
def test_owners_and_the_company_edited_by_sql_are_put_back_in_the_next_cycle(
    synced: World, cast: Cast, wire: Wire
) -> None:
    alone = synced.org.create("Contact", {"LastName": "Alone", "OwnerId": cast.owner})
    synced.org.update("Lead", cast.lead, {"OwnerId": cast.queue})
    synced.sync()
    people = (cast.contact, cast.colleague, cast.lead, alone)
    before = {each: synced.person(each) for each in people}
    companies = synced.rows("SELECT * FROM marketing.company ORDER BY id")
    other = next(each["id"] for each in companies if each["sfdc_id"] != cast.account)
    sets = ", ".join(f"{column} = 'Ours'" for column in (*SALES_OWNER, *ACCOUNT_OWNER))
    synced.execute(f"UPDATE marketing.person SET {sets}, company_id = ? WHERE sfdc_id IS NOT NULL", other)
    synced.execute("UPDATE marketing.person SET industry = 'Energy' WHERE sfdc_id = ?", alone)
    ours = synced.add_person(last_name="Ours", sales_owner_first_name="Ours")
    wire.forget()

    summary = synced.sync()

    assert {each: synced.person(each) for each in people} == before
    assert shown(before[cast.lead], SALES_OWNER) == dict.fromkeys(SALES_OWNER)
    assert synced.rows("SELECT * FROM marketing.company ORDER BY id") == companies
    assert wire.writes() == []
    told = [synced.steps(summary)[name, "Push updates"]["detail"] for name in ("Lead", "Contact")]
    [here] = synced.rows(
        "SELECT count(*) FILTER (sfdc_type = 'lead') AS leads, count(*) FILTER (sfdc_type = 'contact') AS contacts"
        " FROM marketing.person"
    )
    # Of every person its owners and account; of one contact the values of a company that it does not have.
    edits = (here["leads"], here["contacts"] + 1)
    assert told == [f"{number} edits of what only Salesforce sets put back" for number in edits]
    # Who is not in Salesforce has no owner there: nothing to put back.
    [person] = synced.rows("SELECT sales_owner_first_name AS owner FROM marketing.person WHERE id = ?", ours)
    assert person == {"owner": "Ours"}
    assert not [step for step in synced.steps(synced.sync()) if step[1] == "Push updates"]
