"""Permission sets and object permissions: what a set adds to the profile, for those who have it and no longer."""

from __future__ import annotations

import pytest
from http_client import Client, code

from sandbox import Org

LEAD = {"LastName": "x", "Company": "c"}
REFUSED = (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def flags(client: Client, *names: str) -> list[bool]:
    described = client.get("sobjects/Lead/describe").json()
    return [described[name] for name in names]


def test_object_permissions(org: Org, client: Client) -> None:
    lead = client.create("Lead", **LEAD)
    for operation in ("Create", "Edit", "Delete"):
        org.set_object_permission("Lead", operation, False)
    assert flags(client, "createable", "updateable", "deletable") == [False] * 3
    assert code(client.post("sobjects/Lead", LEAD)) == REFUSED
    assert code(client.patch(f"sobjects/Lead/{lead}", {"Title": "t"})) == REFUSED
    assert code(client.delete(f"sobjects/Lead/{lead}")) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert client.get(f"sobjects/Lead/{lead}").status_code == 200
    seller = org.add_permission_set("Seller", objects={"Lead": ["Edit"]})
    assert code(client.patch(f"sobjects/Lead/{lead}", {"Title": "t"})) == REFUSED
    org.assign_permission_set(seller)
    assert flags(client, "createable", "updateable", "deletable") == [False, True, False]
    assert client.patch(f"sobjects/Lead/{lead}", {"Title": "t"}).status_code == 204
    org.set_object_permission("Lead", "Read", False)
    # Edit takes Read for granted.
    assert client.get(f"sobjects/Lead/{lead}").json()["Title"] == "t"
    org.unassign_permission_set(seller)
    assert code(client.get("sobjects/Lead/describe")) == (404, "NOT_FOUND")
    org.show_object("Lead")
    assert code(client.patch(f"sobjects/Lead/{lead}", {"Title": "u"})) == REFUSED


def test_some_objects_are_not_anybodys_to_write(org: Org, client: Client) -> None:
    house = org.query("SELECT Id, Name FROM Organization")[0]
    entry = {"attributes": {"type": "Organization"}, "id": house["Id"], "Name": "Mine"}
    changed = client.patch("composite/sobjects", {"records": [entry]}).json()[0]
    made = client.post("sobjects/Organization", {"Name": "Another"})
    gone = client.delete(f"sobjects/Organization/{house['Id']}")
    assert changed["errors"][0]["statusCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert (code(made), code(gone)) == (REFUSED, (403, "INSUFFICIENT_ACCESS_OR_READONLY"))
    assert org.query("SELECT Id, Name FROM Organization") == [house]


def test_fields_of_a_set(org: Org, client: Client) -> None:
    org.hide_field("Lead", "Rating")
    org.hide_field("Lead", "Industry")
    org.set_field_read_only("Lead", "Title")
    seen = client.get("sobjects/Lead/describe").headers["Last-Modified"]
    made = org.add_permission_set(
        "Fields", fields={"Lead": ["Industry", "Title"]}, read_only={"Lead": ["Rating"]}
    )
    org.assign_permission_set(made)
    again = client.get("sobjects/Lead/describe", headers={"If-Modified-Since": seen})
    assert again.status_code == 200
    writable = {item["name"]: item["updateable"] for item in again.json()["fields"]}
    assert (writable["Rating"], writable["Industry"], writable["Title"]) == (False, True, True)
    lead = client.create("Lead", **LEAD, Industry="Energy", Title="t")
    assert client.get(f"sobjects/Lead/{lead}").json()["Rating"] is None
    assert (
        code(client.patch(f"sobjects/Lead/{lead}", {"Rating": "Hot"}))[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    )


def test_system_permissions_of_a_set(org: Org, client: Client) -> None:
    org.set_sharing("Lead", "Private")
    lead = org.create("Lead", {**LEAD, "OwnerId": org.admin_id})
    path = f"sobjects/Lead/{lead}"
    viewer = org.add_permission_set("Viewer", permissions=["ViewAllData"])
    assert code(client.get(path)) == (404, "NOT_FOUND")
    org.assign_permission_set(viewer)
    assert client.get(path).status_code == 200
    assert code(client.patch(path, {"Title": "t"}))[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.unassign_permission_set(viewer)
    keeper = org.add_permission_set("Keeper", objects={"Lead": ["ModifyAll"]})
    org.assign_permission_set(keeper)
    assert client.patch(path, {"Title": "t"}).status_code == 204
    shown = client.query(
        "SELECT PermissionSet.Name, PermissionSet.PermissionsViewAllData FROM PermissionSetAssignment "
        f"WHERE AssigneeId = '{org.sync_user_id}' AND PermissionSet.IsOwnedByProfile = false"
    ).json()["records"]
    assert [row["PermissionSet"]["Name"] for row in shown] == ["Keeper"]
    kept = org.snapshot()
    org.unassign_permission_set(keeper)
    assert code(client.get(path)) == (404, "NOT_FOUND")
    org.restore(kept)
    assert client.get(path).status_code == 200


def test_sets_that_cannot_be(org: Org) -> None:
    for wrong, said in (
        ({"permissions": ["Fly"]}, "no permission Fly"),
        ({"objects": {"Lead": ["Fly"]}}, "a set grants Read"),
        ({"objects": {"Nope": ["Read"]}}, "no object Nope"),
        ({"fields": {"Lead": ["Nope"]}}, "no field Nope"),
    ):
        with pytest.raises((LookupError, ValueError), match=said):
            org.add_permission_set("Wrong", **wrong)
    with pytest.raises(LookupError, match="no permission set"):
        org.assign_permission_set("0PS000000000000")
    with pytest.raises(ValueError, match="a profile grants"):
        org.set_object_permission("Lead", "ViewAll", True)
