"""The recycle bin and the delete log by the org's clock: how long things stay, and what empties them."""

from __future__ import annotations

from datetime import datetime, timedelta

from http_client import Client, code
from soap_client import Soap

from sandbox import Org, Server

LEAD = {"LastName": "x", "Company": "c"}


def found(client: Client, *leads: str) -> list[bool]:
    wanted = ", ".join(f"'{lead}'" for lead in leads)
    rows = client.query(f"SELECT Id FROM Lead WHERE Id IN ({wanted})", "queryAll").json()["records"]
    ids = {row["Id"] for row in rows}
    return [lead in ids for lead in leads]


def log(client: Client, start: datetime, end: datetime) -> tuple[set[str], str]:
    window = {"start": start.isoformat(), "end": end.isoformat()}
    answer = client.get("sobjects/Lead/deleted", params=window).json()
    return {row["id"] for row in answer["deletedRecords"]}, answer["earliestDateAvailable"]


def again(org: Org, client: Client) -> Client:
    """Sessions do not last for days."""
    return Client(client.url, org.client_id, org.client_secret)


def test_records_stay_for_fifteen_days(org: Org, server: Server, client: Client) -> None:
    old, young = (client.create("Lead", **LEAD) for _ in range(2))
    client.delete(f"sobjects/Lead/{old}")
    org.clock.advance(days=14)
    client = again(org, client)
    client.delete(f"sobjects/Lead/{young}")
    assert found(client, old, young) == [True, True]
    org.clock.advance(days=1, hours=2)
    client = again(org, client)
    assert found(client, old, young) == [False, True]
    now = org.clock.now()
    assert log(client, now - timedelta(days=14, hours=23), now)[0] == {young}
    soap = Soap(server, client)
    refused = soap.call(f"<undelete><ids>{old}</ids></undelete>")
    assert (refused["success"], refused["errors"]["statusCode"]) == ("false", "INVALID_ID_FIELD")
    assert soap.call(f"<undelete><ids>{young}</ids></undelete>")["success"] == "true"


def test_emptying_the_bin(org: Org, server: Server, client: Client) -> None:
    account = client.create("Account", Name="A")
    contact = client.create("Contact", LastName="x", AccountId=account)
    lead, alive = (client.create("Lead", **LEAD) for _ in range(2))
    client.delete(f"sobjects/Lead/{lead}")
    client.delete(f"sobjects/Account/{account}")
    asked = "".join(f"<ids>{item}</ids>" for item in (lead, account, contact, alive))
    soap = Soap(server, client)
    done = soap.call(f"<emptyRecycleBin>{asked}</emptyRecycleBin>")
    # The contact went with its account: it leaves with it and cannot be named alone.
    assert [row["success"] for row in done] == ["true", "true", "false", "false"]
    foreign = soap.call("<emptyRecycleBin><ids>00Q000000000001</ids></emptyRecycleBin>")
    assert (foreign["success"], foreign["errors"]["statusCode"]) == ("false", "INVALID_ID_FIELD")
    for gone in (lead, contact):
        refused = soap.call(f"<undelete><ids>{gone}</ids></undelete>")
        assert refused["errors"]["statusCode"] == "UNDELETE_FAILED"
    assert found(client, lead) == [True]
    start = org.clock.now()
    org.clock.advance(hours=25)
    client = again(org, client)
    assert found(client, lead, alive) == [False, True]
    assert log(client, start, org.clock.now())[0] == {lead}


def test_a_purge_cuts_the_log(org: Org, client: Client) -> None:
    lead = client.create("Lead", **LEAD)
    start = org.clock.now() - timedelta(minutes=2)
    client.delete(f"sobjects/Lead/{lead}")
    org.clock.advance(minutes=5)
    assert log(client, start, org.clock.now())[0] == {lead}
    org.empty_recycle_bin()
    assert found(client, lead) == [False]
    ids, earliest = log(client, start, org.clock.now())
    assert (ids, earliest > start.strftime("%Y-%m-%dT%H:%M:%S")) == (set(), True)


def test_a_full_bin_drops_its_oldest_rows_after_two_hours(org: Org, client: Client) -> None:
    org.set_recycle_bin_capacity(2)
    leads = [client.create("Lead", **LEAD) for _ in range(3)]
    for lead in leads:
        client.delete(f"sobjects/Lead/{lead}")
        org.clock.advance(minutes=30)
    org.clock.advance(minutes=20)
    assert found(client, *leads) == [True, True, True]
    org.clock.advance(minutes=80)
    client = again(org, client)
    assert found(client, *leads) == [False, True, True]


def test_hard_deletes_leave_only_the_log(org: Org, client: Client) -> None:
    order = {"operation": "hardDelete", "object": "Lead"}
    assert code(client.post("jobs/ingest", order)) == (400, "FEATURENOTENABLED")
    org.set_permission("BulkApiHardDelete", True)
    start = org.clock.now() - timedelta(minutes=2)
    lead, kept = (client.create("Lead", **LEAD) for _ in range(2))
    path = client.ingest("hardDelete", "Lead", f"Id\n{lead}\n")
    assert client.get(path).json()["numberRecordsFailed"] == 0
    assert found(client, lead, kept) == [False, True]
    org.clock.advance(minutes=2)
    assert log(client, start, org.clock.now())[0] == {lead}
