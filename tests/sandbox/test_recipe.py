"""Seeding by recipe: what is drawn, how rows find each other, and what a wrong recipe is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox import Org, serve

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo.recipe.yml"


@pytest.fixture(scope="module")
def empty() -> Iterator[Org]:
    org = Org(people=0, seed=5)
    yield org
    org.close()


@pytest.fixture
def org(empty: Org) -> Iterator[Org]:
    start = empty.snapshot()
    yield empty
    empty.restore(start)


def test_the_demo_recipe_is_drawn_from_the_seed(org: Org) -> None:
    start = org.snapshot()
    with serve(org, control=True) as server:
        answer = requests.post(
            f"{server.url}/_org/seed_recipe",
            json={"recipe": DEMO.read_text(), "options": {"accounts": 10}},
            timeout=20,
        )
    counts = answer.json()["result"]
    assert (counts["Account"], counts["Lead"], counts["Campaign"]) == (10, 100, 1)
    assert org.count("Contact") == counts["Contact"] >= 10
    soql = "SELECT Name, Account.Name, Account.BillingCity, MailingCity, Email FROM Contact ORDER BY Id"
    people = org.query(soql)
    assert all(row["MailingCity"] == row["Account"]["BillingCity"] for row in people)
    deal = org.query("SELECT Name, Account.Name FROM Opportunity LIMIT 1")[0]
    assert deal["Name"].startswith(f"{deal['Account']['Name']} renewal ")
    assert org.query("SELECT NumberOfLeads FROM Campaign")[0]["NumberOfLeads"] == counts["CampaignMember"]
    org.restore(start)
    org.seed_recipe(DEMO.read_text(), options={"accounts": 10})
    assert [row["Email"] for row in org.query(soql)] == [row["Email"] for row in people]


def test_it_runs_more_than_once_and_knows_custom_objects(org: Org) -> None:
    org.add_object("Visit__c")
    org.add_field("Visit__c", "Lead__c", "Lookup", to="Lead")
    org.add_field("Visit__c", "Count__c", "Number")
    recipe = """
- object: Group
  just_once: true
  fields: {Name: Q, Type: Queue}
- object: Lead
  count: 2
  nickname: somebody
  fields:
    LastName: n${{id}}
    Company: ${{"x" + LastName}}
- var: base
  value: ${{somebody.LastName}}
- object: Visit__c
  fields:
    Name: ${{base}} / ${{id * 10 - 1}}
    Count__c: {if: [{choice: {when: "${{0}}", pick: 1}}, {choice: {pick: 2}}]}
    Lead__c:
      - object: Lead
        fields: {LastName: inner, Company: c}
- object: Visit__c
  count: 3
  fields: {Lead__c: {random_reference: Lead}, Count__c: {random_number: {min: 5, max: 5}}}
"""
    assert org.seed_recipe(recipe, times=2) == {"Group": 1, "Lead": 6, "Visit__c": 8}
    rows = org.query(
        "SELECT Name, Count__c, Lead__r.LastName FROM Visit__c WHERE Name LIKE 'n%' ORDER BY Name"
    )
    assert [(row["Name"], row["Count__c"], row["Lead__r"]["LastName"]) for row in rows] == [
        ("n2 / 9", 2, "inner"),
        ("n5 / 49", 2, "inner"),
    ]
    assert org.query("SELECT Company FROM Lead WHERE LastName = 'n1'")[0]["Company"] == "xn1"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("- object: [", "not YAML in line"),
        ("object: Lead", "a list of statements"),
        ("- objekt: Lead", "a statement has one of"),
        ("- object: Leed", "no object Leed"),
        ("- object: Lead\n  cuont: 1", "cuont is not known"),
        ("- object: Lead\n  count: many", "no number of rows"),
        ("- object: Lead\n  fields: {Nmae: x}", "No such column 'Nmae'"),
        ("- object: Lead\n  fields: {LastName: x}", "Lead number 1: Required fields are missing"),
        ("- object: Lead\n  fields: {LastName: {fake: Nonsense}}", "fake: Nonsense is not known"),
        ("- object: Lead\n  fields: {LastName: {nonsense: 1}}", "nonsense is not known here"),
        ("- object: Contact\n  fields: {ReportsToId: {reference: Lead}}", "no Lead yet"),
        ("- object: Lead\n  fields: {LastName: '${{open(1)}}'}", "cannot be evaluated"),
        ("- object: Lead\n  fields: {LastName: '${{this.__class__}}'}", "no __class__ to read"),
        ("- object: Lead\n  fields: {LastName: '${{9 ** 9 ** 9}}'}", "cannot be evaluated"),
        ("- object: Lead\n  fields: {LastName: '${{id * LastName}}'}", "not known at this place"),
        ("- object: Lead\n  fields: {LastName: '${{id * \"x\"}}'}", "only numbers"),
        ("- object: Lead\n  count: 9000000", "more than 2000000 rows"),
        ("- object: Lead\n  include: nothing", "no macro nothing"),
        ("- object: Lead\n  fields: {LastName: {random_number: 3}}", "random_number cannot use 3"),
        ("- object: Lead\n  fields: {LastName: &a {if: [{choice: {pick: *a}}]}}", "refers to itself"),
        ("- object: Lead\n  fields: {Last_Survey__c: {date: soon}}", "is no date"),
    ],
)
def test_a_wrong_recipe_makes_nothing(empty: Org, recipe: str, message: str) -> None:
    good = "- object: Account\n  fields: {Name: A}\n"
    before = empty.count("Account")
    with pytest.raises(ValueError, match=message):
        empty.seed_recipe(recipe if message.startswith(("not YAML", "a list")) else good + recipe)
    assert empty.count("Account") == before
