"""Campaign members, their statuses and the campaign's counters; series and times of activities."""

from __future__ import annotations

from http_client import Client, code

from sandbox import Org


def test_members_show_their_person_as_it_is_now(org: Org, client: Client) -> None:
    account = client.create("Account", Name="Acme")
    contact = client.create("Contact", LastName="C", AccountId=account, MailingCity="Bonn")
    lead = client.create("Lead", LastName="L", Company="Lead Co", City="Ulm", Email="l@x.example")
    campaign = client.create("Campaign", Name="f")
    for key, person in (("ContactId", contact), ("LeadId", lead)):
        client.create("CampaignMember", CampaignId=campaign, **{key: person})
    client.patch(f"sobjects/Lead/{lead}", {"Email": "new@x.example"})
    fields = "Type, Name, City, CompanyOrAccount, Email, LeadOrContactId, LeadOrContactOwner.Name"
    soql = f"SELECT {fields} FROM CampaignMember WHERE CampaignId = '{campaign}' ORDER BY Name"
    one, two = client.query(soql).json()["records"]
    assert [one[name] for name in ("Type", "City", "CompanyOrAccount", "Email")] == [
        "Contact",
        "Bonn",
        "Acme",
        None,
    ]
    assert [two[name] for name in ("Type", "City", "CompanyOrAccount", "Email")] == [
        "Lead",
        "Ulm",
        "Lead Co",
        "new@x.example",
    ]
    assert (two["LeadOrContactId"], two["LeadOrContactOwner"]["Name"]) == (lead, "Sync User")
    assert client.query(soql.replace("ORDER", "AND Email LIKE 'NEW%' ORDER")).json()["totalSize"] == 1
    twins = [{"attributes": {"type": "CampaignMember"}, "CampaignId": campaign, "LeadId": lead}] * 2
    other = client.create("Campaign", Name="g")
    twins[1] = {**twins[1], "CampaignId": other}
    answers = client.post("composite/sobjects", {"records": [*twins, twins[1]]}).json()
    assert [item["success"] for item in answers] == [False, True, False]
    org.convert_lead(lead, no_opportunity=True)
    changed = client.query(soql.replace("ORDER BY", f"AND LeadId = '{lead}' ORDER BY")).json()["records"][0]
    assert (changed["Type"], changed["CompanyOrAccount"]) == ("Contact", "Lead Co")
    counts = org.get("Campaign", campaign)
    assert (counts["NumberOfLeads"], counts["NumberOfConvertedLeads"], counts["NumberOfContacts"]) == (
        0,
        1,
        2,
    )


def test_statuses_of_a_campaign(org: Org, client: Client) -> None:
    campaign = client.create("Campaign", Name="f")
    lead = client.create("Lead", LastName="L", Company="c")
    attended = client.create("CampaignMemberStatus", CampaignId=campaign, Label="Attended", HasResponded=True)
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=lead, Status="attended")
    record = org.get("CampaignMember", member)
    assert (record["Status"], record["HasResponded"], record["FirstRespondedDate"] is not None) == (
        "Attended",
        True,
        True,
    )
    assert org.get("CampaignMemberStatus", attended)["SortOrder"] == 3
    twice = client.post("sobjects/CampaignMemberStatus", {"CampaignId": campaign, "Label": "ATTENDED"})
    assert code(twice) == (400, "DUPLICATE_VALUE")
    client.patch(f"sobjects/CampaignMemberStatus/{attended}", {"IsDefault": True, "Label": "Was there"})
    defaults = client.query(
        f"SELECT Label FROM CampaignMemberStatus WHERE CampaignId = '{campaign}' AND IsDefault = true"
    ).json()["records"]
    assert [row["Label"] for row in defaults] == ["Was there"]
    assert org.get("CampaignMember", member)["Status"] == "Was there"
    client.patch(f"sobjects/CampaignMemberStatus/{attended}", {"HasResponded": False})
    assert org.get("CampaignMember", member)["HasResponded"] is False
    assert org.get("Campaign", campaign)["NumberOfResponses"] == 0


def test_events_and_what_activities_are_about(org: Org, client: Client) -> None:
    lead = client.create("Lead", LastName="L", Company="c")
    org.add_object("Project__c", activities=True)
    project = client.create("Project__c", Name="Apollo")
    event = client.create(
        "Event", Subject="Call", WhatId=project, DurationInMinutes=90, ActivityDateTime="2026-05-01T23:00:00Z"
    )
    read = client.get(f"sobjects/Event/{event}").json()
    assert (read["EndDateTime"], read["ActivityDate"], read["EndDate"], read["EventSubtype"]) == (
        "2026-05-02T00:30:00.000+0000",
        "2026-05-01",
        "2026-05-02",
        "Event",
    )
    client.patch(f"sobjects/Event/{event}", {"EndDateTime": "2026-05-02T01:00:00Z"})
    assert org.get("Event", event)["DurationInMinutes"] == 120
    late = client.patch(f"sobjects/Event/{event}", {"EndDateTime": "2026-04-01T01:00:00Z"})
    assert code(late) == (400, "FIELD_INTEGRITY_EXCEPTION")
    series = client.create(
        "Task",
        WhoId=lead,
        IsRecurrence=True,
        RecurrenceType="RecursMonthlyNth",
        RecurrenceInstance="Last",
        RecurrenceDayOfWeekMask=2,
        RecurrenceMonthOfYear="May",
    )
    assert org.get("Task", series)["RecurrenceInstance"] == "Last"
    found = client.query(f"SELECT What.Name, What.Type, Owner.Type FROM Event WHERE Id = '{event}'").json()
    row = found["records"][0]
    assert (row["What"]["Name"], row["What"]["Type"], row["Owner"]["Type"]) == (
        "Apollo",
        "Project__c",
        "User",
    )
    soql = (
        "SELECT TYPEOF What WHEN Project__c THEN Name, CreatedDate ELSE Name END FROM Event WHERE Id = '{}'"
    )
    assert client.query(soql.format(event)).json()["records"][0]["What"]["Name"] == "Apollo"
    by_type = f"SELECT Id FROM Task WHERE Who.Type = 'Lead' AND Who.Name = 'L' AND Id = '{series}'"
    assert client.query(by_type).json()["totalSize"] == 1
