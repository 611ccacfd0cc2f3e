"""A sync user who sees a part of the org: ownership, queues, shares, parents, permissions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from http_client import Client, code

from sandbox import Org, serve
from sandbox.org import RefusedByOrg


@pytest.fixture(scope="module")
def private() -> Iterator[tuple[Org, Client]]:
    org = Org(people=0)
    with serve(org) as server, Client(server.url, org.client_id, org.client_secret) as client:
        yield org, client
    org.close()


@pytest.fixture
def seen(private: tuple[Org, Client]) -> Iterator[tuple[Org, Client]]:
    start = private[0].snapshot()
    yield private
    private[0].restore(start)


def names(client: Client, obj: str = "Lead") -> list[str]:
    return [row["Name"] for row in client.query(f"SELECT Name FROM {obj} ORDER BY Name").json()["records"]]


def test_private_leads(seen: tuple[Org, Client]) -> None:
    org, client = seen
    queue = org.query("SELECT Id FROM Group WHERE Name = 'Inbound Leads'")[0]["Id"]
    people = {
        name: org.create("Lead", {"LastName": name, "Company": "c", "OwnerId": owner})
        for name, owner in [("mine", org.sync_user_id), ("queued", queue), ("theirs", org.admin_id)]
    }
    campaign = org.create("Campaign", {"Name": "f"})
    for lead in people.values():
        org.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    org.create("Task", {"Subject": "t", "WhoId": people["theirs"], "OwnerId": org.admin_id})
    org.set_sharing("Lead", "Private")
    assert names(client) == names(client, "CampaignMember") == ["mine"]
    assert client.query("SELECT Id FROM Task").json()["totalSize"] == 0
    org.create("GroupMember", {"GroupId": queue, "UserOrGroupId": org.sync_user_id})
    assert names(client) == ["mine", "queued"]
    assert [row["Name"] for row in client.bulk_query("SELECT Name FROM Lead ORDER BY Name")] == [
        "mine",
        "queued",
    ]
    theirs = people["theirs"]
    assert code(client.get(f"sobjects/Lead/{theirs}")) == (404, "NOT_FOUND")
    hidden = "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert code(client.patch(f"sobjects/Lead/{theirs}", {"Title": "x"}))[1] == hidden
    assert code(client.delete(f"sobjects/Lead/{theirs}"))[1] == "INVALID_CROSS_REFERENCE_KEY"
    assert code(client.post("sobjects/Task", {"WhoId": theirs}))[1] == hidden
    org.share_record("Lead", theirs)
    assert names(client) == ["mine", "queued", "theirs"]
    refused = client.patch(f"sobjects/Lead/{theirs}", {"Title": "x"})
    assert code(refused) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert code(client.delete(f"sobjects/Lead/{theirs}")) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    org.share_record("Lead", theirs, edit=True)
    assert client.patch(f"sobjects/Lead/{theirs}", {"Title": "x"}).status_code == 204
    org.unshare_record("Lead", theirs)
    org.set_permission("ViewAllData", True)
    assert names(client) == ["mine", "queued", "theirs"]
    assert (
        code(client.patch(f"sobjects/Lead/{theirs}", {"Title": "y"}))[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    )
    org.set_permission("ModifyAllData", True)
    assert client.patch(f"sobjects/Lead/{theirs}", {"Title": "y"}).status_code == 204
    shown = org.query("SELECT PermissionsViewAllData FROM Profile WHERE Name = 'Integration User'")[0]
    assert shown["PermissionsViewAllData"] is True


def test_accounts_share_with_what_is_below_them(seen: tuple[Org, Client]) -> None:
    org, client = seen
    org.add_object("Plan__c")
    org.add_field("Plan__c", "Account__c", "MasterDetail", to="Account")
    made = {}
    for name in ("mine", "theirs", "dealt"):
        owner = org.sync_user_id if name == "mine" else org.admin_id
        made[name] = org.create("Account", {"Name": name, "OwnerId": owner})
        org.create("Contact", {"LastName": name, "AccountId": made[name], "OwnerId": org.admin_id})
        org.create("Plan__c", {"Name": name, "Account__c": made[name]})
    org.create(
        "Opportunity",
        {
            "Name": "d",
            "AccountId": made["dealt"],
            "StageName": "Prospecting",
            "CloseDate": "2026-01-01",
            "OwnerId": org.sync_user_id,
        },
    )
    org.set_sharing("Account", "Private")
    assert names(client, "Account") == names(client, "Plan__c") == ["dealt", "mine"]
    assert names(client, "Contact") == ["dealt", "mine", "theirs"]
    org.set_sharing("Contact", "ControlledByParent")
    assert names(client, "Contact") == ["dealt", "mine"]
    edit = client.patch(f"sobjects/Account/{made['dealt']}", {"Site": "s"})
    assert code(edit)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.set_sharing("Account", "Read")
    assert names(client, "Account") == names(client, "Plan__c") == ["dealt", "mine", "theirs"]
    assert code(client.patch(f"sobjects/Account/{made['theirs']}", {"Site": "s"}))[0] == 403
    org.set_sharing("Account", "ReadWrite")
    assert client.patch(f"sobjects/Account/{made['theirs']}", {"Site": "s"}).status_code == 204
    with pytest.raises(ValueError, match="no org-wide default"):
        org.set_sharing("Account", "private")


def test_only_marketing_users_write_campaigns(seen: tuple[Org, Client]) -> None:
    org, client = seen
    campaign = client.create("Campaign", Name="f")
    lead = client.create("Lead", LastName="x", Company="c")
    org.set_marketing_user(False)
    refused = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert code(client.post("sobjects/Campaign", {"Name": "g"})) == (400, refused)
    assert code(client.patch(f"sobjects/Campaign/{campaign}", {"Name": "g"})) == (400, refused)
    assert code(client.post("sobjects/CampaignMember", {"CampaignId": campaign, "LeadId": lead})) == (
        400,
        refused,
    )
    assert code(client.delete(f"sobjects/Campaign/{campaign}")) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert client.query("SELECT Id FROM Campaign").json()["totalSize"] == 1
    org.set_marketing_user(True)
    assert client.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    org.set_permission("ConvertLeads", False)
    with pytest.raises(Exception, match="INSUFFICIENT_ACCESS"):
        org.convert_lead(lead, user=org.sync_user_id)


def test_permissions_are_there_to_be_read(seen: tuple[Org, Client]) -> None:
    org, client = seen
    found = client.query(
        "SELECT PermissionSet.Profile.Name, PermissionSet.PermissionsConvertLeads, Assignee.Username "
        f"FROM PermissionSetAssignment WHERE AssigneeId = '{org.sync_user_id}'"
    ).json()["records"][0]
    assert (found["PermissionSet"]["Profile"]["Name"], found["Assignee"]["Username"]) == (
        "Integration User",
        org.username,
    )
    assert found["PermissionSet"]["PermissionsConvertLeads"] is True
    below = client.query("SELECT Name, (SELECT Username FROM Users) FROM Profile ORDER BY Name").json()[
        "records"
    ]
    assert [len(row["Users"]["records"]) for row in below] == [1, 12, 1]


def role(org: Org, name: str, above: str | None = None) -> str:
    return org.create("UserRole", {"Name": name, "ParentRoleId": above})


def test_who_is_above_sees_what_is_below(seen: tuple[Org, Client]) -> None:
    org, client = seen
    chief = role(org, "Chief")
    seller = role(org, "Seller", role(org, "Manager", chief))
    people = [row["Id"] for row in org.query("SELECT Id FROM User WHERE Title != null ORDER BY Id LIMIT 3")]
    for user, place in zip(people, (seller, seller, role(org, "Elsewhere")), strict=True):
        org.update("User", user, {"UserRoleId": place})
    leads = [
        org.create("Lead", {"LastName": f"l{n}", "Company": "c", "OwnerId": user})
        for n, user in enumerate(people)
    ]
    queue = org.query("SELECT Id FROM Group WHERE Name = 'Inbound Leads'")[0]["Id"]
    org.create("GroupMember", {"GroupId": queue, "UserOrGroupId": people[1]})
    org.create("Lead", {"LastName": "queued", "Company": "c", "OwnerId": queue})
    org.share_record("Lead", leads[2], people[0])
    org.set_sharing("Lead", "Private")
    assert names(client) == []
    org.update("User", org.sync_user_id, {"UserRoleId": chief})
    # Their own, those of their queue, and what is shared with them.
    assert names(client) == ["l0", "l1", "l2", "queued"]
    assert client.patch(f"sobjects/Lead/{leads[0]}", {"Title": "t"}).status_code == 204
    assert code(client.patch(f"sobjects/Lead/{leads[2]}", {"Title": "t"}))[0] == 403
    org.update("User", org.sync_user_id, {"UserRoleId": seller})
    assert names(client) == []
    with pytest.raises(RefusedByOrg, match="following"):
        org.delete("UserRole", chief)


def test_sharing_rules(seen: tuple[Org, Client]) -> None:
    org, client = seen
    group, nested = (org.create("Group", {"Name": name, "Type": "Regular"}) for name in ("outer", "inner"))
    org.create("GroupMember", {"GroupId": group, "UserOrGroupId": nested})
    owner = org.query("SELECT Id FROM User WHERE Title != null ORDER BY Id LIMIT 1")[0]["Id"]
    theirs = org.create("Lead", {"LastName": "theirs", "Company": "c", "OwnerId": owner})
    hot = org.create("Lead", {"LastName": "hot", "Company": "c", "OwnerId": org.admin_id, "Rating": "Hot"})
    org.create("Lead", {"LastName": "other", "Company": "c", "OwnerId": org.admin_id})
    org.set_sharing("Lead", "Private")
    org.add_sharing_rule("Lead", "of one owner", to=group, owners=owner)
    org.add_sharing_rule("Lead", "hot ones", to=org.sync_user_id, condition="Rating = 'Hot'", edit=True)
    assert names(client) == ["hot"]
    org.create("GroupMember", {"GroupId": nested, "UserOrGroupId": org.sync_user_id})
    assert names(client) == ["hot", "theirs"]
    assert [row["Name"] for row in client.bulk_query("SELECT Name FROM Lead ORDER BY Name")] == [
        "hot",
        "theirs",
    ]
    assert code(client.patch(f"sobjects/Lead/{theirs}", {"Title": "t"}))[0] == 403
    assert client.patch(f"sobjects/Lead/{hot}", {"Rating": "Cold"}).status_code == 204
    assert names(client) == ["theirs"]
    place = role(org, "Place")
    org.update("User", owner, {"UserRoleId": role(org, "Below", place)})
    org.remove_sharing_rule("of one owner")
    assert names(client) == []
    org.add_sharing_rule("Lead", "of a role", to=org.sync_user_id, owners=place)
    assert names(client) == ["theirs"]
    for wrong, said in (
        ({"to": place}, "either whose records"),
        ({"to": theirs, "owners": place}, "no user, group or role"),
        ({"to": place, "condition": "Nope = 1"}, "No such column"),
    ):
        with pytest.raises(Exception, match=said):
            org.add_sharing_rule("Lead", "wrong", **wrong)
    with pytest.raises(ValueError, match="already"):
        org.add_sharing_rule("Lead", "of a role", to=place, owners=place)
    with pytest.raises(LookupError, match="no sharing rule"):
        org.remove_sharing_rule("of one owner")
