"""SOAP's plainer calls: queries in pages, retrieve, describe, upsert, all or none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from http_client import Client
from soap_client import Soap

from sandbox import Org, Server


@pytest.fixture
def soap(server: Server, client: Client) -> Soap:
    return Soap(server, client)


def test_queries_in_pages(org: Org, soap: Soap) -> None:
    org.create_many("Lead", [{"LastName": f"n{n}", "Company": "paged"} for n in range(450)])
    gone = org.query("SELECT Id FROM Lead WHERE Company = 'paged' LIMIT 1")[0]["Id"]
    org.delete("Lead", gone)
    query = "<queryString>SELECT Id, CreatedDate, Owner.Name FROM Lead WHERE Company = 'paged'</queryString>"
    options = "<QueryOptions><batchSize>200</batchSize></QueryOptions>"
    page = soap.call(f"<queryAll>{query}</queryAll>", options)
    assert (page["size"], page["done"], page["records"][0]["CreatedDate"][-5:]) == ("450", "false", ".000Z")
    assert page["records"][0]["Owner"]["type"] == "Name"
    found = page["records"]
    while page["done"] == "false":
        more = f"<queryMore><queryLocator>{page['queryLocator']}</queryLocator></queryMore>"
        page = soap.call(more)
        found += page["records"]
    assert len({row["Id"] for row in found}) == 450
    assert soap.call(f"<query>{query}</query>")["size"] == "449"
    count = soap.call("<query><queryString>SELECT COUNT() FROM User</queryString></query>")
    assert (int(count["size"]) > 0, count["done"]) == (True, "true")
    lost = soap.raw("<queryMore><queryLocator>0r8x-1</queryLocator></queryMore>").text
    assert "<faultcode>sf:INVALID_QUERY_LOCATOR</faultcode>" in lost
    parents = soap.call(
        "<query><queryString>SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id IN "
        "(SELECT AccountId FROM Contact) LIMIT 1</queryString></query>"
    )
    assert int(parents["records"]["Contacts"]["size"]) >= 1


def test_retrieve(org: Org, soap: Soap, client: Client) -> None:
    lead = client.create("Lead", LastName="x", Company="c")
    asked = (
        "<retrieve><fieldList>LastName, CreatedDate</fieldList><sObjectType>Lead</sObjectType>"
        f"<ids>{lead}</ids><ids>{org.admin_id}</ids></retrieve>"
    )
    first, second = soap.call(asked)
    assert (first["Id"], first["LastName"], first["CreatedDate"][-5:]) == (lead, "x", ".000Z")
    assert second is None


def test_describes(soap: Soap) -> None:
    names = {item["name"]: item for item in soap.call("<describeGlobal/>")["sobjects"]}
    assert (names["Lead"]["keyPrefix"], names["Lead"]["createable"]) == ("00Q", "true")
    lead = soap.call("<describeSObject><sObjectType>lead</sObjectType></describeSObject>")
    fields = {item["name"]: item for item in lead["fields"]}
    assert (fields["Company"]["type"], fields["Company"]["nillable"]) == ("string", "false")
    assert set(fields["OwnerId"]["referenceTo"]) == {"User", "Group"}
    assert len(fields["Status"]["picklistValues"]) > 2
    both = soap.call(
        "<describeSObjects><sObjectType>Task</sObjectType><sObjectType>Lead</sObjectType></describeSObjects>"
    )
    assert [item["name"] for item in both] == ["Task", "Lead"]
    assert "INVALID_TYPE" in soap.raw("<describeSObject><sObjectType>No</sObjectType></describeSObject>").text


def test_upsert_and_all_or_none(org: Org, soap: Soap) -> None:
    def record(key: str, company: str) -> str:
        return (
            f"<sObjects><type>Lead</type><Tandem_Id__c>{key}</Tandem_Id__c><LastName>x</LastName>"
            f"<Company>{company}</Company></sObjects>"
        )

    body = f"<upsert><externalIDFieldName>Tandem_Id__c</externalIDFieldName>{record('k', 'c')}</upsert>"
    first, again = soap.call(body), soap.call(body)
    assert (first["created"], again["created"], first["id"] == again["id"]) == ("true", "false", True)
    before = org.count("Lead")
    both = f"<create>{record('a', 'c')}{record('b', '')}</create>"
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    refused = soap.call(both, header)
    assert [row["errors"]["statusCode"] for row in refused] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert org.count("Lead") == before
    assert [row["success"] for row in soap.call(both)] == ["true", "false"]
    many = "".join("<ids>00Q000000000001</ids>" for _ in range(201))
    assert "EXCEEDED_ID_LIMIT" in soap.raw(f"<delete>{many}</delete>").text


def test_what_changed_and_what_went(org: Org, soap: Soap, client: Client) -> None:
    kept, gone = (client.create("Lead", LastName="x", Company="c") for _ in range(2))
    client.delete(f"sobjects/Lead/{gone}")
    start, end = (f"{org.clock.now() + timedelta(minutes=by):%Y-%m-%dT%H:%M:%SZ}" for by in (-2, 2))
    window = f"<sObjectType>Lead</sObjectType><startDate>{start}</startDate><endDate>{end}</endDate>"
    updated, deleted = (soap.call(f"<{name}>{window}</{name}>") for name in ("getUpdated", "getDeleted"))
    assert kept in updated["ids"]
    assert deleted["deletedRecords"]["id"] == gone
    moments = [deleted["deletedRecords"]["deletedDate"], deleted["earliestDateAvailable"]]
    moments += [updated["latestDateCovered"], deleted["latestDateCovered"]]
    assert all(moment.endswith(".000Z") for moment in moments)
