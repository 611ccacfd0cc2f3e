"""Random conditions against the same conditions in Python, over the raw rows.

SOQL has two truth values, a null is unequal to everything, and text ignores case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from asking import Row, ids, raw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Org

Test = Callable[[Row], bool]


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def same(left: Any, right: Any) -> bool:
    return left is not None and (left.lower() == right.lower() if isinstance(right, str) else left == right)


def like(pattern: str) -> Callable[[Any], bool]:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    turned = "".join(".*" if part == "%" else "." if part == "_" else re.escape(part[-1]) for part in parts)
    return lambda value: value is not None and re.fullmatch(turned, value, re.I | re.S) is not None


TEXTS = [
    "zoë",
    "ZOË",
    "acme",
    "ACME",
    "smith",
    "50% off",
    "back\\slash",
    "_under",
    "Acme_1",
    "nobody",
    "O'Neil",
    "x",
]
TEXT_FIELDS = ["Company", "LastName", "Title", "Rating"]
NUMBERS = [0, 5, 1234, 5000, -1]
INTERESTS = [["Web"], ["Email", "Web"], ["Analytics"], ["Mobile"]]


def texts(field: str, text: str) -> tuple[str, Test]:
    return f"{field} = {quoted(text)}", lambda row: same(row[field], text)


def other_texts(field: str, text: str) -> tuple[str, Test]:
    return f"{field} != {quoted(text)}", lambda row: not same(row[field], text)


def listed(field: str, some: list[str], negated: bool) -> tuple[str, Test]:
    soql = f"{field} {'NOT IN' if negated else 'IN'} ({', '.join(map(quoted, some))})"
    return soql, lambda row: any(same(row[field], text) for text in some) != negated


def patterns(field: str, pattern: str) -> tuple[str, Test]:
    match = like(pattern)
    # `\%` and `\_` are the pattern's own escapes, a plain backslash is written twice.
    return f"{field} LIKE '{pattern}'", lambda row: match(row[field])


def numbers(field: str, operator: str, number: float) -> tuple[str, Test]:
    compare = {
        "=": lambda value: value == number,
        "!=": lambda value: value != number,
        "<": lambda value: value is not None and value < number,
        ">=": lambda value: value is not None and value >= number,
    }[operator]
    return f"{field} {operator} {number}", lambda row: compare(row[field])


def nulls(field: str, negated: bool) -> tuple[str, Test]:
    return f"{field} {'!=' if negated else '='} null", lambda row: (row[field] is None) != negated


def flags(operator: str, value: str) -> tuple[str, Test]:
    wanted = (value.lower() == "true") == (operator == "=")
    return f"Newsletter__c {operator} {value}", lambda row: bool(row["Newsletter__c"]) == wanted


def interests(some: list[list[str]], negated: bool) -> tuple[str, Test]:
    chosen = ", ".join(quoted(";".join(each)) for each in some)

    def found(row: Row) -> bool:
        mine = set((row["Interests__c"] or "").split(";"))
        return any(mine >= set(each) for each in some) != negated

    return f"Interests__c {'EXCLUDES' if negated else 'INCLUDES'} ({chosen})", found


ATOMS = st.one_of(
    st.builds(texts, st.sampled_from(TEXT_FIELDS), st.sampled_from(TEXTS)),
    st.builds(other_texts, st.sampled_from(TEXT_FIELDS), st.sampled_from(TEXTS)),
    st.builds(
        listed,
        st.sampled_from(TEXT_FIELDS),
        st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
        st.booleans(),
    ),
    st.builds(
        patterns,
        st.sampled_from(TEXT_FIELDS),
        st.sampled_from(["a%", "%m%", "_____", "%\\%%", "%\\_%", "%\\\\\\\\%", "", "%", "acme"]),
    ),
    st.builds(
        numbers,
        st.sampled_from(["NumberOfEmployees", "AnnualRevenue"]),
        st.sampled_from(["=", "!=", "<", ">="]),
        st.sampled_from(NUMBERS),
    ),
    st.builds(nulls, st.sampled_from([*TEXT_FIELDS, "AnnualRevenue", "Interests__c"]), st.booleans()),
    st.builds(flags, st.sampled_from(["=", "!="]), st.sampled_from(["true", "FALSE", "null"])),
    st.builds(interests, st.lists(st.sampled_from(INTERESTS), min_size=1, max_size=2), st.booleans()),
)


def joined(operator: str, terms: list[tuple[str, Test]]) -> tuple[str, Test]:
    soql = "(" + f" {operator} ".join(term[0] for term in terms) + ")"
    fold = all if operator == "AND" else any
    return soql, lambda row: fold(term[1](row) for term in terms)


def negated(term: tuple[str, Test]) -> tuple[str, Test]:
    return f"(NOT {term[0]})", lambda row: not term[1](row)


CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
        st.builds(negated, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONDITIONS)
def test_conditions(small: Org, condition: tuple[str, Test]) -> None:
    soql, test = condition
    expected = {row["Id"] for row in raw(small, "Lead") if test(row)}
    assert set(ids(small, f"SELECT Id FROM Lead WHERE {soql}")) == expected
