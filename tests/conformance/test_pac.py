"""Person accounts (section 19)."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.merge_people import merge_people
from sandbox import Org
from tandem.errors import TandemError
from tests.conformance.wire import Wire
from tests.support.world import tandem_world


@pytest.mark.conformance("PAC-01", "MRG-07", "CON-01")
@pytest.mark.usefixtures("prefect_server")
def test_a_person_account_is_one_company_and_one_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    org = Org(people=0, seed=7)
    org.enable_person_accounts()
    org.add_field("Account", "Tier__c")
    org.add_field("Contact", "Shoe__c", "Number")
    ann = {"FirstName": "Ann", "LastName": "Lee", "PersonEmail": "ann@x.example", "PersonMailingCity": "Bonn"}
    account = org.create("Account", {**ann, "Tier__c": "Gold", "Shoe__pc": 38, "Industry": "Retail"})
    company = org.create("Account", {"Name": "Works Ltd", "Tier__c": "Silver"})
    worker = org.create("Contact", {"LastName": "Worker", "AccountId": company})
    contact = org.get("Account", account)["PersonContactId"]
    org.clock.advance(days=1)

    with tandem_world(monkeypatch, tmp_path, org) as world:
        world.backfill()

        companies = world.rows("SELECT * FROM marketing.company ORDER BY id")
        assert [each["company_name"] for each in companies] == ["Ann Lee", "Works Ltd"]
        assert [each["is_person_account"] for each in companies] == [True, False]
        assert (companies[0]["tier__c"], companies[0]["shoe__pc"]) == ("Gold", 38)
        assert not {name for name in companies[0] if name.startswith("person_")}

        person, other = world.person(contact), world.person(worker)
        assert world.rows("SELECT count(*) AS n FROM marketing.person") == [{"n": 2}]
        assert (person["sfdc_type"], person["is_person_account"]) == ("contact", True)
        assert (person["company_id"], person["company_name"]) == (companies[0]["id"], "Ann Lee")
        assert (person["email_address"], person["city"], person["industry"]) == (
            "ann@x.example",
            "Bonn",
            "Retail",
        )
        assert (person["shoe__c"], person["tier__c"]) == (38, "Gold")
        assert (other["is_person_account"], other["tier__c"]) == (False, None)

        org.update(
            "Account", account, {"Tier__c": "Platinum", "Shoe__pc": 39, "PersonEmail": "lee@x.example"}
        )
        world.sync()

        person = world.person(contact)
        assert (person["shoe__c"], person["tier__c"], person["email_address"]) == (
            39,
            "Platinum",
            "lee@x.example",
        )
        [known] = world.rows("SELECT * FROM marketing.company WHERE sfdc_id = ?", account)
        assert (known["tier__c"], known["shoe__pc"]) == ("Platinum", 39)
        told = {
            each["primary_attribute_value"]: each["attributes"]["New Value"]
            for each in world.activities(person["id"], 13)
        }
        assert told["tier__c"] == "Platinum"

        # The person goes both ways, by its account; what is the company's own does not.
        wire = Wire(org)
        world.execute(
            "UPDATE marketing.person SET email_address = 'ann.lee@x.example', shoe__c = 40, last_name = 'Leigh',"
            " unsubscribed = true, tier__c = 'Ours', industry = 'Ours' WHERE id = ?",
            person["id"],
        )
        world.execute("UPDATE marketing.person SET job_title = 'Smith' WHERE id = ?", other["id"])
        world.sync()
        sent = {"PersonEmail": "ann.lee@x.example", "PersonHasOptedOutOfEmail": True, "LastName": "Leigh"}
        assert wire.written(account) == {**sent, "Shoe__pc": 40}
        assert wire.written(worker) == {"Title": "Smith"}
        assert {name for name, _ in wire.writes()} == {"Account", "Contact"}
        told = [each["attributes"]["Status"] for each in world.activities(person["id"], 28)]
        assert told == ["succeeded"]
        wire.forget()
        world.sync()
        assert wire.writes() == []
        person = world.person(contact)
        there = org.get("Contact", contact)
        for column, name in (("email_address", "Email"), ("last_name", "LastName"), ("shoe__c", "Shoe__c")):
            assert person[column] == there[name]
        assert (there["Email"], there["HasOptedOutOfEmail"]) == ("ann.lee@x.example", True)
        assert person["company_name"] == "Ann Leigh"
        assert (org.get("Account", account)["Tier__c"], org.get("Account", account)["Industry"]) == (
            "Platinum",
            "Retail",
        )

        with pytest.raises(
            TandemError, match=r"is a person account\. Person accounts are merged in Salesforce"
        ):
            merge_people(winner=other["id"], losers=[person["id"]])
    org.close()
