"""The activity log (section 22)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tandem.database.activity import ActivityType
from tests.conformance.conftest import Cast, tandem
from tests.support.world import SHIPPED_SUITES, World

#: 22.1: the types that occur so far, with their public names.
NAMES = {
    12: "New Lead",
    13: "Change Data Value",
    19: "Sync Lead to SFDC",
    23: "Change Owner",
    28: "Sync Lead Updates to SFDC",
    29: "Delete Lead from SFDC",
    100001: "Quarantined by Expectation",
}
#: Told where their objects are: test_opp.py, test_act.py, test_cnv.py, test_mrg.py, test_flw.py, test_cmp.py,
#: test_pmf.py.
ELSEWHERE = {26, 30, 34, 35, 36} | {21, 22, 31, 32} | {37, 100021} | {42, 43, 44, 104, 123}
#: Nothing of ours writes it: others do, and Sales Insight's fields are worked out from it (test_msi.py).
ONLY_READ = {46}
#: Where an activity comes from: a person, and what its attributes must say.
Told = dict[int, list[dict[str, Any]]]


def told(world: World, person_id: int) -> Told:
    """Return a person's activities as attributes by type, their ids and dates checked."""
    found: Told = {}
    for each in world.activities(person_id):
        assert each["person_id"] == person_id
        assert abs(each["activity_date"] - world.rows("SELECT now()::TIMESTAMP AS n")[0]["n"]) < timedelta(
            days=1
        )
        found.setdefault(each["activity_type_id"], []).append(each["attributes"])
    return found


@pytest.mark.conformance("LOG-01")
def test_activities_carry_public_ids_and_their_attributes(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_EXPECTATIONS", SHIPPED_SUITES)
    ours = synced.add_person(last_name="Ours", company_name="Ours Ltd")
    synced.sync_person(ours)
    other = synced.org.query("SELECT Id FROM User WHERE FirstName = 'Henrik'")[0]["Id"]
    fresh = synced.org.create("Lead", {"LastName": "New", "Company": "New Ltd", "LeadSource": "Web"})
    synced.org.update("Lead", cast.lead, {"City": "Marylebone", "OwnerId": other})
    synced.org.delete("Contact", cast.colleague)
    [odd] = synced.org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id != '{cast.lead}' LIMIT 1")
    synced.org.update("Lead", odd["Id"], {"NumberOfEmployees": -12})
    synced.execute("UPDATE marketing.person SET job_title = 'Sent' WHERE sfdc_id = ?", cast.contact)

    synced.sync()

    types = {row["id"]: row["name"] for row in synced.rows("SELECT id, name FROM marketing.activity_type")}
    assert {number: types[number] for number in NAMES} == NAMES
    used = {row["t"] for row in synced.rows("SELECT DISTINCT activity_type_id AS t FROM marketing.activity")}
    assert used == set(NAMES)
    assert {*ActivityType} == set(
        NAMES
    ) | ELSEWHERE | ONLY_READ  # every type that anything writes or asks for
    ids = synced.rows("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM marketing.activity")[0]
    assert ids["n"] == ids["ids"]

    created = synced.org.get("Lead", fresh)["CreatedDate"]
    assert told(synced, synced.person(fresh)["id"]) == {
        12: [
            {
                "Source Type": "Salesforce.com",
                "SFDC Type": "lead",
                "SFDC Id": fresh,
                "Lead Source": "Web",
                "Created Date": f"{created:%Y-%m-%d %H:%M:%S}",
            }
        ]
    }
    lead = told(synced, synced.person(cast.lead)["id"])
    assert [each["Attribute Name"] for each in lead[13]] == ["city"]
    assert lead[23] == [{"Old Owner": cast.owner, "New Owner": other, "Source": "Salesforce.com"}]
    contact = told(synced, synced.person(cast.contact)["id"])
    assert contact[28] == [{"Status": "succeeded", "SFDC Id": cast.contact, "Fields": "Title"}]
    gone = told(synced, synced.person(cast.colleague)["id"])
    assert gone[29] == [{"SFDC Id": cast.colleague, "SFDC Type": "contact", "Source": "Salesforce.com"}]
    [held] = told(synced, synced.person(odd["Id"])["id"])[100001]
    expectation = "expect_column_values_to_be_between"
    assert held == {
        "Expectation": expectation,
        "Field": "NumberOfEmployees",
        "Value": "-12",
        "SFDC Id": odd["Id"],
    }
    [primary] = synced.rows(
        "SELECT primary_attribute_value AS name FROM marketing.activity WHERE activity_type_id = 100001"
    )
    assert primary["name"] == expectation
    pushed = told(synced, ours)
    [record] = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", ours)
    assert pushed[19] == [{"Status": "succeeded", "SFDC Id": record["sfdc_id"], "SFDC Type": "lead"}]
    assert 12 not in pushed  # it was here before


@pytest.mark.conformance("LOG-02")
def test_every_value_change_tells_old_new_source_and_reason(synced: World, cast: Cast) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Marylebone", "Phone": None, "Fax": "+44 20 7"})
    synced.org.update("Account", cast.account, {"Industry": "Banking"})
    synced.execute("UPDATE marketing.person SET num_employees = 21 WHERE sfdc_id = ?", cast.contact)
    tandem("person", "set", cast.contact, "job_title=Mathematician", "source=NULL")

    synced.sync()

    pulled = {"Source": "Salesforce.com", "Reason": "Lead changed in Salesforce"}
    lead = synced.activities(synced.person(cast.lead)["id"], 13)
    assert {each["primary_attribute_value"]: each["attributes"] for each in lead} == {
        "city": {"Attribute Name": "city", "Old Value": "London", "New Value": "Marylebone", **pulled},
        # An attribute without a value is left out.
        "phone_number": {"Attribute Name": "phone_number", "Old Value": "+44 20 2", **pulled},
        "fax_number": {"Attribute Name": "fax_number", "New Value": "+44 20 7", **pulled},
    }
    edited = {"Source": "Marketing", "Reason": "Change Data Value"}
    spread = {"Source": "Marketing", "Reason": "Company changed on one of its contacts"}
    account = {"Source": "Salesforce.com", "Reason": "Account changed in Salesforce"}
    contact = synced.activities(synced.person(cast.contact)["id"], 13)
    expected = [
        {"Attribute Name": "job_title", "Old Value": "Inventor", "New Value": "Mathematician", **edited},
        {"Attribute Name": "source", "Old Value": "Other", **edited},
        {"Attribute Name": "num_employees", "Old Value": "20", "New Value": "21", **spread},
        {"Attribute Name": "num_employees", "Old Value": "21", "New Value": "20", **account},
        {"Attribute Name": "industry", "Old Value": "Machinery", "New Value": "Banking", **account},
    ]
    found = [each["attributes"] for each in contact]
    assert sorted(found, key=str) == sorted(expected, key=str)
    every = synced.rows("SELECT count(*) AS n FROM marketing.activity WHERE activity_type_id = 13")[0]["n"]
    whole = synced.rows(
        "SELECT count(*) AS n FROM marketing.activity WHERE activity_type_id = 13"
        " AND (attributes->>'Source') IS NOT NULL AND (attributes->>'Reason') IS NOT NULL"
        " AND (attributes->>'Attribute Name') = primary_attribute_value"
        " AND (attributes->>'Old Value') IS DISTINCT FROM (attributes->>'New Value')"
    )[0]["n"]
    assert every == whole == 3 + 5 + 3  # the lead's, the contact's, and the colleague's of the account
