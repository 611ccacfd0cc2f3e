"""Whatever comes as a query, the answer is rows or a 400 that says why: never a crash, a 500 or another's words."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from http_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Org
from sandbox.errors import ApiError

CORPUS = [
    json.loads(line)["soql"]
    for line in (Path(__file__).parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
]
CODES = {
    "MALFORMED_QUERY",
    "INVALID_FIELD",
    "INVALID_TYPE",
    "INVALID_QUERY_FILTER_OPERATOR",
    "INVALID_QUERY_SCOPE",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "QUERY_TOO_COMPLICATED",
}
_PIECES = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|\s+|.", re.DOTALL)


def ask(org: Org, soql: str, deleted: bool = False) -> str | None:
    """None where rows came, otherwise the code; anything but a proper refusal is raised."""
    try:
        org.query_all(soql) if deleted else org.query(soql)
    except ApiError as error:
        if error.status != 400 or error.code not in CODES or not error.message:
            raise
        return error.code
    return None


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A query of the corpus with pieces lost, doubled, swapped, or taken from another query."""
    pieces = _PIECES.findall(draw(st.sampled_from(CORPUS)))
    others = _PIECES.findall(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(pieces) - 1, 0)))
        change = draw(st.sampled_from(["drop", "double", "swap", "take", "noise"]))
        if not pieces:
            break
        if change == "drop":
            del pieces[place]
        elif change == "double":
            pieces.insert(place, pieces[place])
        elif change == "swap":
            other = draw(st.integers(0, len(pieces) - 1))
            pieces[place], pieces[other] = pieces[other], pieces[place]
        elif change == "take":
            pieces[place] = draw(st.sampled_from(others))
        else:
            pieces.insert(place, draw(st.text(max_size=3)))
    return "".join(pieces)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mangled(), st.booleans())
def test_mangled_queries(small: Org, soql: str, deleted: bool) -> None:
    ask(small, soql, deleted)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text(small: Org, text: str) -> None:
    ask(small, text)
    ask(small, f"SELECT Id FROM Lead WHERE Company = {text}")
    ask(small, f"SELECT {text} FROM Lead")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_characters="'\\", exclude_categories=["Cs"]), max_size=30))
def test_any_constant_is_only_a_constant(small: Org, text: str) -> None:
    for soql in (f"Company = '{text}'", f"Company LIKE '{text}'", f"Interests__c INCLUDES ('{text}')"):
        assert ask(small, f"SELECT Id FROM Lead WHERE {soql}") is None
    assert ask(small, f"SELECT Id FROM Lead WHERE Id = '{text}'") in (None, "INVALID_QUERY_FILTER_OPERATOR")


@pytest.mark.parametrize(
    "kind", ["Id", "Company", "CreatedDate", "IsConverted", "AnnualRevenue", "Last_Survey__c"]
)
@pytest.mark.parametrize("operator", ["=", "!=", "<", "LIKE", "IN", "NOT IN", "INCLUDES"])
def test_every_operator_with_every_constant(small: Org, kind: str, operator: str) -> None:
    constants = [
        "'x'", "''", "5", "-0.5", "99999999999999999999999", "TRUE", "null", "TODAY", "LAST_N_DAYS:99999",
        "NEXT_N_YEARS:2147483647", "2024-02-30", "2024-02-29", "2024-02-29T25:00:00Z",
        "2024-02-29T01:00:00+99:99", "10:00:00Z", "EUR5.5", "'" + "x" * 4001 + "'", "0001-01-01",
        "9999-12-31T23:59:59-14:00",
    ]  # fmt: skip
    for constant in constants:
        value = f"({constant}, {constant})" if operator.endswith(("IN", "INCLUDES")) else constant
        ask(small, f"SELECT Id FROM Lead WHERE {kind} {operator} {value}")
        ask(small, f"SELECT Id FROM Lead WHERE (NOT {kind} {operator} {value})")


def test_every_function_on_every_kind_of_field(small: Org) -> None:
    functions = (
        "COUNT COUNT_DISTINCT SUM AVG MIN MAX toLabel FORMAT GROUPING convertCurrency CALENDAR_YEAR DAY_ONLY"
    )
    for found in small.core.schema["Lead"].fields:
        for function in [*functions.split(), "HOUR_IN_DAY", "WEEK_IN_YEAR"]:
            call = f"{function}({found})"
            ask(small, f"SELECT {call} FROM Lead")
            ask(small, f"SELECT {call}, COUNT(Id) FROM Lead GROUP BY {found} ORDER BY {call}")
            ask(small, f"SELECT {found} FROM Lead GROUP BY ROLLUP({found}) HAVING {call} > 1")
            ask(small, f"SELECT Id FROM Lead WHERE {call} = 1 ORDER BY {call}")


def test_what_is_too_much(small: Org) -> None:
    long = " AND ".join(["Company != 'x'"] * 3000)
    assert ask(small, f"SELECT Id FROM Lead WHERE {long}") in (None, "QUERY_TOO_COMPLICATED")
    many = ", ".join(f"'{n}'" for n in range(9000))
    assert ask(small, f"SELECT Id FROM Lead WHERE Company IN ({many})") is None
    deep = "(" * 40_000 + "Company = 'x'" + ")" * 40_000
    assert ask(small, f"SELECT Id FROM Lead WHERE {deep}") == "QUERY_TOO_COMPLICATED"
    nots = "NOT (" * 15_000 + "Company = 'x'" + ")" * 15_000
    assert ask(small, f"SELECT Id FROM Lead WHERE {nots}") == "QUERY_TOO_COMPLICATED"
    inner = "SELECT Id, (" * 3_000 + "SELECT Id FROM Contacts" + ") FROM Contacts" * 3_000
    assert ask(small, inner) == "QUERY_TOO_COMPLICATED"
    ors = "(Company = 'a' OR " * 90 + "Company = 'b'" + ")" * 90
    assert ask(small, f"SELECT Id FROM Lead WHERE {ors}") is None
    names = ", ".join(f"CreatedBy.Manager.Id{n}" for n in range(100))
    assert ask(small, f"SELECT {names} FROM Lead") == "INVALID_FIELD"
    assert ask(small, "SELECT Id FROM Lead WHERE Company = '" + "x" * 100_000 + "'") == "MALFORMED_QUERY"
    assert ask(small, "SELECT " + "Id." * 30_000 + "Id FROM Lead") == "INVALID_FIELD"


def test_characters_that_are_none(small: Org) -> None:
    assert ask(small, "SELECT Id FROM Lead WHERE Company IN ('\\u0000', 'a\0b')") is None
    assert ask(small, "SELECT Id FROM Lead WHERE Company = '\\ud83d\\ude00'") is None
    assert ask(small, "SELECT Id FROM Lead WHERE Company = '\\ud83d'") == "MALFORMED_QUERY"
    assert ask(small, "SELECT Id FROM Lead WHERE Company = '\ud83d'") == "MALFORMED_QUERY"
    assert ask(small, "SELECT Id FROM Lead WHERE \ud83d = 1") == "MALFORMED_QUERY"


def test_over_http_and_in_bulk(client: Client) -> None:
    chance = random.Random(5)
    for _ in range(60):
        pieces = _PIECES.findall(chance.choice(CORPUS))
        pieces[chance.randrange(len(pieces))] = chance.choice(
            ["", "\0", "'", "(", "é", "%", "\\", "\ud83d"[:0], "ORDER"]
        )
        soql = "".join(pieces)
        for answer in (
            client.query(soql),
            client.query(soql, "queryAll"),
            client.post("jobs/query", {"operation": "query", "query": soql}),
        ):
            assert answer.status_code in (200, 400), (soql, answer.text)
            if answer.status_code == 400:
                assert answer.json()[0]["errorCode"] != "UNKNOWN_EXCEPTION", soql


def test_half_characters_over_http(client: Client) -> None:
    for soql in ("SELECT \ud83d FROM Lead", "SELECT Id FROM Lead WHERE Company = '\ud83d'", "\ud83d"):
        refused = client.post("jobs/query", {"operation": "query", "query": soql})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")


def test_for_view_moves_no_stamp(org: Org, client: Client) -> None:
    lead = org.create("Lead", {"LastName": "viewed", "Company": "c"})
    before = org.get("Lead", lead)
    client.query(f"SELECT Id FROM Lead WHERE Id = '{lead}' FOR REFERENCE")
    referenced = org.get("Lead", lead)
    assert (referenced["LastReferencedDate"] is None, referenced["LastViewedDate"]) == (False, None)
    client.query(f"SELECT Id FROM Lead WHERE Id = '{lead}' LIMIT 1 FOR VIEW")
    viewed = org.get("Lead", lead)
    assert viewed["LastViewedDate"] is not None
    assert viewed["SystemModstamp"] == before["SystemModstamp"]


def test_too_many_groups_for_one_page(org: Org, client: Client) -> None:
    org.create_many("Lead", [{"LastName": f"g{n}", "Company": "c"} for n in range(2100)])
    refused = client.query("SELECT LastName, COUNT(Id) FROM Lead GROUP BY LastName")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    limited = client.query("SELECT LastName, COUNT(Id) FROM Lead GROUP BY LastName LIMIT 2000").json()
    assert (limited["totalSize"], limited["done"]) == (2000, True)
    counted = client.query("SELECT COUNT() FROM Lead LIMIT 2").json()
    assert counted == {"totalSize": 2, "done": True, "records": []}
