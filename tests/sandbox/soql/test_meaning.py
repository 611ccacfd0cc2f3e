"""What queries find, against the same question asked in Python of the raw rows."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from asking import Row, ids, raw

from sandbox import Org
from sandbox.errors import ApiError

# order


def test_order_ignores_case_and_puts_nulls_first(small: Org) -> None:
    rows = raw(small, "Lead")
    found = [row["Title"] for row in small.query("SELECT Title FROM Lead ORDER BY Title, Id")]
    assert found == sorted(
        (row["Title"] for row in rows), key=lambda text: (text is not None, (text or "").upper())
    )
    last = [row["Title"] for row in small.query("SELECT Title FROM Lead ORDER BY Title DESC NULLS LAST")]
    assert [(text or "").upper() for text in last] == sorted(
        ((row["Title"] or "").upper() for row in rows), reverse=True
    )
    names = ids(small, "SELECT Id FROM Lead ORDER BY Company DESC, CreatedDate, Id LIMIT 50 OFFSET 20")
    rows.sort(key=lambda row: (row["CreatedDate"], row["Id"]))
    rows.sort(key=lambda row: row["Company"].upper(), reverse=True)
    assert names == [row["Id"] for row in rows[20:70]]


def test_picklists_sort_as_they_were_set_up(small: Org) -> None:
    found = [row["Rating"] for row in small.query("SELECT Rating FROM Lead ORDER BY Rating")]
    place = [None, "Hot", "Warm", "Cold"].index
    assert found == sorted((row["Rating"] for row in raw(small, "Lead")), key=place)
    assert (
        small.query("SELECT MIN(Rating) a, MAX(Rating) b FROM Lead")[0].items()
        >= {"a": "Hot", "b": "Cold"}.items()
    )


# aggregates


def test_groups(small: Org) -> None:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in raw(small, "Lead"):
        groups[row["Rating"]].append(row)
    found = small.query(
        "SELECT Rating r, COUNT(Id), COUNT(Title) t, SUM(AnnualRevenue) s, AVG(NumberOfEmployees) a, "
        "MIN(CreatedDate) lo, COUNT_DISTINCT(Company) d FROM Lead GROUP BY Rating"
    )
    assert {row["r"] for row in found} == set(groups)
    for row in found:
        mine = groups[row["r"]]
        money = [each["AnnualRevenue"] for each in mine if each["AnnualRevenue"] is not None]
        staff = [each["NumberOfEmployees"] for each in mine if each["NumberOfEmployees"] is not None]
        assert row["attributes"] == {"type": "AggregateResult"}
        assert row["expr0"] == len(mine)
        assert row["t"] == sum(each["Title"] is not None for each in mine)
        assert row["s"] == pytest.approx(sum(money))
        assert row["a"] == pytest.approx(sum(staff) / len(staff))
        assert row["lo"][:19] == min(each["CreatedDate"] for each in mine).isoformat()
        assert row["d"] == len({each["Company"].lower() for each in mine})


def test_having_and_order(small: Org) -> None:
    counts = Counter(row["LeadSource"] for row in raw(small, "Lead"))
    middle = sorted(counts.values())[len(counts) // 2]
    found = small.query(
        f"SELECT LeadSource, COUNT(Id) n FROM Lead GROUP BY LeadSource HAVING COUNT(Id) >= {middle} "
        "ORDER BY COUNT(Id) DESC, LeadSource"
    )
    assert {row["LeadSource"]: row["n"] for row in found} == {
        source: count for source, count in counts.items() if count >= middle
    }
    assert [row["n"] for row in found] == sorted((row["n"] for row in found), reverse=True)


@pytest.mark.parametrize("kind", ["ROLLUP", "CUBE"])
def test_subtotals(small: Org, kind: str) -> None:
    expected: Counter[tuple[Any, Any, int, int]] = Counter()
    for row in raw(small, "Lead"):
        source, rating = row["LeadSource"], row["Rating"]
        expected[source, rating, 0, 0] += 1
        expected[source, None, 0, 1] += 1
        expected[None, None, 1, 1] += 1
        if kind == "CUBE":
            expected[None, rating, 1, 0] += 1
    found = small.query(
        "SELECT LeadSource, Rating, GROUPING(LeadSource) a, GROUPING(Rating) b, COUNT(Id) n "
        f"FROM Lead GROUP BY {kind}(LeadSource, Rating)"
    )
    assert {(r["LeadSource"], r["Rating"], r["a"], r["b"]): r["n"] for r in found} == expected
    assert len(found) == len(expected)


def test_counts(small: Org) -> None:
    rows = raw(small, "Lead")
    plan = small.core.plan("SELECT COUNT() FROM Lead LIMIT 7", small.core.admin)
    assert small.core.store.run(plan.sql()) == [(7,)]
    assert small.query("SELECT COUNT(Id) FROM Lead") == [
        {"attributes": {"type": "AggregateResult"}, "expr0": len(rows)}
    ]
    assert small.query("SELECT COUNT(Id) a, COUNT(Title) FROM Lead WHERE Company = 'nobody'")[0]["a"] == 0


@pytest.mark.parametrize(
    ("function", "part"),
    [
        ("CALENDAR_YEAR", lambda d: d.year),
        ("CALENDAR_QUARTER", lambda d: (d.month + 2) // 3),
        ("CALENDAR_MONTH", lambda d: d.month),
        ("DAY_IN_MONTH", lambda d: d.day),
        ("DAY_IN_WEEK", lambda d: d.isoweekday() % 7 + 1),
        ("DAY_IN_YEAR", lambda d: d.timetuple().tm_yday),
        ("WEEK_IN_MONTH", lambda d: (d.day + 6) // 7),
        ("WEEK_IN_YEAR", lambda d: (d.timetuple().tm_yday + 6) // 7),
        ("HOUR_IN_DAY", lambda d: d.hour),
        ("FISCAL_YEAR", lambda d: d.year),
        ("DAY_ONLY", lambda d: d.date().isoformat()),
    ],
)
def test_parts_of_dates(small: Org, function: str, part: Callable[[Any], Any]) -> None:
    expected = Counter(part(row["CreatedDate"]) for row in raw(small, "Lead"))
    found = small.query(
        f"SELECT {function}(CreatedDate) p, COUNT(Id) n FROM Lead GROUP BY {function}(CreatedDate)"
    )
    assert {row["p"]: row["n"] for row in found} == expected


# relationships


def test_semi_and_anti_joins(small: Org) -> None:
    contacts, accounts = raw(small, "Contact"), raw(small, "Account")
    employers = {row["AccountId"] for row in contacts if row["LastName"] > "M"}
    where = "SELECT AccountId FROM Contact WHERE LastName > 'M'"
    assert set(ids(small, f"SELECT Id FROM Account WHERE Id IN ({where})")) == employers - {None}
    assert (
        set(ids(small, f"SELECT Id FROM Account WHERE Id NOT IN ({where})"))
        == {row["Id"] for row in accounts} - employers
    )


def test_parents(small: Org) -> None:
    accounts = {row["Id"]: row for row in raw(small, "Account")}
    for row in small.query("SELECT Id, AccountId, Account.Name, Account.Owner.Name FROM Contact"):
        if row["AccountId"] is None:
            assert row["Account"] is None
        else:
            assert row["Account"]["Name"] == accounts[row["AccountId"]]["Name"]
            assert row["Account"]["Owner"]["Name"]
    energy = {key for key, row in accounts.items() if row["Industry"] == "Energy"}
    found = ids(small, "SELECT Id FROM Contact WHERE Account.Industry = 'energy'")
    assert set(found) == {row["Id"] for row in raw(small, "Contact") if row["AccountId"] in energy}
    nobody = ids(small, "SELECT Id FROM Contact WHERE Account.Name = null")
    assert set(nobody) == {row["Id"] for row in raw(small, "Contact") if row["AccountId"] is None}


def test_children(small: Org) -> None:
    mine: dict[Any, list[Row]] = defaultdict(list)
    for row in raw(small, "Contact"):
        mine[row["AccountId"]].append(row)
    for row in small.query(
        "SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName, Id LIMIT 2) FROM Account"
    ):
        names = sorted((each["LastName"].upper(), each["Id"]) for each in mine[row["Id"]])[:2]
        if not names:
            assert row["Contacts"] is None
        else:
            assert [each["LastName"].upper() for each in row["Contacts"]["records"]] == [n for n, _ in names]
            assert row["Contacts"]["done"] is True


def test_typeof(small: Org) -> None:
    owners = {row["Id"]: row["OwnerId"] for row in raw(small, "Lead")}
    for row in small.query("SELECT Id, TYPEOF Owner WHEN User THEN Username ELSE Name END FROM Lead"):
        kind = "User" if owners[row["Id"]].startswith("005") else "Group"
        assert row["Owner"]["attributes"]["type"] == kind
        assert ("Username" in row["Owner"]) == (kind == "User")


# shown values


def test_labels_and_formats(small: Org) -> None:
    row = small.query(
        "SELECT CreatedDate, FORMAT(CreatedDate) moment, Last_Survey__c, FORMAT(Last_Survey__c) day, "
        "FORMAT(AnnualRevenue) money, FORMAT(NumberOfEmployees) staff FROM Lead "
        "WHERE NumberOfEmployees = 5000 AND AnnualRevenue = 1234 LIMIT 1"
    )[0]
    assert (row["money"], row["staff"]) == ("$1,234.00", "5,000")
    year, month, day = row["Last_Survey__c"].split("-")
    assert row["day"] == f"{int(month)}/{int(day)}/{year}"
    assert re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}, \d{1,2}:\d\d [AP]M", row["moment"])


def test_fields_names_what_describe_names(small: Org) -> None:
    schema = small.core.schema["Lead"]
    row = small.query("SELECT FIELDS(ALL) FROM Lead LIMIT 1")[0]
    assert set(row) - {"attributes"} == set(schema.fields)
    custom = small.query("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 1")[0]
    assert set(custom) - {"attributes"} == {name for name in schema.fields if name.endswith("__c")}


@pytest.mark.parametrize(("unit", "radius"), [("km", 6371.0), ("mi", 3958.76)])
def test_distance(small: Org, unit: str, radius: float) -> None:
    vienna = (48.2082, 16.3738)

    def far(row: Row) -> float:
        # The law of cosines, where the org uses haversines.
        (lat1, lon1), (lat2, lon2) = ([math.radians(x) for x in p] for p in (vienna, place(row)))
        cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
        return radius * math.acos(min(1.0, cosine))

    def place(row: Row) -> tuple[float, float]:
        return row["Latitude"], row["Longitude"]

    located = [row for row in raw(small, "Lead") if row["Latitude"] is not None]
    here = f"DISTANCE(Address, GEOLOCATION({vienna[0]}, {vienna[1]}), '{unit}')"
    for limit in (1, 140, 150, 20000):
        expected = {row["Id"] for row in located if far(row) < limit}
        assert set(ids(small, f"SELECT Id FROM Lead WHERE {here} < {limit}")) == expected
    asked = (
        f"SELECT Latitude, Longitude, {here}, {here} far FROM Lead WHERE {here} > 1 ORDER BY {here} LIMIT 1"
    )
    nearest = small.query(asked)[0]
    assert nearest["Latitude"] == 47.0707
    assert nearest["expr0"] == nearest["far"] == pytest.approx(far(nearest))


# refusals


@pytest.mark.parametrize(
    ("soql", "column", "said"),
    [
        ("select count() from XYZZY", 21, "sObject type 'XYZZY' is not supported."),
        ("SELECT Id, Nope FROM Lead", 12, "No such column 'Nope' on entity 'Lead'."),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", 43, "unexpected token: OR"),
        ("SELECT Id\nFROM Lead\nWHERE Nope = 1", 7, "No such column 'Nope' on entity 'Lead'."),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2020'", 41, "should not be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE OwnerId = 'x'", 37, "invalid ID field: x"),
        ("SELECT Id FROM Lead WHERE Company = :x", 37, "Bind variables only allowed in Apex code"),
    ],
)
def test_errors_point_to_the_place(small: Org, soql: str, column: int, said: str) -> None:
    with pytest.raises(ApiError) as refused:
        small.query(soql)
    empty, line, caret, where, message = refused.value.message.split("\n", 4)
    row = soql.split("\n").index(line) + 1
    assert (empty, caret) == ("", " " * (column - 1) + "^")
    assert where == f"ERROR at Row:{row}:Column:{column}"
    assert said in message


def test_recorded_errors_word_for_word(small: Org) -> None:
    with pytest.raises(ApiError) as refused:
        small.query("select count() from XYZZY")
    assert refused.value.body() == [
        {
            "message": "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
            "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to "
            "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
            "errorCode": "INVALID_TYPE",
        }
    ]
    with pytest.raises(ApiError) as twice:
        small.query("SELECT Id, FIELDS(ALL) FROM User LIMIT 200")
    assert twice.value.body() == [{"message": "duplicate field selected: Id", "errorCode": "INVALID_FIELD"}]
