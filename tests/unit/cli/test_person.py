"""``tandem person``."""

from __future__ import annotations

import pytest

from tandem.database.connection import Database
from tests.unit.cli.conftest import LEAD_ID, Tandem


@pytest.mark.parametrize("key", ["1", "ANN@example.com", LEAD_ID, LEAD_ID[:15]])
def test_found_by_id_email_and_salesforce_id(tandem: Tandem, database: Database, key: str) -> None:
    assert tandem("person", "show", key, "--json").json["person"]["id"] == 1


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("99", "There is no person 99. Name one by id, e-mail address or Salesforce id."),
        (
            "no@example.com",
            "There is no person no@example.com. Name one by id, e-mail address or Salesforce id.",
        ),
        ("same@example.com", "Several people match same@example.com: 2, 3. Say which by id."),
        ("what?", "'what?' is neither a person's id, nor an e-mail address, nor a Salesforce id."),
    ],
)
def test_not_found_is_one_line(tandem: Tandem, database: Database, key: str, line: str) -> None:
    ran = tandem("person", "show", key)
    assert (ran.code, ran.out, ran.err) == (1, "", f"{line}\n")


def test_timeline_holds_everything_that_happened(tandem: Tandem, database: Database) -> None:
    facts = tandem("person", "show", "1", "--json").json
    assert {event["kind"] for event in facts["timeline"]} == {"activity", "error", "conflict", "quarantine"}
    assert [event["at"] for event in facts["timeline"]] == sorted(
        (event["at"] for event in facts["timeline"]), reverse=True
    )
    assert facts["url"] == f"https://acme.my.salesforce.com/{LEAD_ID}"
    assert facts["pending"] == [
        {"column": "city", "field": "City", "marketing": "Bonn", "salesforce": "Paris", "writable": True}
    ]
    shown = tandem("person", "show", "1").out
    for text in ("Ann Ash", "Different from Salesforce", "Bonn is not allowed", "marketing won", "New Lead"):
        assert text in shown


def test_timeline_by_which_way_it_went(tandem: Tandem, database: Database) -> None:
    events = tandem("person", "timeline", "1", "--json").json
    assert {event["kind"]: event["way"] for event in events if event["kind"] != "activity"} == {
        "error": "refused",
        "conflict": "decided",
        "quarantine": "held back",
    }
    assert {event["title"]: event["way"] for event in events if event["kind"] == "activity"} == {
        "New Lead": "came",
        "Change Data Value": "here",
    }
    shown = tandem("person", "timeline", "1", "--way", "decided", "--way", "refused").out
    assert "“Bonn” stays, “Paris” is lost; before it was “Rome”." in shown
    assert "Bonn is not allowed" in shown
    assert "New Lead" not in shown
    assert "Nothing of that kind" in tandem("person", "timeline", "1", "--way", "went").out
    assert len(tandem("person", "timeline", "1", "--since", "5m", "--json").json) == 3


def test_a_person_that_is_not_in_salesforce(tandem: Tandem, database: Database) -> None:
    facts = tandem("person", "show", "3", "--json").json
    assert (facts["url"], facts["pending"], facts["timeline"]) == (None, [], [])
    assert "Not in Salesforce" in tandem("person", "show", "3").out
    assert "not in Salesforce" in tandem("person", "why", "3", "city").out


def test_why_a_value_differs(tandem: Tandem, database: Database) -> None:
    facts = tandem("person", "why", "1", "city", "--json").json
    assert (facts["object"], facts["field"], facts["value"]) == ("Lead", "City", "Bonn")
    assert (facts["in_step"], facts["salesforce_value"]) == (False, "Paris")
    assert "Salesforce refused it: Bonn is not allowed" in facts["explanation"]
    assert "losing value was 'Paris'" in facts["explanation"]
    assert {event["kind"] for event in facts["history"]} == {"activity", "error", "conflict"}


def test_why_a_value_agrees(tandem: Tandem, database: Database) -> None:
    facts = tandem("person", "why", "2", "city", "--json").json
    assert (facts["in_step"], facts["salesforce_value"]) == (True, "Rome")
    assert "the value here wins" in facts["explanation"]


def test_why_a_column_of_ours(tandem: Tandem, database: Database) -> None:
    assert "set here, and only here" in tandem("person", "why", "1", "nickname").out
    assert "Tandem keeps it" in tandem("person", "why", "1", "sfdc_id").out


def test_why_an_unknown_column(tandem: Tandem, database: Database) -> None:
    ran = tandem("person", "why", "1", "citty")
    assert (ran.code, ran.err) == (1, "A person has no column 'citty'. Did you mean city?\n")


def test_set_changes_values_and_logs_them(tandem: Tandem, database: Database) -> None:
    assert tandem("person", "set", "1", "city=Köln = am Rhein", "nickname=NULL").code == 0
    with database.read() as session:
        row = session.rows("SELECT city, nickname FROM marketing.person WHERE id = 1")[0]
        logged = session.value(
            "SELECT count(*) FROM marketing.activity WHERE person_id = 1 AND activity_type_id = 13"
        )
    assert (row["city"], row["nickname"], logged) == ("Köln = am Rhein", None, 3)


@pytest.mark.parametrize("assignment", ["sfdc_id=x", "nothing=x", "city="])
def test_set_refuses_and_changes_nothing(tandem: Tandem, database: Database, assignment: str) -> None:
    ran = tandem("person", "set", "1", "first_name=Other", assignment)
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    with database.read() as session:
        assert session.value("SELECT first_name FROM marketing.person WHERE id = 1") == "Ann"


def test_set_wants_an_assignment(tandem: Tandem, database: Database) -> None:
    assert tandem("person", "set", "1", "city").code == 2
