"""What a delete takes along, what forbids it, what it cuts loose; and what an undelete brings back."""

from __future__ import annotations

from typing import Any

import pytest
from http_client import Client, code

from sandbox import Org
from sandbox.org import RefusedByOrg

DEAL = {"Name": "d", "StageName": "Prospecting", "CloseDate": "2026-01-01"}


def alive(org: Org, *records: tuple[str, str]) -> list[bool]:
    return [not org.get(name, record)["IsDeleted"] for name, record in records]


def said(org: Org, client: Client, name: str, record: str) -> str:
    before = org.api_calls_used
    answer = client.delete(f"sobjects/{name}/{record}")
    assert (code(answer), org.api_calls_used) == ((400, "DELETE_FAILED"), before + 1)
    assert answer.json()[0]["fields"] == []
    return str(answer.json()[0]["message"])


def test_an_account_takes_its_world_along_and_back(org: Org, client: Client) -> None:
    account = org.create("Account", {"Name": "A"})
    below = org.create("Account", {"Name": "B", "ParentId": account})
    contact = org.create("Contact", {"LastName": "x", "AccountId": account})
    helper = org.create("Contact", {"LastName": "y", "ReportsToId": contact})
    deal = org.create("Opportunity", {**DEAL, "AccountId": account})
    role = org.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": helper})
    campaign = org.create("Campaign", {"Name": "c"})
    member = org.create("CampaignMember", {"CampaignId": campaign, "ContactId": contact})
    task = org.create("Task", {"Subject": "t", "WhoId": contact})
    event = org.create("Event", {"Subject": "e", "WhatId": deal, "StartDateTime": "2026-01-01T10:00:00Z"})
    gone = [
        ("Account", account),
        ("Contact", contact),
        ("Opportunity", deal),
        ("Task", task),
        ("Event", event),
    ]
    gone += [("OpportunityContactRole", role), ("CampaignMember", member)]
    before = org.get("Account", below)
    org.clock.advance(60)
    assert client.delete(f"sobjects/Account/{account}").status_code == 204
    assert alive(org, *gone) == [False] * 7
    assert org.get("Campaign", campaign)["NumberOfContacts"] == 0
    orphan, report = org.get("Account", below), org.get("Contact", helper)
    assert (orphan["ParentId"], report["ReportsToId"]) == (None, None)
    # Nobody edited the orphan; the system did.
    assert orphan["SystemModstamp"] > before["SystemModstamp"]
    assert orphan["LastModifiedDate"] == before["LastModifiedDate"]
    org.undelete("Account", account)
    assert alive(org, *gone) == [True] * 7
    assert (org.get("Account", below)["ParentId"], org.get("Contact", helper)["ReportsToId"]) == (
        account,
        contact,
    )
    assert org.get("Campaign", campaign)["NumberOfContacts"] == 1


def test_an_undelete_keeps_the_link_that_took_its_place(org: Org) -> None:
    first, second = (org.create("Account", {"Name": name}) for name in "AB")
    below = org.create("Account", {"Name": "C", "ParentId": first})
    org.delete("Account", first)
    org.update("Account", below, {"ParentId": second})
    org.undelete("Account", first)
    assert org.get("Account", below)["ParentId"] == second


def test_cases_and_won_deals_hold_their_account(org: Org, client: Client) -> None:
    account = org.create("Account", {"Name": "Held"})
    contact = org.create(
        "Contact", {"Salutation": "Mr.", "FirstName": "J", "LastName": "D", "AccountId": account}
    )
    case = org.create("Case", {"Subject": "s", "ContactId": contact})
    number = org.get("Case", case)["CaseNumber"]
    for name, record, shown in (("Contact", contact, "Mr. J D"), ("Account", account, "Held")):
        assert said(org, client, name, record) == (
            f"Your attempt to delete {shown} could not be completed because it is associated with the following "
            f"cases.: {number}\n"
        )
    org.add_object("Plan__c", plural="Plans")
    org.add_field("Plan__c", "Account__c", "Lookup", to="Account", on_delete="Restrict")
    plan = org.create("Plan__c", {"Name": "p", "Account__c": account})
    assert said(org, client, "Account", account).endswith("following plans.: p\n")
    org.delete("Plan__c", plan)
    org.delete("Case", case)
    deal = org.create("Opportunity", {**DEAL, "Name": "Won", "StageName": "Closed Won", "AccountId": account})
    assert said(org, client, "Account", account).endswith("were closed won are shown below.: Won\n")
    assert alive(org, ("Account", account), ("Contact", contact), ("Opportunity", deal)) == [True] * 3
    together = client.delete("composite/sobjects", params={"ids": f"{account},{deal}"}).json()
    assert [row["success"] for row in together] == [True, True]


def test_a_campaign_takes_its_members_and_frees_its_deals(org: Org) -> None:
    campaign = org.create("Campaign", {"Name": "c"})
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    member = org.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    deal = org.create("Opportunity", {**DEAL, "CampaignId": campaign})
    other = org.create("Opportunity", {**DEAL, "CampaignId": campaign})
    org.delete("Opportunity", other)
    assert org.get("Campaign", campaign)["NumberOfOpportunities"] == 1
    org.delete("Campaign", campaign)
    assert alive(org, ("CampaignMember", member), ("Lead", lead)) == [False, True]
    assert org.get("Opportunity", deal)["CampaignId"] is None
    org.undelete("Campaign", campaign)
    assert alive(org, ("CampaignMember", member)) == [True]
    assert org.get("Opportunity", deal)["CampaignId"] == campaign


@pytest.mark.parametrize(
    ("how", "left"),
    [({}, "emptied"), ({"on_delete": "Restrict"}, "held"), ({"on_delete": "Cascade"}, "gone")],
)
def test_custom_lookups_do_as_they_are_told(org: Org, client: Client, how: dict[str, Any], left: str) -> None:
    org.add_object("Plan__c", plural="Plans")
    org.add_field("Plan__c", "Lead__c", "Lookup", to="Lead", **how)
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    plan = org.create("Plan__c", {"Name": "p", "Lead__c": lead})
    if left == "held":
        assert said(org, client, "Lead", lead).endswith("associated with the following plans.: p\n")
    else:
        org.delete("Lead", lead)
        assert (alive(org, ("Plan__c", plan)), org.get("Plan__c", plan)["Lead__c"]) == (
            ([True], None) if left == "emptied" else ([False], lead)
        )
    field = next(
        item for item in client.get("sobjects/Plan__c/describe").json()["fields"] if item["name"] == "Lead__c"
    )
    assert (field["cascadeDelete"], field["restrictedDelete"]) == (left == "gone", left == "held")


def test_lookups_that_must_not_be_empty(org: Org) -> None:
    org.add_object("Plan__c")
    org.add_field("Plan__c", "Lead__c", "Lookup", to="Lead", required=True)
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    org.create("Plan__c", {"Name": "p", "Lead__c": lead})
    with pytest.raises(RefusedByOrg, match="DELETE_FAILED"):
        org.delete("Lead", lead)
    for wrong in ({"required": True, "on_delete": "SetNull"}, {"on_delete": "Explode"}):
        with pytest.raises(ValueError, match="Restrict"):
            org.add_field("Plan__c", "Other__c", "Lookup", to="Lead", **wrong)
    with pytest.raises(ValueError, match="only a lookup"):
        org.add_field("Plan__c", "Text__c", on_delete="Cascade")


def test_what_returns_alone_leaves_its_dead_parent_behind(org: Org) -> None:
    account = org.create("Account", {"Name": "A"})
    contact = org.create("Contact", {"LastName": "x", "AccountId": account})
    org.add_object("Part__c")
    org.add_field("Part__c", "Account__c", "MasterDetail", to="Account")
    part = org.create("Part__c", {"Name": "p", "Account__c": account})
    for name, record in (("Contact", contact), ("Part__c", part), ("Account", account)):
        org.delete(name, record)
    org.undelete("Contact", contact)
    assert org.get("Contact", contact)["AccountId"] is None
    with pytest.raises(RefusedByOrg, match="UNDELETE_FAILED"):
        org.undelete("Part__c", part)
    org.undelete("Account", account)
    org.undelete("Part__c", part)
    assert alive(org, ("Part__c", part)) == [True]


def test_a_queue_that_owns_records_stays(org: Org, client: Client) -> None:
    queue = org.create("Group", {"Name": "Q", "Type": "Queue"})
    org.create("QueueSobject", {"QueueId": queue, "SobjectType": "Lead"})
    org.create("GroupMember", {"GroupId": queue, "UserOrGroupId": org.admin_id})
    lead = org.create("Lead", {"LastName": "x", "Company": "c", "OwnerId": queue})
    with pytest.raises(RefusedByOrg, match="following leads"):
        org.delete("Group", queue)
    org.update("Lead", lead, {"OwnerId": org.admin_id})
    org.delete("Group", queue)
    for name, lookup in (("Group", "Id"), ("GroupMember", "GroupId"), ("QueueSobject", "QueueId")):
        assert org.query(f"SELECT Id FROM {name} WHERE {lookup} = '{queue}'") == []


def test_describe_says_so_beforehand(client: Client) -> None:
    children = client.get("sobjects/Account/describe").json()["childRelationships"]
    rules = {
        (item["childSObject"], item["field"]): (item["cascadeDelete"], item["restrictedDelete"])
        for item in children
    }
    assert rules["Contact", "AccountId"] == rules["Task", "WhatId"] == (True, False)
    assert rules["Case", "AccountId"] == (False, True)
    assert rules["Account", "ParentId"] == rules["Task", "AccountId"] == (False, False)
