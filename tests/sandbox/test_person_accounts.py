"""Person accounts: one account and its contact, from creation to the recycle bin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_client import Client, code

from sandbox import Org, serve

RECORDED = Path(__file__).resolve().parents[3] / "shared/data/describe/Account.personaccount.json"
NOT_OURS = {"PersonHasOptedOutOfFax", "PersonDoNotCall", "PersonPronouns", "PersonGenderIdentity"}


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org(people=20, seed=3)
    org.enable_person_accounts()
    yield org
    org.close()


@pytest.fixture(scope="module")
def client(org: Org) -> Iterator[Client]:
    with serve(org) as server, Client(server.url, org.client_id, org.client_secret) as client:
        yield client


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"the recorded describe answer is missing: {RECORDED}")
def test_fields_are_those_of_the_recorded_answer(client: Client) -> None:
    described = client.get("sobjects/Account/describe").json()
    ours = {field["name"]: field for field in described["fields"]}
    differing = {}
    for field in json.loads(RECORDED.read_text())["fields"]:
        name = field["name"]
        if field["custom"] or name in NOT_OURS:
            continue
        # The recorded org's picklists are longer.
        skip = {"picklistValues", "byteLength", "length"} if field["type"] == "picklist" else set()
        mine = ours.get(name, {})
        wrong = {key: (mine.get(key), value) for key, value in field.items() if mine.get(key) != value}
        differing |= {f"{name}.{key}": pair for key, pair in wrong.items() if key not in skip}
    assert not differing
    kinds = {info["developerName"]: info["defaultRecordTypeMapping"] for info in described["recordTypeInfos"]}
    assert kinds == {"Business_Account": True, "PersonAccount": False, "Master": False}


def test_one_account_and_its_contact(org: Org, client: Client) -> None:
    values = {"FirstName": "Ann", "LastName": "Lee", "PersonEmail": "a@x.example", "Phone": "1"}
    account = client.create("Account", PersonMailingCity="Bonn", Newsletter__pc=True, **values)
    record = client.get(f"sobjects/Account/{account}").json()
    assert (record["Name"], record["IsPersonAccount"]) == ("Ann Lee", True)
    types = client.query("SELECT DeveloperName FROM RecordType WHERE IsPersonType = true").json()["records"]
    kind = client.query(f"SELECT RecordType.DeveloperName FROM Account WHERE Id = '{account}'").json()
    assert kind["records"][0]["RecordType"]["DeveloperName"] == types[0]["DeveloperName"] == "PersonAccount"
    contact = client.get(f"sobjects/Contact/{record['PersonContactId']}").json()
    same = ("Name", "Email", "Phone", "MailingCity", "Newsletter__c", "IsPersonAccount", "AccountId")
    assert [contact[name] for name in same] == ["Ann Lee", "a@x.example", "1", "Bonn", True, True, account]
    assert record["PersonMailingAddress"]["city"] == "Bonn"

    org.clock.advance(60)
    client.patch(f"sobjects/Account/{account}", {"LastName": "Low", "PersonTitle": "t"})
    later = client.get(f"sobjects/Contact/{contact['Id']}").json()
    assert (later["Name"], later["Title"], later["Email"]) == ("Ann Low", "t", "a@x.example")
    assert later["SystemModstamp"] > contact["SystemModstamp"]
    soql = "SELECT PersonContact.Title, PersonEmail FROM Account WHERE PersonEmail = 'A@x.example'"
    assert client.query(soql).json()["records"][0]["PersonContact"]["Title"] == "t"

    org.add_field("Contact", "Shoe__c", "Number")
    client.patch(f"sobjects/Account/{account}", {"Shoe__pc": 42})
    assert org.get("Contact", contact["Id"])["Shoe__c"] == 42
    org.rename_field("Contact", "Shoe__c", "Boot__c")
    assert client.get(f"sobjects/Account/{account}").json()["Boot__pc"] == 42
    org.delete_field("Contact", "Boot__c")
    assert "Boot__pc" not in client.get(f"sobjects/Account/{account}").json()

    alone = "INVALID_PERSON_ACCOUNT_OPERATION"
    assert code(client.patch(f"sobjects/Contact/{contact['Id']}", {"Title": "x"})) == (400, alone)
    assert code(client.delete(f"sobjects/Contact/{contact['Id']}")) == (400, alone)
    assert code(client.post("sobjects/Contact", {"LastName": "x", "AccountId": account})) == (400, alone)
    assert code(client.patch(f"sobjects/Account/{account}", {"Name": "x"})) == (
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    )
    company = client.create("Account", Name="Co")
    both = client.patch(f"sobjects/Account/{company}", {"PersonEmail": "x@y.example"})
    assert "bad field names on insert/update call: PersonEmail" in both.json()[0]["message"]
    assert code(client.post("sobjects/Account", {"Site": "x"})) == (400, "REQUIRED_FIELD_MISSING")

    client.delete(f"sobjects/Account/{account}")
    gone = client.query(f"SELECT IsDeleted FROM Contact WHERE Id = '{contact['Id']}'", "queryAll").json()
    assert gone["records"][0]["IsDeleted"] is True
    org.undelete("Account", account)
    assert org.get("Contact", contact["Id"])["IsDeleted"] is False


def test_a_lead_without_company_becomes_a_person(org: Org, client: Client) -> None:
    lead = client.create("Lead", FirstName="Bo", LastName="Ek", Email="bo@x.example", City="Ulm")
    campaign = client.create("Campaign", Name="f")
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    done = org.convert_lead(lead)
    account = org.get("Account", str(done.account_id))
    assert (account["IsPersonAccount"], account["PersonContactId"], account["PersonEmail"]) == (
        True,
        done.contact_id,
        "bo@x.example",
    )
    assert org.get("Contact", str(done.contact_id))["MailingCity"] == "Ulm"
    assert org.get("CampaignMember", member)["ContactId"] == done.contact_id
    assert org.get("Opportunity", str(done.opportunity_id))["Name"] == "Bo Ek-"
    again = client.create("Lead", LastName="Ek", Title="t")
    into = org.convert_lead(again, account_id=done.account_id, no_opportunity=True)
    assert into.contact_id == done.contact_id
    assert org.get("Contact", str(into.contact_id))["Title"] == "t"


def test_persons_merge_with_persons(org: Org, client: Client) -> None:
    one, two = (client.create("Account", LastName=name) for name in ("One", "Two"))
    contacts = [org.get("Account", item)["PersonContactId"] for item in (one, two)]
    task = client.create("Task", WhoId=contacts[1])
    company = client.create("Account", Name="Co")
    with pytest.raises(Exception, match="INVALID_PERSON_ACCOUNT_OPERATION"):
        org.merge("Account", one, [company])
    with pytest.raises(Exception, match="INVALID_PERSON_ACCOUNT_OPERATION"):
        org.merge("Contact", contacts[0], [contacts[1]])
    org.merge("Account", one, [two])
    loser = org.get("Contact", contacts[1])
    assert (loser["IsDeleted"], loser["MasterRecordId"]) == (True, contacts[0])
    assert org.get("Task", task)["WhoId"] == contacts[0]
    assert org.get("Account", two)["MasterRecordId"] == one
