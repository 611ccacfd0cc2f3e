"""Recent items: what the caller wrote or said it looked at, the newest first."""

from __future__ import annotations

from http_client import Client, code

from sandbox import Org


def names(client: Client, path: str) -> list[str]:
    return [row["Name"] for row in client.get(path).json()]


def test_recent_items(org: Org, client: Client) -> None:
    lead = client.create("Lead", LastName="first", Company="c")
    account = client.create("Account", Name="second")
    client.create("Task", Subject="never listed")
    hidden = client.create("Lead", LastName="hidden", Company="c")
    org.hide_record("Lead", hidden)
    quiet = {"Sforce-Mru": "updateMru=false"}
    client.post("sobjects/Lead", {"LastName": "quiet", "Company": "c"}, headers=quiet)
    assert names(client, "recent") == ["second", "first"]
    client.patch(f"sobjects/Lead/{lead}", {"Title": "t"})
    assert names(client, "recent?limit=1") == ["first"]
    assert client.get("recent?limit=1").json()[0] == {
        "attributes": {"type": "Lead", "url": f"/services/data/v60.0/sobjects/Lead/{lead}"},
        "Id": lead,
        "Name": "first",
    }
    basics = client.get("sobjects/Account").json()
    assert [row["Id"] for row in basics["recentItems"]] == [account]
    contact = client.query("SELECT Id, Name FROM Contact LIMIT 1 FOR VIEW").json()["records"][0]
    assert names(client, "recent")[0] == contact["Name"]
    client.delete(f"sobjects/Lead/{lead}")
    assert names(client, "recent") == [contact["Name"], "second"]
    assert code(client.get("recent?limit=0")) == (400, "INVALID_FIELD")
