"""Single records over REST: answers, refusals, life and death."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from http_client import Client, code

from sandbox import Org


def test_create_read_change_delete(org: Org, client: Client) -> None:
    answer = client.post(
        "sobjects/Lead", {"FirstName": " Zoë ", "LastName": "X 😀", "Company": "C", "Title": ""}
    )
    assert answer.status_code == 201
    record_id = answer.json()["id"]
    assert answer.json() == {"id": record_id, "success": True, "errors": []}
    assert answer.headers["Location"] == f"/services/data/v60.0/sobjects/Lead/{record_id}"
    org.clock.advance(5)
    assert client.patch(f"sobjects/Lead/{record_id}", {"Title": "CEO"}).status_code == 204
    lead = client.get(f"sobjects/Lead/{record_id[:15]}").json()
    assert (lead["Name"], lead["FirstName"], lead["Title"]) == ("Zoë X 😀", "Zoë", "CEO")
    assert lead["attributes"] == {"type": "Lead", "url": f"/services/data/v60.0/sobjects/Lead/{record_id}"}
    assert lead["OwnerId"] == lead["LastModifiedById"] == org.sync_user_id
    assert lead["SystemModstamp"] == lead["LastModifiedDate"] > lead["CreatedDate"]
    assert lead["SystemModstamp"].endswith(".000+0000")
    few = client.get(f"sobjects/Lead/{record_id}", params={"fields": "Title,Address"}).json()
    assert set(few) == {"attributes", "Id", "Title", "Address"}
    assert client.delete(f"sobjects/Lead/{record_id}").status_code == 204
    assert code(client.delete(f"sobjects/Lead/{record_id}")) == (404, "ENTITY_IS_DELETED")
    assert code(client.get(f"sobjects/Lead/{record_id}")) == (404, "NOT_FOUND")
    assert code(client.patch(f"sobjects/Lead/{record_id}", {"Title": "x"})) == (404, "ENTITY_IS_DELETED")


def test_ids_that_never_were(client: Client) -> None:
    ghost = "00Q5e0000ZZZZZZ"
    assert code(client.get(f"sobjects/Lead/{ghost}")) == (404, "NOT_FOUND")
    assert code(client.patch(f"sobjects/Lead/{ghost}", {"Title": "x"})) == (
        404,
        "INVALID_CROSS_REFERENCE_KEY",
    )
    assert code(client.delete(f"sobjects/Lead/{ghost}")) == (404, "INVALID_CROSS_REFERENCE_KEY")
    assert code(client.get("sobjects/Nothing/describe")) == (404, "NOT_FOUND")
    put = client.call("PUT", f"sobjects/Lead/{ghost}", json={})
    assert code(put) == (405, "METHOD_NOT_ALLOWED")
    nowhere = client.get("nothing/here")
    assert code(nowhere) == (404, "NOT_FOUND")
    assert all(answer.headers["Sforce-Limit-Info"].startswith("api-usage=") for answer in (put, nowhere))
    client.session.headers.pop("Authorization")
    assert code(client.get("nothing/here")) == (401, "INVALID_SESSION_ID")


REFUSALS = [
    ({"FirstName": "x"}, "REQUIRED_FIELD_MISSING", ["LastName", "Company"]),
    ({"LastName": "x", "Company": "c", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
    ({"LastName": "x" * 81, "Company": "c"}, "STRING_TOO_LONG", ["LastName"]),
    (
        {"LastName": "x", "Company": "c", "Favorite_Color__c": "Mauve"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["Favorite_Color__c"],
    ),
    ({"LastName": "x", "Company": "c", "Name": "n"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
    ({"LastName": "x", "Company": "c", "OwnerId": "005x"}, "MALFORMED_ID", ["OwnerId"]),
    (
        {"LastName": "x", "Company": "c", "NumberOfEmployees": 10**12},
        "NUMBER_OUTSIDE_VALID_RANGE",
        ["NumberOfEmployees"],
    ),
]


@pytest.mark.parametrize(("values", "expected", "fields"), REFUSALS)
def test_refusals_name_code_and_fields(
    org: Org, client: Client, values: dict[str, object], expected: str, fields: list[str]
) -> None:
    before = org.count("Lead")
    answer = client.post("sobjects/Lead", values)
    assert answer.status_code == 400
    error = answer.json()[0]
    assert (error["errorCode"], error["fields"]) == (expected, fields)
    assert set(error) == {"errorCode", "message", "fields"}
    assert org.count("Lead") == before


def test_wrong_json_points_to_its_place(client: Client) -> None:
    answer = client.post("sobjects/Lead", data='{"LastName": "x",\n "AnnualRevenue": "banana"}')
    assert code(answer) == (400, "JSON_PARSER_ERROR")
    assert answer.json()[0]["message"] == (
        "Cannot deserialize instance of currency from VALUE_STRING value banana or request may be missing a "
        "required field at [line:2, column:19]"
    )
    cut = client.post("sobjects/Lead", data='{"LastName":')
    assert cut.json()[0]["message"] == "Unexpected end-of-input at [line:1, column:13]"
    bare = client.post("sobjects/Lead", data='{"LastName": "x", Title: "y"}')
    assert bare.json()[0]["message"] == (
        "Unexpected character ('T' (code 84)): was expecting double-quote to start field name "
        "at [line:1, column:19]"
    )
    assert code(client.post("sobjects/Lead", data="")) == (400, "JSON_PARSER_ERROR")
    assert code(client.post("sobjects/Lead", {"Nope": 1})) == (400, "INVALID_FIELD")


def test_upsert_by_external_id(org: Org, client: Client) -> None:
    path = "sobjects/Lead/Tandem_Id__c/key 1"
    made = client.patch(path, {"LastName": "a", "Company": "c"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    changed = client.patch(path.replace("key", "KEY"), {"LastName": "b"})
    assert (changed.status_code, changed.json()) == (
        200,
        {"id": made.json()["id"], "success": True, "errors": [], "created": False},
    )
    assert client.get(path).json()["LastName"] == "b"
    old = client.patch(f"/services/data/v45.0/{path}", {"LastName": "c"})
    assert (old.status_code, old.text) == (204, "")
    assert code(client.patch(path, {"Tandem_Id__c": "key 1"})) == (400, "INVALID_FIELD")
    assert code(client.patch("sobjects/Lead/Nope__c/1", {})) == (404, "NOT_FOUND")
    ids = [org.create("Lead", {"LastName": "d", "Company": "c", "Email": "two@x.example"}) for _ in range(2)]
    several = client.get("sobjects/Lead/Email/two@x.example")
    assert several.status_code == 300
    assert several.json() == [f"/services/data/v60.0/sobjects/Lead/{item}" for item in ids]


@pytest.mark.parametrize("value", ["a/b", "50%", "%2F", "a+b c", "?#&"])
def test_external_ids_are_taken_as_they_are(org: Org, client: Client, value: str) -> None:
    path = f"sobjects/Lead/Tandem_Id__c/{quote(value, safe='')}"
    made = client.patch(path, {"LastName": "a", "Company": "c"}).json()["id"]
    assert org.get("Lead", made)["Tandem_Id__c"] == value
    assert client.get(path).json()["Id"] == made
    part = {"method": "GET", "url": f"/services/data/v60.0/{path}", "referenceId": "r"}
    answer = client.post("composite", {"compositeRequest": [part]}).json()["compositeResponse"][0]
    assert answer["body"]["Id"] == made


def test_unique_values_are_unique(org: Org, client: Client) -> None:
    first = client.create("Lead", LastName="a", Company="c", Tandem_Id__c="same")
    answer = client.post("sobjects/Lead", {"LastName": "a", "Company": "c", "Tandem_Id__c": "SAME"})
    assert code(answer) == (400, "DUPLICATE_VALUE")
    assert first in answer.json()[0]["message"]
    org.delete("Lead", first)
    client.create("Lead", LastName="a", Company="c", Tandem_Id__c="same")


def test_parents_may_be_named_by_external_id(org: Org, client: Client) -> None:
    account = org.create("Account", {"Name": "A", "Customer_Number__c": "c-1"})
    contact = client.create("Contact", LastName="x", Account={"Customer_Number__c": "c-1"})
    assert org.get("Contact", contact)["AccountId"] == account
    answer = client.post("sobjects/Contact", {"LastName": "x", "Account": {"Customer_Number__c": "c-9"}})
    assert code(answer) == (400, "INVALID_FIELD")
    org.delete("Account", account)
    assert org.get("Contact", contact)["IsDeleted"] is True
    answer = client.post("sobjects/Contact", {"LastName": "x", "AccountId": account})
    assert code(answer) == (400, "ENTITY_IS_DELETED")


def test_undelete_brings_children_back(org: Org) -> None:
    account = org.create("Account", {"Name": "A"})
    contact = org.create("Contact", {"LastName": "x", "AccountId": account})
    org.delete("Account", account)
    before = org.get("Contact", contact)["SystemModstamp"]
    org.clock.advance(60)
    org.undelete("Account", account)
    after = org.get("Contact", contact)
    assert (after["IsDeleted"], after["SystemModstamp"] > before) == (False, True)


def test_validation_rules_see_what_automation_made(org: Org, client: Client) -> None:
    org.on_before_save("Lead", lambda old, new: {"Rating": "Hot"} if new.get("Title") == "boss" else None)
    org.add_validation_rule("Lead", "r", "Rating = 'Hot' AND Phone = null", "Hot leads need a phone", "Phone")
    answer = client.post("sobjects/Lead", {"LastName": "x", "Company": "c", "Title": "boss"})
    assert answer.json() == [
        {
            "message": "Hot leads need a phone",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Phone"],
        }
    ]
    record_id = client.create("Lead", LastName="x", Company="c", Title="boss", Phone="1")
    assert org.get("Lead", record_id)["Rating"] == "Hot"
    assert client.patch(f"sobjects/Lead/{record_id}", {"Phone": None}).status_code == 400


def test_conditional_requests(org: Org, client: Client) -> None:
    lead = client.create("Lead", LastName="x", Company="c")
    seen = client.get(f"sobjects/Lead/{lead}").headers["Last-Modified"]
    assert client.get(f"sobjects/Lead/{lead}", headers={"If-Modified-Since": seen}).status_code == 304
    org.clock.advance(2)
    org.update("Lead", lead, {"Title": "t"})
    late = client.patch(f"sobjects/Lead/{lead}", {"Title": "u"}, headers={"If-Unmodified-Since": seen})
    assert (late.status_code, org.get("Lead", lead)["Title"]) == (412, "t")
    wrong = client.patch(f"sobjects/Lead/{lead}", {"Title": "u"}, headers={"If-Unmodified-Since": "tomorrow"})
    assert wrong.status_code == 400
    account = client.create("Account", Name="A")
    tag = client.get(f"sobjects/Account/{account}").headers["ETag"]
    assert tag.endswith('=--gzip"')
    assert client.get(f"sobjects/Account/{account}", headers={"If-None-Match": tag}).status_code == 304
    org.clock.advance(2)
    org.update("Account", account, {"Site": "s"})
    assert (
        client.patch(f"sobjects/Account/{account}", {"Site": "t"}, headers={"If-Match": tag}).status_code
        == 412
    )


def test_late_commits_surface_with_old_stamps(org: Org, client: Client) -> None:
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    stamp = org.clock.now() - timedelta(minutes=5)
    org.write_late("Lead", lead, {"Title": "late"}, stamp=stamp)
    record = org.get("Lead", lead)
    assert (record["Title"], record["SystemModstamp"]) == ("late", stamp.replace(microsecond=0))


def test_mass_changes_have_one_stamp(org: Org) -> None:
    account = org.create("Account", {"Name": "Big"})
    org.create_many("Contact", [{"LastName": f"c{n}", "AccountId": account} for n in range(5001)])
    org.clock.advance(9)
    assert org.update_many("Contact", f"AccountId = '{account}'", {"Title": "t"}) == 5001
    where = f"AccountId = '{account}'"
    found = org.query(
        f"SELECT COUNT(Id) n, MIN(SystemModstamp) a, MAX(SystemModstamp) b FROM Contact WHERE {where}"
    )
    assert (found[0]["n"], found[0]["a"]) == (5001, found[0]["b"])
