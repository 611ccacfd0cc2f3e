"""Formulas and roll-ups: what they say, whose stamp moves, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from http_client import Client, code

from sandbox import Org, Server


def test_formulas_are_computed_when_read_and_no_stamp_moves(org: Org, client: Client) -> None:
    org.add_formula("Contact", "Label__c", 'Account.Name & ": " & IF(ISBLANK(Title), "-", Title)')
    org.add_formula("Contact", "Shout__c", 'Label__c & "!"')
    org.add_formula(
        "Contact", "Old__c", "AND(NOT(ISBLANK(Birthdate)), Birthdate < TODAY() - 365)", "checkbox"
    )
    account = client.create("Account", Name="A")
    contact = client.create("Contact", LastName="C", AccountId=account, Birthdate="2000-01-01")
    described = {f["name"]: f for f in client.get("sobjects/Contact/describe").json()["fields"]}
    flags = described["Label__c"]
    assert (flags["calculated"], flags["createable"], flags["updateable"], flags["length"]) == (
        True,
        False,
        False,
        1300,
    )
    assert flags["calculatedFormula"].startswith("Account.Name")
    before = client.get(f"sobjects/Contact/{contact}").json()
    assert (before["Shout__c"], before["Old__c"]) == ("A: -!", True)
    org.clock.advance(60)
    client.patch(f"sobjects/Account/{account}", {"Name": "B"})
    org.change_formula("Contact", "Shout__c", 'Label__c & "?"')
    after = client.get(f"sobjects/Contact/{contact}").json()
    assert (after["Shout__c"], after["SystemModstamp"]) == ("B: -?", before["SystemModstamp"])
    for asked in ("WHERE Shout__c = 'b: -?'", "WHERE Shout__c LIKE 'B:%' ORDER BY Shout__c"):
        assert client.query(f"SELECT Id FROM Contact {asked}").json()["totalSize"] == 1
    assert client.bulk_query(f"SELECT Shout__c FROM Contact WHERE Id = '{contact}'") == [
        {"Shout__c": "B: -?"}
    ]
    task = client.create("Task", WhoId=contact)
    typed = f"SELECT TYPEOF Who WHEN Contact THEN Label__c END FROM Task WHERE Id = '{task}'"
    assert client.query(typed).json()["records"][0]["Who"]["Label__c"] == "B: -"
    org.hide_field("Contact", "AccountId")
    assert client.query(f"SELECT Label__c FROM Contact WHERE Id = '{contact}'").json()["totalSize"] == 1
    assert code(client.query("SELECT Label__c, Account.Name FROM Contact")) == (400, "INVALID_FIELD")
    org.show_field("Contact", "AccountId")
    refused = client.patch(f"sobjects/Contact/{contact}", {"Label__c": "x"})
    assert code(refused) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    org.add_validation_rule("Contact", "r", "Label__c LIKE 'Bad%'", "no")
    bad = client.create("Account", Name="Bad")
    assert code(client.patch(f"sobjects/Contact/{contact}", {"AccountId": bad})) == (
        400,
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    )


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("AnnualRevenue * 2 + 1 - 1 / 4", "number", 200.75),
        ("AnnualRevenue / NumberOfEmployees", "number", None),
        ("(1 + 2) * 3", "number", 9),
        ("-AnnualRevenue + NumberOfEmployees", "currency", -100),
        ('IF(AnnualRevenue >= 100, "big", "small")', "text", "big"),
        ("IF(ISBLANK(Phone), NULL, Phone)", "text", None),
        ("TEXT(Rating) & TEXT(AnnualRevenue) & TEXT(TODAY())", "text", "Hot1002024-02-29"),
        ('OR(Name = "acme", Name <> "Acme", AND(TRUE, FALSE))', "checkbox", False),
        ('Name = "Acme"', "checkbox", True),
        ("TODAY() + 1", "date", "2024-03-01"),
        ("TODAY() - (TODAY() - 7)", "number", 7),
        ('Owner.LastName + "!"', "text", "Admin!"),
        ("CreatedDate + 0.5", "datetime", "2024-03-01T01:30:00.000+0000"),
        ('"it\'s " & \'"q"\'', "text", 'it\'s "q"'),
    ],
)
def test_the_language(org: Org, text: str, kind: str, value: object) -> None:
    org.clock.set(datetime(2024, 2, 29, 13, 30, tzinfo=UTC))
    account = org.create("Account", {"Name": "Acme", "AnnualRevenue": 100, "Rating": "Hot"})
    org.add_formula("Account", "F__c", text, kind)
    assert org.query(f"SELECT F__c FROM Account WHERE Id = '{account}'")[0]["F__c"] == value


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("VLOOKUP(Name)", "text", "Unknown function VLOOKUP"),
        ("Nmae", "text", "Field Nmae does not exist"),
        ("Owner.Manager.Name", "text", "direct parents"),
        ("Owner.Nmae", "text", "Field Owner.Nmae does not exist"),
        ("Rating", "text", "picklist field"),
        ("Description", "text", "may not be used"),
        ("Name * 2", "number", "Incorrect parameter type for operator"),
        ("Name = 2", "checkbox", "Incorrect parameter type for operator"),
        ("IF(Name, 1, 2)", "number", "Incorrect parameter type for function 'IF"),
        ("IF(TRUE, 1)", "number", "Incorrect number of parameters"),
        ("1 + ", "number", "Syntax error"),
        ("(1", "number", "Syntax error"),
        ("1 ^ 2", "number", "Syntax error"),
        ("1 1", "number", "Syntax error"),
        ("TRUE && TRUE", "checkbox", "Syntax error"),
        ("1", "text", "incompatible with expected data type"),
        ("F__c", "text", "does not exist"),
        ("1" + " + 1" * 1900, "number", "too (long|big)"),
        ("1", "picklist", "no type of formula"),
    ],
)
def test_the_rest_of_the_language_is_refused_when_the_field_is_defined(
    shared: tuple[Org, Server, object], text: str, kind: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        shared[0].add_formula("Account", "F__c", text, kind)
    assert "F__c" not in shared[0].core.schema["Account"].fields


def test_formulas_follow_renames_and_keep_what_they_need(org: Org) -> None:
    org.add_field("Account", "Base__c", "Number")
    org.add_formula("Account", "Twice__c", "Base__c * 2", "number")
    org.add_formula("Contact", "Four__c", "Account.Twice__c * 2", "number")
    account = org.create("Account", {"Name": "A", "Base__c": 5})
    contact = org.create("Contact", {"LastName": "C", "AccountId": account})
    org.rename_field("Account", "Base__c", "Ground__c")
    org.rename_field("Account", "Twice__c", "Double__c")
    assert org.core.schema["Contact"].fields["Four__c"].formula == "Account.Double__c * 2"
    assert org.query(f"SELECT Four__c FROM Contact WHERE Id = '{contact}'")[0]["Four__c"] == 20
    for name in ("Ground__c", "Double__c"):
        with pytest.raises(ValueError, match="is used in the formula"):
            org.delete_field("Account", name)
    org.add_field("Account", "Lead_Contact__c", "Lookup", to="Contact")
    with pytest.raises(ValueError, match="refer to itself"):
        org.change_formula("Account", "Double__c", "Lead_Contact__r.Four__c")


def test_rollups_follow_their_children_and_move_the_parents_stamp(org: Org, client: Client) -> None:
    first, second = (client.create("Account", Name=name) for name in "AB")
    deal = {"StageName": "Prospecting", "CloseDate": "2026-05-04"}
    one = client.create("Opportunity", Name="1", AccountId=first, Amount=10, **deal)
    before = org.get("Account", first)["SystemModstamp"]
    org.clock.advance(60)
    org.add_rollup("Account", "Deals__c", "Opportunity", "COUNT")
    org.add_rollup("Account", "Sum__c", "Opportunity", "SUM", "Amount", "IsClosed = false")
    org.add_rollup("Account", "Top__c", "Opportunity", "MAX", "Amount")
    org.add_rollup("Account", "Next__c", "Opportunity", "MIN", "CloseDate")
    org.add_formula("Account", "Each__c", "Sum__c / Deals__c", "currency")

    def sums(record_id: str) -> tuple[object, ...]:
        row = client.get(f"sobjects/Account/{record_id}").json()
        return tuple(row[name] for name in ("Deals__c", "Sum__c", "Top__c", "Next__c", "Each__c"))

    assert org.get("Account", first)["SystemModstamp"] > before
    assert (sums(first), sums(second)) == ((1, 10, 10, "2026-05-04", 10), (0, 0, None, None, None))
    two = client.create("Opportunity", Name="2", AccountId=first, Amount=30, **deal)
    assert sums(first) == (2, 40, 30, "2026-05-04", 20)
    org.clock.advance(60)
    made = org.get("Account", first)
    client.patch(f"sobjects/Opportunity/{two}", {"Description": "nothing that is summed"})
    assert org.get("Account", first)["SystemModstamp"] == made["SystemModstamp"]
    client.patch(f"sobjects/Opportunity/{two}", {"AccountId": second, "CloseDate": "2026-01-01"})
    assert (sums(first)[:3], sums(second)[:4]) == ((1, 10, 10), (1, 30, 30, "2026-01-01"))
    moved = org.get("Account", first)
    assert moved["SystemModstamp"] > made["SystemModstamp"]
    assert moved["LastModifiedDate"] == made["LastModifiedDate"]
    client.patch(f"sobjects/Opportunity/{one}", {"StageName": "Closed Won"})
    assert sums(first)[:3] == (1, 0, 10)
    client.delete(f"sobjects/Opportunity/{one}")
    assert sums(first)[:3] == (0, 0, None)
    org.undelete("Opportunity", one)
    org.merge("Account", first, [second])
    assert sums(first)[:3] == (2, 30, 30)
    described = {f["name"]: f for f in client.get("sobjects/Account/describe").json()["fields"]}
    assert (described["Sum__c"]["calculated"], described["Sum__c"]["updateable"]) == (True, False)
    with pytest.raises(ValueError, match="used in the roll-up"):
        org.delete_field("Opportunity", "Amount")
    org.add_formula("Opportunity", "Size__c", "Account.NumberOfEmployees", "number")
    with pytest.raises(ValueError, match="computed from a parent"):
        org.add_rollup("Account", "X__c", "Opportunity", "SUM", "Size__c")
    with pytest.raises(ValueError, match="no master-detail"):
        org.add_rollup("Account", "X__c", "Contact", "COUNT")


def test_rollups_go_up_more_than_one_level(org: Org) -> None:
    org.add_object("Order__c")
    org.add_field("Order__c", "Account__c", "MasterDetail", to="Account")
    org.add_object("Item__c")
    org.add_field("Item__c", "Order__c", "MasterDetail", to="Order__c")
    org.add_field("Item__c", "Price__c", "Currency")
    org.add_rollup("Order__c", "Total__c", "Item__c", "SUM", "Price__c")
    org.add_rollup("Account", "Bought__c", "Order__c", "SUM", "Total__c")
    account = org.create("Account", {"Name": "A"})
    order = org.create("Order__c", {"Account__c": account})
    item, _ = org.create_many("Item__c", [{"Order__c": order, "Price__c": price} for price in (2, 3)])
    assert org.get("Account", account)["Bought__c"] == 5
    org.delete("Item__c", item)
    assert org.get("Account", account)["Bought__c"] == 3
