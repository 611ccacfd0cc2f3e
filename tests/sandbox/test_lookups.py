"""Finding records by external id stays right through everything that may happen to their values."""

from __future__ import annotations

import pytest
from http_client import Client, code

from sandbox import Org
from sandbox.org import RefusedByOrg

KEY = "Tandem_Id__c"


def test_values_come_and_go(org: Org, client: Client) -> None:
    def named(value: str) -> int:
        return client.get(f"sobjects/Lead/{KEY}/{value}?fields=Id").status_code

    lead = client.create("Lead", LastName="x", Company="c", Tandem_Id__c="One")
    assert [named("ONE"), named("two")] == [200, 404]
    client.patch(f"sobjects/Lead/{lead}", {KEY: "Two"})
    assert [named("one"), named("two")] == [404, 200]
    client.delete(f"sobjects/Lead/{lead}")
    assert named("two") == 404
    org.undelete("Lead", lead)
    assert named("two") == 200
    org.create_many("Lead", [{"LastName": "m", "Company": "c", KEY: f"m{n}"} for n in range(300)])
    assert [named("m0"), named("m299"), named("m300")] == [200, 200, 404]
    assert code(client.post("sobjects/Lead", {"LastName": "x", "Company": "c", KEY: "M7"}))[1] == (
        "DUPLICATE_VALUE"
    )
    kept = org.snapshot()
    client.patch(f"sobjects/Lead/{lead}", {KEY: "three"})
    org.restore(kept)
    assert [named("two"), named("three")] == [200, 404]
    org.rename_field("Lead", KEY, "Other__c")
    assert client.get("sobjects/Lead/Other__c/two").status_code == 200


def test_a_rolled_back_value_is_free(org: Org, client: Client) -> None:
    good = {"LastName": "x", "Company": "c", KEY: "free"}
    with pytest.raises(RefusedByOrg):
        org.create_many("Lead", [good, {"LastName": "x"}])
    records = [{"attributes": {"type": "Lead"}, **good}, {"attributes": {"type": "Account"}, "Phone": "1"}]
    answer = client.post("composite/sobjects", {"allOrNone": True, "records": records})
    assert [row["success"] for row in answer.json()] == [False, False]
    assert client.post("sobjects/Lead", good).status_code == 201
