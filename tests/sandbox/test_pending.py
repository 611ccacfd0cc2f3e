"""Single writes wait for the next question to the tables; nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from http_client import Client, code

from sandbox import Org

VALUES: dict[str, tuple[str, Any]] = {
    "Text__c": ("Text", "00000"),
    "Long__c": ("LongTextArea", 'a "b"\nc'),
    "Number__c": ("Number", 5),
    "Price__c": ("Currency", 0),
    "Share__c": ("Percent", "12.5"),
    "Tick__c": ("Checkbox", True),
    "Day__c": ("Date", "2024-02-29"),
    "Moment__c": ("DateTime", "2024-02-29T12:00:00+02:00"),
    "Mail__c": ("Email", "a@b.example"),
    "Site__c": ("Url", "https://a.example"),
}
"""Fields of a custom object: type, and what a client sends."""


def test_a_record_reads_alike_before_and_after_it_reached_its_table(org: Org, client: Client) -> None:
    org.add_object("Thing__c", number_format="T-{0}")
    for name, (kind, _) in VALUES.items():
        org.add_field("Thing__c", name, kind)
    org.add_field("Thing__c", "Unsaid__c", "Checkbox")
    org.add_field("Thing__c", "Place__c", "Location")
    sent = {name: value for name, (_, value) in VALUES.items()}
    made = client.create("Thing__c", **sent, Place__Latitude__s=52.5, Place__Longitude__s=13)
    path = f"sobjects/Thing__c/{made}"
    for change in ({}, {"Number__c": 7, "Text__c": None, "Tick__c": None}):
        assert client.patch(path, change).status_code == 204
        waiting = client.get(path).text
        assert org.count("Thing__c") == 1
        assert client.get(path).text == waiting
    assert '"Number__c":7.0' in waiting
    assert '"Moment__c":"2024-02-29T10:00:00.000+0000"' in waiting


def test_every_way_of_reading_sees_a_single_write_at_once(org: Org, client: Client) -> None:
    ways = {
        "row": lambda: client.get(f"sobjects/Lead/{lead}").json()["Title"],
        "external id": lambda: client.get("sobjects/Lead/Tandem_Id__c/p1").json()["Title"],
        "collection": lambda: client.get(f"composite/sobjects/Lead?ids={lead}&fields=Title").json()[0][
            "Title"
        ],
        "id": lambda: client.query(f"SELECT Title FROM Lead WHERE Id = '{lead}'").json()["records"][0][
            "Title"
        ],
        "value": lambda: client.query("SELECT Title FROM Lead WHERE Tandem_Id__c = 'P1'").json()["records"][
            0
        ]["Title"],
        "bulk": lambda: client.bulk_query(f"SELECT Title FROM Lead WHERE Id = '{lead}'")[0]["Title"],
    }
    lead = client.create("Lead", LastName="x", Company="c", Tandem_Id__c="p1", Title="made")
    for name, read in ways.items():
        assert client.patch("sobjects/Lead/Tandem_Id__c/p1", {"Title": name}).json()["id"] == lead
        assert read() == name
        client.create("Lead", LastName=name, Company="c")
        assert client.patch(f"sobjects/Lead/{lead}", {"Title": f"again {name}"}).status_code == 204
        assert read() == f"again {name}", name
    assert client.delete(f"sobjects/Lead/{lead}").status_code == 204
    assert code(client.get(f"sobjects/Lead/{lead}")) == (404, "NOT_FOUND")


def test_a_value_that_waits_is_taken(client: Client) -> None:
    first = client.create("Lead", LastName="x", Company="c", Tandem_Id__c="Before")
    assert client.patch(f"sobjects/Lead/{first}", {"Tandem_Id__c": "Now"}).status_code == 204
    twice = client.post("sobjects/Lead", {"LastName": "y", "Company": "c", "Tandem_Id__c": "nOW"})
    assert code(twice) == (400, "DUPLICATE_VALUE")
    assert first in twice.json()[0]["message"]
    client.create("Lead", LastName="y", Company="c", Tandem_Id__c="Before")


@pytest.mark.parametrize("known", [False, True])
def test_what_was_rolled_back_never_was(org: Org, client: Client, known: bool) -> None:
    lead = client.create("Lead", LastName="x", Company="c", Title="kept")
    before = org.count("Lead") if known else None
    url = "/services/data/v60.0/sobjects/Lead"
    parts = [
        {"method": "POST", "url": url, "referenceId": "a", "body": {"LastName": "gone", "Company": "c"}},
        {"method": "PATCH", "url": f"{url}/{lead}", "referenceId": "b", "body": {"Title": "gone"}},
        {"method": "POST", "url": url, "referenceId": "c", "body": {"LastName": "no company"}},
    ]
    answer = client.post("composite", {"allOrNone": True, "compositeRequest": parts}).json()
    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [400, 400, 400]
    assert client.get(f"sobjects/Lead/{lead}").json()["Title"] == "kept"
    assert before in (None, org.count("Lead"))
    assert org.query("SELECT Id FROM Lead WHERE LastName = 'gone'") == []


def test_fields_change_under_writes_that_wait(org: Org, client: Client) -> None:
    for name in ("Old__c", "Doomed__c", "Number__c"):
        org.add_field("Lead", name, "Text")
    made = [
        client.create("Lead", LastName="x", Company="c", Old__c=f"o{n}", Doomed__c="d", Number__c=f"{n}")
        for n in range(6)
    ]
    org.delete_field("Lead", "Doomed__c")
    client.patch(f"sobjects/Lead/{made[0]}", {"Old__c": "new"})
    org.rename_field("Lead", "Old__c", "New__c")
    client.patch(f"sobjects/Lead/{made[1]}", {"Number__c": "11"})
    org.retype_field("Lead", "Number__c", "Number")
    rows = [client.get(f"sobjects/Lead/{lead}").json() for lead in made]
    assert [row["New__c"] for row in rows] == ["new", "o1", "o2", "o3", "o4", "o5"]
    assert [row["Number__c"] for row in rows] == [0.0, 11.0, 2.0, 3.0, 4.0, 5.0]
    assert not {"Old__c", "Doomed__c"} & rows[0].keys()


def test_a_snapshot_holds_what_waits(org: Org, client: Client) -> None:
    lead = client.create("Lead", LastName="x", Company="c", Title="then")
    kept = org.snapshot()
    client.patch(f"sobjects/Lead/{lead}", {"Title": "later"})
    later = client.create("Lead", LastName="y", Company="c")
    org.restore(kept)
    assert client.get(f"sobjects/Lead/{lead}").json()["Title"] == "then"
    assert code(client.get(f"sobjects/Lead/{later}")) == (404, "NOT_FOUND")


def test_nothing_waits_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "org.duckdb"
    org = Org(people=5, path=path)
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    org.core.store.close()  # as a killed process would
    again = Org(path=path)
    assert again.get("Lead", lead)["LastName"] == "x"
    again.close()
