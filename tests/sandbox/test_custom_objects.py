"""Custom objects and fields over every API, and what an administrator changes while the org runs."""

from __future__ import annotations

from typing import Any

import pytest
from http_client import Client, code

from sandbox import Org


def invoices(org: Org) -> None:
    org.add_object("Invoice__c", plural="Invoices", number_format="INV-{0000}", activities=True)
    org.add_field("Invoice__c", "Account__c", "MasterDetail", to="Account", child_relationship="Invoices")
    org.add_field("Invoice__c", "Contact__c", "Lookup", to="Contact")
    org.add_field("Invoice__c", "Amount__c", "Currency")
    org.add_object("Line__c", "Invoice Line")
    org.add_field("Line__c", "Invoice__c", "MasterDetail", to="Invoice__c", child_relationship="Lines")
    org.add_field("Line__c", "Key__c", "Text", external_id=True, unique=True, length=20)


def test_objects_of_ones_own_work_everywhere(org: Org, client: Client) -> None:
    invoices(org)
    known = {item["name"]: item for item in client.get("sobjects").json()["sobjects"]}
    assert (known["Invoice__c"]["keyPrefix"], known["Invoice__c"]["custom"]) == ("a00", True)
    described = client.get("sobjects/Invoice__c/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    assert "OwnerId" not in fields
    assert "OwnerId" in {f["name"] for f in client.get("sobjects/Lead/describe").json()["fields"]}
    assert (fields["Name"]["autoNumber"], fields["Name"]["createable"]) == (True, False)
    assert (fields["Account__c"]["cascadeDelete"], fields["Account__c"]["relationshipName"]) == (
        True,
        "Account__r",
    )
    above = client.get("sobjects/Account/describe").json()["childRelationships"]
    assert {"Invoices__r"} <= {child["relationshipName"] for child in above}

    account = client.create("Account", Name="A")
    contact = client.create("Contact", LastName="C", AccountId=account)
    first = client.create("Invoice__c", Account__c=account, Contact__c=contact, Amount__c=12.345)
    client.create("Invoice__c", Account__c=account, Amount__c=1)
    made = client.get(f"sobjects/Invoice__c/{first}").json()
    assert (made["Name"], made["Amount__c"], first[:3]) == ("INV-0001", 12.35, "a00")
    line = client.patch("sobjects/Line__c/Key__c/k1", {"Invoice__c": first}).json()["id"]
    assert client.get(f"sobjects/Line__c/{line}").json()["Name"] == line
    found = client.query(
        "SELECT Name, Invoice__r.Name, Invoice__r.Account__r.Name, Invoice__r.Contact__r.LastName FROM Line__c"
    ).json()["records"][0]
    assert (found["Invoice__r"]["Account__r"]["Name"], found["Invoice__r"]["Contact__r"]["LastName"]) == (
        "A",
        "C",
    )
    below = client.query(
        f"SELECT Name, (SELECT Name, (SELECT Key__c FROM Lines__r) FROM Invoices__r ORDER BY Name) "
        f"FROM Account WHERE Id = '{account}'"
    ).json()["records"][0]["Invoices__r"]["records"]
    assert [row["Name"] for row in below] == ["INV-0001", "INV-0002"]
    assert below[0]["Lines__r"]["records"][0]["Key__c"] == "k1"
    assert client.create("Task", WhatId=first)

    text = f"Key__c,Invoice__c\nk2,{first}\nk3,{first}\n"
    path = client.ingest("upsert", "Line__c", text, externalIdFieldName="Key__c")
    assert client.get(path).json()["numberRecordsFailed"] == 0
    assert len(client.bulk_query("SELECT Id, Name FROM Line__c")) == 3
    rows = [{"attributes": {"type": "Line__c"}, "Invoice__c": first, "Key__c": "k2"}]
    twice = client.post("composite/sobjects", {"records": rows}).json()[0]
    assert twice["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert code(client.post("sobjects/Invoice__c", {"Amount__c": 1})) == (400, "REQUIRED_FIELD_MISSING")

    client.delete(f"sobjects/Account/{account}")
    gone = client.query("SELECT IsDeleted FROM Line__c", "queryAll").json()["records"]
    assert [row["IsDeleted"] for row in gone] == [True, True, True]
    org.undelete("Account", account)
    assert org.count("Line__c") == 3


KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Text": ("a", {}),
    "TextArea": ("a\nb", {}),
    "LongTextArea": ("x" * 3000, {}),
    "Html": ("<p>a</p>", {}),
    "Number": (5, {}),
    "Currency": (5.25, {}),
    "Percent": (5.5, {}),
    "Date": ("2026-05-01", {}),
    "DateTime": ("2026-05-01T10:00:00.000+0000", {}),
    "Time": ("10:00:00.000Z", {}),
    "Checkbox": (True, {}),
    "Picklist": ("One", {"values": ["One", "Two"], "restricted": True}),
    "MultiselectPicklist": ("One;Two", {"values": ["One", "Two"]}),
    "Email": ("a@b.example", {}),
    "Phone": ("1", {}),
    "Url": ("https://a.example", {}),
}


def test_fields_of_every_type(org: Org, client: Client) -> None:
    org.add_object("Thing__c")
    for kind, (_, flags) in KINDS.items():
        org.add_field("Thing__c", f"{kind}_F__c", kind, **flags)
    org.add_field("Thing__c", "Place__c", "Location")
    org.add_field("Thing__c", "Needed__c", "Text", required=True)
    values = {f"{kind}_F__c": value for kind, (value, _) in KINDS.items()}
    place = {"Place__Latitude__s": 48.2, "Place__Longitude__s": 16.4}
    thing = client.create("Thing__c", Needed__c="n", **values, **place)
    read = client.get(f"sobjects/Thing__c/{thing}").json()
    assert {name: read[name] for name in values} == values
    assert read["Place__c"] == {"latitude": 48.2, "longitude": 16.4}
    near = "SELECT Place__c FROM Thing__c WHERE DISTANCE(Place__c, GEOLOCATION(48.2, 16.4), 'km') < 1"
    assert client.query(near).json()["records"][0]["Place__c"]["latitude"] == 48.2
    fields = {item["name"]: item for item in client.get("sobjects/Thing__c/describe").json()["fields"]}
    assert (fields["Html_F__c"]["htmlFormatted"], fields["Html_F__c"]["extraTypeInfo"]) == (
        True,
        "richtextarea",
    )
    assert (fields["Place__c"]["type"], fields["Place__Latitude__s"]["compoundFieldName"]) == (
        "location",
        "Place__c",
    )
    assert code(client.post("sobjects/Thing__c", {})) == (400, "REQUIRED_FIELD_MISSING")
    org.add_field("Thing__c", "Number__c", "AutoNumber", number_format="T-{00}")
    assert client.get(f"sobjects/Thing__c/{thing}").json()["Number__c"] == "T-01"
    org.delete_field("Thing__c", "Place__c")
    assert "Place__Latitude__s" not in client.get(f"sobjects/Thing__c/{thing}").json()


def test_the_schema_moves_under_a_running_client(org: Org, client: Client) -> None:
    invoices(org)
    account = client.create("Account", Name="A")
    client.create("Invoice__c", Account__c=account, Amount__c=3)
    before = org.snapshot()
    org.rename_field("Invoice__c", "Amount__c", "Total__c")
    org.retype_field("Invoice__c", "Total__c", "Text")
    assert client.query("SELECT Total__c FROM Invoice__c").json()["records"][0]["Total__c"] == "3.0"
    org.hide_object("Invoice__c")
    assert code(client.query("SELECT Id FROM Invoice__c")) == (400, "INVALID_TYPE")
    assert code(client.query("SELECT Invoice__r.Name FROM Line__c")) == (400, "INVALID_FIELD")
    assert "Invoice__c" not in {item["name"] for item in client.get("sobjects").json()["sobjects"]}
    org.show_object("Invoice__c")
    org.delete_object("Invoice__c")
    assert code(client.get("sobjects/Invoice__c/describe")) == (404, "NOT_FOUND")
    assert "Invoice__c" not in {f["name"] for f in client.get("sobjects/Line__c/describe").json()["fields"]}
    org.restore(before)
    assert client.query("SELECT Amount__c FROM Invoice__c").json()["records"][0]["Amount__c"] == 3


REFUSED: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("Invoice__c", "x", "Nonsense", {}, "is no type of field"),
    ("Invoice__c", "Amount__c", "Text", {}, "already"),
    ("Invoice__c", "9__c", "Text", {}, "no name of a custom field"),
    ("Invoice__c", "L__c", "Lookup", {"to": "Nothing"}, "no object Nothing"),
    ("Invoice__c", "L__c", "Lookup", {}, "what the lookup points to"),
    ("Lead", "M__c", "MasterDetail", {"to": "Account"}, "cannot have another master-detail"),
    ("Invoice__c", "A__c", "AutoNumber", {"number_format": "INV"}, "auto-number format"),
    ("Invoice__c", "A__c", "Text", {"lenght": 3}, "lenght"),
]


def test_what_cannot_be_set_up_says_why(org: Org) -> None:
    invoices(org)
    for obj, name, kind, flags, message in REFUSED:
        before = list(org.core.schema[obj].fields)
        with pytest.raises(ValueError, match=message):
            org.add_field(obj, name, kind, **flags)
        assert list(org.core.schema[obj].fields) == before
    with pytest.raises(ValueError, match="already"):
        org.add_object("invoice__C")
    with pytest.raises(ValueError, match="no name of a custom object"):
        org.add_object("Invoice")
    with pytest.raises(ValueError, match="standard object"):
        org.delete_object("Lead")


def test_it_all_survives_in_the_file(tmp_path: Any) -> None:
    org = Org(people=0, path=tmp_path / "org.duckdb")
    invoices(org)
    account = org.create("Account", {"Name": "A"})
    org.create("Invoice__c", {"Account__c": account, "Amount__c": 4})
    org.add_formula("Invoice__c", "Double__c", "Amount__c * 2", "number")
    org.add_rollup("Account", "Sum__c", "Invoice__c", "SUM", "Amount__c")
    org.set_sharing("Lead", "Private")
    org.close()
    again = Org(path=tmp_path / "org.duckdb")
    assert again.query("SELECT Double__c, Account__r.Sum__c FROM Invoice__c")[0]["Double__c"] == 8
    assert again.core.sharing.defaults == {"Lead": "Private"}
    again.create("Invoice__c", {"Account__c": account, "Amount__c": 6})
    assert again.query("SELECT Sum__c FROM Account")[0]["Sum__c"] == 10
    assert [row["Name"] for row in again.query("SELECT Name FROM Invoice__c ORDER BY Name")] == [
        "INV-0001",
        "INV-0002",
    ]
    again.close()
