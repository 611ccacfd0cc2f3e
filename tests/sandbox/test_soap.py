"""SOAP: login, conversion, merge, undelete, replication; and the REST twins where there are any."""

from __future__ import annotations

from typing import Any

import requests
from http_client import Client, code
from simple_salesforce import SalesforceLogin
from soap_client import Soap

from sandbox import Org, Server


def test_login_by_simple_salesforce(org: Org, server: Server) -> None:
    session_id, instance = SalesforceLogin(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        scratch_url=server.url,
    )
    assert instance == server.url.removeprefix("http://")
    answer = requests.get(
        f"{server.url}/services/data/v60.0/limits",
        headers={"Authorization": f"Bearer {session_id}"},
        timeout=20,
    )
    assert answer.status_code == 200


def test_faults(org: Org, server: Server, client: Client) -> None:
    soap = Soap(server, client)
    bad = soap.raw("<login><username>x</username><password>y</password></login>", session="")
    assert (bad.status_code, "<faultcode>sf:INVALID_LOGIN</faultcode>" in bad.text) == (500, True)
    assert "INVALID_SESSION_ID" in soap.raw("<getUserInfo/>", session="no").text
    assert "No operation available" in soap.raw("<dance/>").text
    assert requests.post(soap.url, data="<a>", timeout=20).status_code == 500
    assert (
        "UNSUPPORTED_API_VERSION" in requests.post(soap.url.replace("60.0", "20.0"), data="", timeout=20).text
    )
    assert soap.call("<getUserInfo/>")["userId"] == org.sync_user_id
    for soql, fault in (
        ("SELECT\nNope FROM Lead", "InvalidField"),
        ("SELECT\nId FROM Nope", "InvalidSObject"),
    ):
        said = soap.raw(f"<query><queryString>{soql}</queryString></query>").text
        assert f"<sf:{fault}Fault" in said
        assert "<sf:row>2</sf:row><sf:column>" in said
    assert (
        "<sf:InvalidQueryLocatorFault"
        in soap.raw("<queryMore><queryLocator>x</queryLocator></queryMore>").text
    )


LEAD = {
    "FirstName": "Lea",
    "LastName": "D",
    "Company": "Lead Co",
    "Email": "lea@d.example",
    "City": "Berlin",
    "LeadSource": "Web",
    "Favorite_Color__c": "Red",
}


def test_conversion_has_every_effect(org: Org, server: Server, client: Client) -> None:
    lead = client.create("Lead", **LEAD)
    campaign = client.create("Campaign", Name="Fair")
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    task = client.create("Task", Subject="Call", WhoId=lead)
    org.clock.advance(60)
    done = Soap(server, client).call(
        f"<convertLead><leadConverts><leadId>{lead}</leadId>"
        "<convertedStatus>Closed - Converted</convertedStatus></leadConverts></convertLead>"
    )
    assert done["success"] == "true", done
    record = org.get("Lead", lead)
    assert (record["IsConverted"], record["Status"]) == (True, "Closed - Converted")
    assert record["ConvertedContactId"] == done["contactId"]
    contact, account = org.get("Contact", done["contactId"]), org.get("Account", done["accountId"])
    assert (contact["Name"], contact["MailingCity"], contact["AccountId"]) == (
        "Lea D",
        "Berlin",
        account["Id"],
    )
    assert (contact["Favorite_Color__c"], account["Name"]) == ("Red", "Lead Co")
    deal = org.get("Opportunity", done["opportunityId"])
    assert (deal["Name"], deal["StageName"], deal["AccountId"]) == ("Lead Co-", "Prospecting", account["Id"])
    assert org.get("CampaignMember", member)["ContactId"] == contact["Id"]
    assert org.get("Task", task)["WhoId"] == contact["Id"]
    assert org.get("Campaign", campaign)["NumberOfConvertedLeads"] == 1
    assert code(client.patch(f"sobjects/Lead/{lead}", {"Title": "x"})) == (
        400,
        "CANNOT_UPDATE_CONVERTED_LEAD",
    )


def test_conversion_into_existing_fills_only_what_is_empty(org: Org, server: Server, client: Client) -> None:
    account = client.create("Account", Name="Old")
    contact = client.create("Contact", LastName="Old", AccountId=account, LeadSource="Other")
    lead = client.create("Lead", **LEAD)
    options = f"<accountId>{account}</accountId><contactId>{contact}</contactId>"
    body = (
        f"<convertLead><leadConverts><leadId>{lead}</leadId>{options}<convertedStatus>Closed - Converted"
        "</convertedStatus><doNotCreateOpportunity>true</doNotCreateOpportunity></leadConverts></convertLead>"
    )
    assert Soap(server, client).call(body)["opportunityId"] is None
    record = org.get("Contact", contact)
    assert (record["LastName"], record["Email"], record["LeadSource"]) == ("Old", "lea@d.example", "Other")
    assert org.get("Account", account)["Name"] == "Old"


def test_conversion_takes_values_for_new_records_and_passes_duplicate_rules_by(
    org: Org, server: Server, client: Client
) -> None:
    client.create("Contact", LastName="There already", Email=LEAD["Email"])
    org.add_duplicate_rule("Contact", "One per address", ["Email"])
    lead = client.create("Lead", **LEAD)
    given = (
        "<accountRecord><type>Account</type><Site>North</Site></accountRecord>"
        "<contactRecord><type>Contact</type><Title>Chief</Title></contactRecord>"
        "<opportunityRecord><type>Opportunity</type><StageName>Closed Won</StageName></opportunityRecord>"
    )
    soap = Soap(server, client)

    def convert(options: str) -> dict[str, Any]:
        return soap.call(
            f"<convertLead><leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted"
            f"</convertedStatus>{given}{options}</leadConverts></convertLead>"
        )

    refused = convert("<bypassAccountDedupeCheck>true</bypassAccountDedupeCheck>")
    assert refused["success"] == "false"
    assert "DUPLICATES_DETECTED" in str(refused)
    done = convert("<bypassContactDedupeCheck>true</bypassContactDedupeCheck>")
    assert done["success"] == "true"
    assert org.get("Account", done["accountId"])["Site"] == "North"
    assert org.get("Contact", done["contactId"])["Title"] == "Chief"
    assert org.get("Opportunity", done["opportunityId"])["StageName"] == "Closed Won"


def test_conversion_refusals_leave_nothing(org: Org, server: Server, client: Client) -> None:
    queue = org.query("SELECT Id FROM Group WHERE Type = 'Queue' LIMIT 1")[0]["Id"]
    lead = client.create("Lead", **LEAD, OwnerId=queue)
    soap = Soap(server, client)
    before = (org.count("Account"), org.count("Contact"))
    good = "<convertedStatus>Closed - Converted</convertedStatus>"
    for inner in (good, "<convertedStatus>Working - Contacted</convertedStatus>"):
        body = f"<convertLead><leadConverts><leadId>{lead}</leadId>{inner}</leadConverts></convertLead>"
        assert soap.call(body)["success"] == "false"
    assert (org.count("Account"), org.count("Contact")) == before
    owner = f"<ownerId>{org.admin_id}</ownerId>"
    body = f"<convertLead><leadConverts><leadId>{lead}</leadId>{good}{owner}</leadConverts></convertLead>"
    assert soap.call(body)["success"] == "true"


def test_merge_leaves_pointers_and_moves_children(org: Org, server: Server, client: Client) -> None:
    winner, loser = (client.create("Lead", **{**LEAD, "LastName": name}) for name in ("Win", "Lose"))
    campaign = client.create("Campaign", Name="Fair")
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=loser)
    org.clock.advance(60)
    done = Soap(server, client).call(
        '<merge><request><masterRecord xmlns:s="urn:sobject.partner.soap.sforce.com"><s:type>Lead</s:type>'
        f"<s:Id>{winner}</s:Id><s:Title>Boss</s:Title></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></request></merge>"
    )
    assert (done["success"], done["mergedRecordIds"]) == ("true", loser)
    gone = client.query(f"SELECT IsDeleted, MasterRecordId FROM Lead WHERE Id = '{loser}'", "queryAll")
    assert gone.json()["records"][0]["MasterRecordId"] == winner
    assert org.get("Lead", winner)["Title"] == "Boss"
    assert org.get("CampaignMember", member)["LeadId"] == winner


def test_undelete_and_replication(org: Org, server: Server, client: Client) -> None:
    soap = Soap(server, client)
    lead = client.create("Lead", **LEAD)
    client.delete(f"sobjects/Lead/{lead}")
    start = (org.clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
    org.clock.advance(180)
    end = org.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    window = {"start": start, "end": end}
    gone = client.get("sobjects/Lead/deleted", params=window).json()
    assert [row["id"] for row in gone["deletedRecords"]] == [lead]
    assert gone["latestDateCovered"] <= end.replace("Z", ".000+0000")
    assert soap.call(f"<undelete><ids>{lead}</ids></undelete>")["success"] == "true"
    assert client.get(f"sobjects/Lead/{lead}").status_code == 200
    org.clock.advance(120)
    later = {"start": start, "end": org.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert lead in client.get("sobjects/Lead/updated", params=later).json()["ids"]
    assert client.get("sobjects/Lead/deleted", params=later).json()["deletedRecords"] == []
    assert code(client.get("sobjects/Lead/updated", params={"start": end, "end": end}))[1] == (
        "INVALID_REPLICATION_DATE"
    )


def test_create_update_query_delete(org: Org, server: Server, client: Client) -> None:
    soap = Soap(server, client)
    made = soap.call(
        "<create><sObjects><type>Lead</type><LastName>&lt;S&gt;</LastName><Company>c</Company></sObjects></create>"
    )
    lead = made["id"]
    assert org.get("Lead", lead)["LastName"] == "<S>"
    soap.call(f"<update><sObjects><type>Lead</type><Id>{lead}</Id><Title>t</Title></sObjects></update>")
    soap.call(
        f"<update><sObjects><type>Lead</type><Id>{lead}</Id><fieldsToNull>Title</fieldsToNull></sObjects></update>"
    )
    assert org.get("Lead", lead)["Title"] is None
    found = soap.call(
        f"<query><queryString>SELECT Id, LastName FROM Lead WHERE Id = '{lead}'</queryString></query>"
    )
    assert (found["size"], found["records"]["LastName"]) == ("1", "<S>")
    assert soap.call(f"<delete><ids>{lead}</ids></delete>")["success"] == "true"
