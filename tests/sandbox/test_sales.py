"""Opportunities, campaigns, activities, assignment rules, and the composites around them."""

from __future__ import annotations

from http_client import Client, code

from sandbox import Org


def test_stages_decide(org: Org, client: Client) -> None:
    deal = client.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-05-04", Amount=200)
    record = client.get(f"sobjects/Opportunity/{deal}").json()
    assert (record["Probability"], record["ExpectedRevenue"], record["Fiscal"]) == (10.0, 20.0, "2026 2")
    client.patch(f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    record = org.get("Opportunity", deal)
    assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (True, True, 100.0)
    assert code(client.post("sobjects/Opportunity", {"Name": "x"})) == (400, "REQUIRED_FIELD_MISSING")


def test_campaign_members(org: Org, client: Client) -> None:
    campaign = client.create("Campaign", Name="Fair")
    statuses = client.query(
        f"SELECT Label, IsDefault FROM CampaignMemberStatus WHERE CampaignId = '{campaign}' ORDER BY SortOrder"
    ).json()["records"]
    assert [(row["Label"], row["IsDefault"]) for row in statuses] == [("Sent", True), ("Responded", False)]
    lead = client.create("Lead", LastName="x", Company="c", Email="m@x.example")
    made = org.get("Campaign", campaign)["SystemModstamp"]
    org.clock.advance(30)
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=lead, Status="Dancing")
    record = org.get("CampaignMember", member)
    assert (record["Status"], record["HasResponded"], record["Email"]) == ("Sent", False, "m@x.example")
    client.patch(f"sobjects/CampaignMember/{member}", {"Status": "Responded"})
    assert org.get("CampaignMember", member)["HasResponded"] is True
    whole = org.get("Campaign", campaign)
    assert (whole["NumberOfLeads"], whole["NumberOfResponses"]) == (1, 1)
    assert whole["SystemModstamp"] > made == whole["LastModifiedDate"]
    twice = client.post("sobjects/CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    assert code(twice) == (400, "DUPLICATE_VALUE")
    nobody = client.post("sobjects/CampaignMember", {"CampaignId": campaign})
    assert code(nobody) == (400, "FIELD_INTEGRITY_EXCEPTION")
    client.delete(f"sobjects/CampaignMember/{member}")
    assert org.get("Campaign", campaign)["NumberOfLeads"] == 0


def test_tasks(org: Org, client: Client) -> None:
    account = client.create("Account", Name="A")
    contact = client.create("Contact", LastName="x", AccountId=account)
    task = client.create("Task", Subject="Call", WhoId=contact, Status="Completed", Priority="High")
    record = org.get("Task", task)
    assert (record["IsClosed"], record["IsHighPriority"], record["AccountId"]) == (True, True, account)
    lead = client.create("Lead", LastName="x", Company="c")
    both = client.post("sobjects/Task", {"WhoId": lead, "WhatId": account})
    assert code(both) == (400, "FIELD_INTEGRITY_EXCEPTION")
    found = client.query(f"SELECT Who.Name, Who.Type FROM Task WHERE Id = '{task}'").json()["records"][0]
    assert (found["Who"]["Name"], found["Who"]["Type"]) == ("x", "Contact")


def test_assignment_rules_move_owners_unless_switched_off(org: Org, client: Client) -> None:
    queue = org.query("SELECT Id FROM Group WHERE Name = 'Inbound Leads'")[0]["Id"]
    org.add_assignment_rule("Lead", queue, "LeadSource = 'Web'")
    values = {"LastName": "x", "Company": "c", "LeadSource": "Web"}
    moved = client.post("sobjects/Lead", values).json()["id"]
    kept = client.post("sobjects/Lead", values, headers={"Sforce-Auto-Assign": "FALSE"}).json()["id"]
    assert [org.get("Lead", item)["OwnerId"] for item in (moved, kept)] == [queue, org.sync_user_id]
    client.patch(f"sobjects/Lead/{kept}", {"Title": "t"})
    assert org.get("Lead", kept)["OwnerId"] == queue
    owner = client.query(f"SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{kept}'").json()["records"][0][
        "Owner"
    ]
    assert (owner["Name"], owner["Type"]) == ("Inbound Leads", "Queue")


def test_batch_tree_and_graph(org: Org, client: Client) -> None:
    batch = client.post(
        "composite/batch",
        {"batchRequests": [{"method": "GET", "url": "v60.0/limits"}, {"method": "GET", "url": "v60.0/nope"}]},
    ).json()
    assert (batch["hasErrors"], [row["statusCode"] for row in batch["results"]]) == (True, [200, 404])
    node = {
        "attributes": {"type": "Account", "referenceId": "a"},
        "Name": "Tree",
        "Contacts": {
            "records": [{"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Leaf"}]
        },
    }
    tree = client.post("composite/tree/Account", {"records": [node]})
    assert tree.status_code == 201
    ids = {row["referenceId"]: row["id"] for row in tree.json()["results"]}
    assert org.get("Contact", ids["c"])["AccountId"] == ids["a"]
    before = org.count("Account")
    node["Contacts"]["records"][0].pop("LastName")
    broken = client.post("composite/tree/Account", {"records": [node]})
    assert (broken.status_code, broken.json()["results"][0]["referenceId"]) == (400, "c")
    assert org.count("Account") == before
    url = "/services/data/v60.0/sobjects/Account"
    good = {"method": "POST", "url": url, "referenceId": "r1", "body": {"Name": "G"}}
    bad = {"method": "POST", "url": url, "referenceId": "r2", "body": {"XName": "G"}}
    graphs = client.post(
        "composite/graph",
        {
            "graphs": [
                {"graphId": "g1", "compositeRequest": [good, bad]},
                {"graphId": "g2", "compositeRequest": [good]},
            ]
        },
    ).json()["graphs"]
    assert [graph["isSuccessful"] for graph in graphs] == [False, True]
    answers = graphs[0]["graphResponse"]["compositeResponse"]
    assert {part["body"][0]["errorCode"] for part in answers} == {"INVALID_FIELD"}
    assert org.count("Account") == before + 1
