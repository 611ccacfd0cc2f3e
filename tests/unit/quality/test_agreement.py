"""The screen and Great Expectations find the same rows, on batches made to make them differ."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from quality_staging import expectation, write_rows

from tandem.quality import screen, whole
from tandem.quality.batch import FLAG, StagedBatch
from tandem.quality.gx import Judge
from tandem.quality.suite import ROW_EXPECTATIONS, Rule, Suite, load

TYPES = {
    "Id": "VARCHAR",
    "IsDeleted": "BOOLEAN",
    "Text": "VARCHAR",
    "Other": "VARCHAR",
    "Number": "DOUBLE",
    "Second": "DOUBLE",
    "Count": "BIGINT",
    "Stamp": "TIMESTAMP",
    "Made": "TIMESTAMP",
    "Day": "DATE",
    "Due": "DATE",
}

SHARED = Path(__file__).parents[3] / "expectations"


def comparison(column: str, operator: str, parameter: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


CONDITIONS: list[dict[str, Any] | None] = [
    None,
    comparison("IsDeleted", "==", False),
    comparison("IsDeleted", "!=", True),
    comparison("Text", "==", "it's"),
    comparison("Text", "!=", "NA"),
    comparison("Text", "IN", ["NA", "", "😀"]),
    comparison("Text", "NOT_IN", ["NA", "a\nb"]),
    comparison("Number", ">", 0),
    comparison("Number", "<=", 1.5),
    comparison("Count", "!=", 3),
    comparison("Count", "==", 0),
    {"type": "nullity", "column": {"name": "Number"}, "is_null": True},
    {"type": "nullity", "column": {"name": "Other"}, "is_null": False},
    {"type": "and", "conditions": [comparison("IsDeleted", "==", False), comparison("Number", "<", 2)]},
    {
        "type": "or",
        "conditions": [
            comparison("IsDeleted", "==", True),
            {"type": "and", "conditions": [comparison("Count", ">=", 1), comparison("Text", "!=", "x")]},
        ],
    },
]

EITHER = {"ignore_row_if": "either_value_is_missing"}
KINDS: list[tuple[str, dict[str, Any]]] = [
    *(("expect_column_values_to_not_be_null", {"column": column}) for column in TYPES),
    *(("expect_column_values_to_be_null", {"column": column}) for column in TYPES),
    ("expect_column_values_to_match_regex", {"column": "Text", "regex": r"\S"}),
    ("expect_column_values_to_match_regex", {"column": "Text", "regex": r"^[^@\s]+@[^@\s]+$"}),
    ("expect_column_values_to_match_regex", {"column": "Text", "regex": "^.$"}),
    ("expect_column_values_to_match_regex", {"column": "Other", "regex": "^(?:N|it'|é)"}),
    ("expect_column_values_to_not_match_regex", {"column": "Text", "regex": r"\s\Z"}),
    ("expect_column_values_to_not_match_regex", {"column": "Text", "regex": r"[\x00-\x1f]"}),
    ("expect_column_values_to_be_in_set", {"column": "Text", "value_set": ["NA", "", "it's", "é"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "Text", "value_set": ["None", "nan", "NA"]}),
    ("expect_column_value_lengths_to_be_between", {"column": "Text", "min_value": 1, "max_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "Text", "min_value": 1, "strict_min": True}),
    ("expect_column_value_lengths_to_equal", {"column": "Text", "value": 2}),
    ("expect_column_values_to_be_between", {"column": "Number", "min_value": 0}),
    ("expect_column_values_to_be_between", {"column": "Number", "max_value": 1.5, "strict_max": True}),
    (
        "expect_column_values_to_be_between",
        {"column": "Count", "min_value": 0, "max_value": 3, "strict_min": True},
    ),
    ("expect_column_values_to_be_between", {"column": "Count", "min_value": 0.5}),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "Stamp", "column_B": "Made", "or_equal": True, **EITHER},
    ),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "Day", "column_B": "Due", **EITHER}),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "Number", "column_B": "Second", **EITHER},
    ),
    ("expect_column_pair_values_to_be_equal", {"column_A": "Stamp", "column_B": "Made", **EITHER}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "Number", "column_B": "Second", **EITHER}),
]

texts = (
    st.none()
    | st.sampled_from(
        [
            "",
            " ",
            "x",
            "NA",
            "None",
            "nan",
            "it's",
            "a@b",
            "a@b\n",
            "a\nb",
            "é",
            "e\u0301",
            "😀",
            "\u00a0",
            "\u3000x",
            "00000",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
)
numbers = st.none() | st.sampled_from([0.0, -0.0, 1.5, -1.0, 2.0, float("nan"), float("inf"), float("-inf")])
stamps = st.none() | st.sampled_from(
    [datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 1), datetime(1700, 1, 1)]
)
days = st.none() | st.sampled_from([date(2024, 1, 1), date(2024, 2, 29), date(4000, 12, 31)])
rows = st.fixed_dictionaries(
    {
        "Id": texts,
        "IsDeleted": st.none() | st.booleans(),
        "Text": texts,
        "Other": texts,
        "Number": numbers,
        "Second": numbers,
        "Count": st.none() | st.integers(-3, 6) | st.sampled_from([2**53 + 1, -(2**62)]),
        "Stamp": stamps,
        "Made": stamps,
        "Day": days,
        "Due": days,
    }
)
rules = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CONDITIONS)), min_size=1, max_size=12)


def as_rule(number: int, kind: str, kwargs: dict[str, Any], condition: dict[str, Any] | None) -> Rule:
    kwargs = {**kwargs, **({"row_condition": condition} if condition else {})}
    return Rule(number, kind, "critical", kwargs, expectation(kind, **kwargs))


def findings_of_both(
    types: dict[str, str], batch_rows: list[dict[str, Any]], checked: list[Rule]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Judge a batch twice; per rule the numbers of the rows that the screen and Great Expectations name."""
    suite = Suite(Path("random.json"), "random", tuple(checked))
    with tempfile.TemporaryDirectory() as folder:
        page = write_rows(Path(folder) / "page.parquet", types, batch_rows)
        with StagedBatch("Lead", [page]) as batch:
            screened = screen.build(checked, batch.columns, batch.accepts)
            assert not screened.untranslated, screened.untranslated
            (piece,) = batch.suspects(batch.columns, screened.conditions, sample=len(batch_rows))
            (whole,) = batch.chunks(batch.columns)
    flags = {rule.number: piece.column(FLAG.format(rule.number)).to_pylist() for rule in checked}
    assert piece.num_rows == whole.num_rows
    suspected = {number: [at for at, flag in enumerate(each) if flag] for number, each in flags.items()}
    judged = Judge(suite, checked).judge(whole)
    return {number: each for number, each in suspected.items() if each}, judged


@settings(max_examples=40, deadline=None)
@given(batch_rows=st.lists(rows, min_size=1, max_size=12), picked=rules)
def test_agree_on_random_batches(
    batch_rows: list[dict[str, Any]],
    picked: list[tuple[tuple[str, dict[str, Any]], dict[str, Any] | None]],
) -> None:
    checked = [as_rule(n, kind, kwargs, condition) for n, ((kind, kwargs), condition) in enumerate(picked)]
    suspected, judged = findings_of_both(TYPES, batch_rows, checked)
    assert suspected == judged


def test_agree_on_every_expectation_over_all_awkward_values() -> None:
    awkward = {
        "Text": [
            "",
            " ",
            "NA",
            "None",
            "it's",
            "a@b",
            "a@b\n",
            "a\nb",
            "é",
            "e\u0301",
            "😀",
            "\u3000",
            "x" * 131_072,
        ],
        "Number": [0.0, -0.0, 1.5, -1.0, float("nan"), float("inf"), float("-inf")],
        "Count": [0, 1, 3, -1, 2**53 + 1],
        "Stamp": [datetime(2024, 1, 1), datetime(1700, 1, 1)],
        "Day": [date(2024, 1, 1), date(4000, 12, 31)],
        "IsDeleted": [True, False],
    }
    full = {"Id": "1", "Other": "NA", "Second": 1.5, "Made": datetime(2024, 1, 1), "Due": date(2024, 1, 1)}
    full |= {column: values[0] for column, values in awkward.items()}
    batch_rows = [{**full, column: value} for column, values in awkward.items() for value in values]
    batch_rows += [{**full, column: None} for column in TYPES]
    checked = [as_rule(number, kind, kwargs, None) for number, (kind, kwargs) in enumerate(KINDS)]
    suspected, judged = findings_of_both(TYPES, batch_rows, checked)
    assert suspected == judged


def test_agree_on_a_batch_of_nothing_but_nulls() -> None:
    checked = [
        as_rule(number, kind, kwargs, condition)
        for number, ((kind, kwargs), condition) in enumerate(
            (each, c) for each in KINDS for c in CONDITIONS[:2]
        )
    ]
    suspected, judged = findings_of_both(TYPES, [{}, {}], checked)
    assert suspected == judged


def test_the_shipped_suites_are_screened_in_full() -> None:
    # Else a million rows go through Great Expectations.
    kinds = {
        "IsDeleted": "BOOLEAN",
        "IsConverted": "BOOLEAN",
        "AnnualRevenue": "DOUBLE",
        "NumberOfEmployees": "BIGINT",
        "Probability": "DOUBLE",
        "ActualCost": "DOUBLE",
        **dict.fromkeys(("IsClosed", "IsWon", "Owner.IsActive"), "BOOLEAN"),
        **dict.fromkeys(("Amount", "BudgetedCost", "ExpectedRevenue", "ExpectedResponse"), "DOUBLE"),
        **dict.fromkeys(("StartDate", "EndDate"), "DATE"),
        **dict.fromkeys(("StartDateTime", "EndDateTime"), "TIMESTAMP"),
        "DurationInMinutes": "BIGINT",
    }
    kinds |= {"SystemModstamp": "TIMESTAMP", "CreatedDate": "TIMESTAMP", "ConvertedDate": "DATE"}
    for file in SHARED.glob("*.json"):
        suite = load(SHARED, file.stem)
        assert suite is not None
        types = {column: kinds.get(column, "VARCHAR") for rule in suite.rules for column in rule.columns}
        rules = [_settled(rule) for rule in suite.rules if not rule.is_structural]
        row_rules = [rule for rule in rules if rule.type in ROW_EXPECTATIONS]
        assert screen.build(row_rules, types, lambda condition: True).untranslated == ()
        for rule in set(rules) - set(row_rules):
            assert whole.build(rule, types) is not None, rule


def _settled(rule: Rule) -> Rule:
    """The rule with values for its parameters, as the report has them."""
    values: dict[str, Any] = {"value_set": ["a"], "min_value": 1, "max_value": 2}
    if "SystemModstamp" in rule.subjects or "CreatedDate" in rule.subjects:
        values = {"min_value": "2026-01-01T00:00:00", "max_value": "2026-01-01T00:00:00"}
    settled = {key: values[key] if key in rule.parameters else value for key, value in rule.kwargs.items()}
    return replace(rule, kwargs=settled)


def test_what_may_differ_is_left_to_great_expectations() -> None:
    doubtful: list[tuple[str, dict[str, Any]]] = [
        ("expect_column_values_to_match_regex", {"column": "Text", "regex": r"\d"}),
        ("expect_column_values_to_match_regex", {"column": "Number", "regex": "1"}),
        ("expect_column_values_to_be_between", {"column": "Count", "min_value": 2**53}),
        ("expect_column_values_to_be_between", {"column": "Text", "min_value": "a"}),
        ("expect_column_values_to_be_in_set", {"column": "Count", "value_set": [1]}),
        ("expect_column_values_to_match_regex_list", {"column": "Text", "regex_list": ["a"]}),
        ("expect_column_value_lengths_to_equal", {"column": "Number", "value": 1}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "Stamp", "column_B": "Made"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "Stamp", "column_B": "Day", **EITHER}),
        ("expect_column_values_to_not_be_null", {"column": "Text", "argument_to_come": 1}),
    ]
    checked = [as_rule(number, kind, kwargs, None) for number, (kind, kwargs) in enumerate(doubtful)]
    by_time = comparison("Stamp", "<", "2024-01-01")
    checked.append(as_rule(99, "expect_column_values_to_not_be_null", {"column": "Text"}, by_time))
    screened = screen.build(checked, TYPES, lambda condition: True)
    assert list(screened.untranslated) == checked
    # A type that staged batches do not have.
    null = as_rule(0, "expect_column_values_to_not_be_null", {"column": "Text"}, None)
    assert screen.build([null], {"Text": "BLOB"}, lambda condition: True).rules == ()
    assert screen.build([null], TYPES, lambda condition: False).rules == ()
