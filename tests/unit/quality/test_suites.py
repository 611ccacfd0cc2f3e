"""Suite files: what is read of a good one, and one clear line for each way to be bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from quality_staging import SUITES, expectation, write_suite

from tandem.errors import SettingsError
from tandem.quality.suite import ROW_EXPECTATIONS, WHOLE_EXPECTATIONS, load

NOT_NULL = expectation("expect_column_values_to_not_be_null", column="Id")


def test_no_file_is_no_suite(tmp_path: Path) -> None:
    assert load(tmp_path, "Lead") is None


def test_reads_rules_and_limits(tmp_path: Path) -> None:
    live = {"type": "comparison", "column": {"name": "IsDeleted"}, "operator": "==", "parameter": False}
    named = {"type": "nullity", "column": {"name": "Name"}, "is_null": False}
    condition = {"type": "and", "conditions": [live, named]}
    pair = expectation(
        "expect_column_pair_values_to_be_equal", "info", column_A="A", column_B="B", row_condition=condition
    )
    folder = write_suite(
        tmp_path, "My_Thing__c", [NOT_NULL, {**NOT_NULL, "severity": "warning"}, pair], stop_above=0.1
    )
    suite = load(folder, "My_Thing__c")
    assert suite is not None
    assert (suite.stop_above, suite.of_at_least) == (0.1, 20)
    assert [rule.is_critical for rule in suite.rules] == [True, False, False]
    assert suite.rules[2].subjects == ("A", "B")
    assert suite.rules[2].columns == {"A", "B", "IsDeleted", "Name"}


def test_severity_is_critical_unless_stated(tmp_path: Path) -> None:
    unstated = {key: value for key, value in NOT_NULL.items() if key != "severity"}
    suite = load(write_suite(tmp_path, "Lead", [unstated]), "Lead")
    assert suite is not None
    assert suite.rules[0].severity == "critical"


REGEX = "expect_column_values_to_match_regex"
SUITE = {"name": "lead", "expectations": []}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON: Expecting property name"),
        ("[]", "must be a JSON object"),
        ({"expectations": []}, "needs a name"),
        ({"name": "lead"}, "needs a list of expectations"),
        ({**SUITE, "expectation": []}, "unknown entry 'expectation'"),
        ({**SUITE, "meta": {"tandem": {"stop_abov": 1}}}, "unknown entry 'stop_abov'"),
        ({**SUITE, "meta": {"tandem": {"stop_above": 50}}}, "not a share between 0 and 1"),
        ({**SUITE, "meta": {"tandem": {"of_at_least": 0.5}}}, "not a number of rows"),
        ({**SUITE, "meta": {"tandem": 1}}, "meta.tandem that is not a JSON object"),
        (["x"], "expectation 1 must be a JSON object"),
        ([{"kwargs": {}}], "expectation 1 needs a type"),
        ([{**NOT_NULL, "expectation_type": "x"}], "unknown entry 'expectation_type'"),
        ([{"type": REGEX}], "needs kwargs"),
        ([{"type": REGEX, "kwargs": {}}], "needs column"),
        ([expectation(REGEX, column="Id")], "needs regex"),
        (
            [expectation("expect_select_column_values_to_be_unique_within_record", column_list=[])],
            "column_list",
        ),
        (
            [expectation("expect_column_values_to_not_be_nul", column="Id")],
            "mean expect_column_values_to_not_be_null?",
        ),
        ([expectation("expect_column_sum_to_be_big", column="N")], "not an expectation that Tandem knows"),
        ([NOT_NULL, expectation(REGEX, "fatal", column="Id", regex="x")], "expectation 2"),
        ([expectation(REGEX, "fatal", column="Id", regex="x")], "severity 'fatal'"),
        ([expectation(REGEX, column="Id", regex="x", mostly=0.9)], "use meta.tandem.stop_above"),
        ([expectation(REGEX, column="Id", regex="x", row_condition="a == 1")], "row_condition"),
        (
            [expectation(REGEX, column="Id", regex="x", row_condition={"type": "pass_through"})],
            "row_condition",
        ),
        ([expectation("expect_column_to_exist", column="Id", column_index=0)], "column_index"),
    ],
)
def test_one_clear_line_for_a_bad_suite(tmp_path: Path, content: Any, said: str) -> None:
    if isinstance(content, list) and content:
        content = {"name": "lead", "expectations": content}
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "lead.json").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, "Lead")
    line = str(caught.value)
    assert said in line
    assert str(tmp_path / "lead.json") in line
    assert "\n" not in line


def test_a_suite_that_is_not_text_or_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "lead.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "contact.json").mkdir()
    for object in ("Lead", "Contact"):
        with pytest.raises(SettingsError, match=r"cannot be read: .*move it away\.$"):
            load(tmp_path, object)


def test_the_expectations_taken_are_great_expectations_own() -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    for kind, columns in {**ROW_EXPECTATIONS, **WHOLE_EXPECTATIONS}.items():
        assert set(columns) <= set(get_expectation_impl(kind).__fields__), kind


def test_the_shipped_suites_load() -> None:
    for file in SUITES.glob("*.json"):
        suite = load(SUITES, file.stem)
        assert suite is not None
        assert suite.rules
