"""A whole object against its suite: what SQL finds, Great Expectations says too, and what cannot be judged."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quality_staging import expectation, write_rows, write_suite

from tandem.errors import SettingsError
from tandem.quality import survey as surveys
from tandem.quality.defaults import suite_for
from tandem.quality.outcome import Outcome, Survey, Worst, is_broken_whole
from tandem.quality.snapshot import ROW, Snapshot
from tandem.quality.suite import load
from tandem.quality.survey import survey
from tandem.salesforce.description import FieldDescribe, ObjectDescribe

READ_AT = datetime(2026, 11, 20, 4)
CONTACT = {
    **dict.fromkeys(("Id", "AccountId", "OwnerId", "Email", "Status", "Name"), "VARCHAR"),
    "SystemModstamp": "TIMESTAMP",
    "Amount": "DOUBLE",
}
ACCOUNT = {"Id": "VARCHAR", "IsActive": "BOOLEAN"}
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
COMPOUND = "expect_compound_columns_to_be_unique"
NAMED = {"type": "nullity", "column": {"name": "AccountId"}, "is_null": False}
SUITE = [
    expectation("expect_column_to_exist", column="Id"),
    expectation(NOT_NULL, column="Email"),
    expectation("expect_column_values_to_be_in_set", "warning", column="Status",
                value_set={"$PARAMETER": "picklist_Status"}),
    expectation(NOT_NULL, "warning", column="Account.Id", row_condition=NAMED),
    expectation("expect_column_values_to_be_in_set", "warning", column="Account.IsActive", value_set=[True]),
    expectation(UNIQUE, "warning", column="Email"),
    expectation(UNIQUE, "info", column="Email", mostly=0.5, row_condition=NAMED),
    expectation(COMPOUND, "warning", column_list=["AccountId", "Status"], row_condition=NAMED),
    expectation(COMPOUND, "info", column_list=["AccountId", "Email"]),
    expectation("expect_table_row_count_to_be_between", "warning", min_value={"$PARAMETER": "rows_usual * 0.8"},
                max_value={"$PARAMETER": "rows_usual * 1.5 + 10"}),
    expectation("expect_column_max_to_be_between", "warning", column="SystemModstamp",
                min_value={"$PARAMETER": "read_at - timedelta(days=30)"}),
    expectation("expect_column_min_to_be_between", "warning", column="Amount", min_value=0, strict_min=True),
    expectation("expect_column_mean_to_be_between", "warning", column="Amount", min_value=0, max_value=10),
    expectation("expect_column_values_to_match_regex", "info", column="Name", regex=r"^\w+ \d"),
]  # fmt: skip


def snapshot(
    folder: Path, name: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]], **references: str
) -> Snapshot:
    pages = folder / name
    pages.mkdir()
    numbered = [{ROW: number, **row} for number, row in enumerate(rows)]
    write_rows(pages / "records.parquet", {ROW: "BIGINT", **types}, numbered)
    fields = {
        each: FieldDescribe(
            name=each,
            label=each,
            type="picklist" if each == "Status" else "reference" if each in references else "string",
            nillable=each != "Email",
            reference_to=(references[each],) if each in references else (),
            picklist_values=("Open", "Done") if each == "Status" else (),
        )
        for each in types
    }
    return Snapshot(
        object=name,
        pages=pages,
        columns={ROW: "BIGINT", **types},
        records=len(rows),
        filled={},
        quarantined=0,
        newly_quarantined=0,
        read_at=READ_AT,
        rows_usual=float(len(rows)),
        describe=ObjectDescribe(name, name, fields),
    )


@pytest.fixture
def org(tmp_path: Path) -> dict[str, Snapshot]:
    """Three hundred contacts with every kind of fault, and the accounts that some of them have."""
    chance = random.Random(7)
    accounts = [{"Id": f"A{number}", "IsActive": chance.choice((True, False, None))} for number in range(20)]
    contacts = [
        {
            "Id": f"C{number:03}",
            "AccountId": chance.choice((None, f"A{chance.randrange(25)}")),
            "OwnerId": "A1",
            "Email": chance.choice((None, "", *(f"{chance.randrange(900)}@x.example" for _ in range(20)))),
            "Status": chance.choice(("Open", "Done", "Gone", None)),
            "Name": chance.choice(("Ann 1", "Ann", "Zoë 2", None)),
            "SystemModstamp": READ_AT - timedelta(days=chance.randrange(40, 400)),
            "Amount": chance.choice((None, 0.0, chance.uniform(0, 200))),
        }
        for number in range(300)
    ]
    return {
        "Account": snapshot(tmp_path, "Account", ACCOUNT, accounts),
        "Contact": snapshot(tmp_path, "Contact", CONTACT, contacts, AccountId="Account", OwnerId="Group"),
    }


def surveyed(org: Mapping[str, Snapshot], folder: Path, rules: Sequence[Mapping[str, Any]]) -> Survey:
    suite = load(write_suite(folder, "Contact", rules), "Contact")
    assert suite is not None
    return survey(suite, org["Contact"], org, "200MB", 1)


def test_sql_and_great_expectations_agree_on_a_whole_object(
    org: dict[str, Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = surveyed(org, tmp_path, SUITE)
    monkeypatch.setattr(surveys, "WHOLE", 0)
    monkeypatch.setattr(surveys, "SAMPLE", 30)
    found = surveyed(org, tmp_path, SUITE)

    def facts(outcome: Outcome) -> tuple[Any, ...]:
        examples = sorted(outcome.examples)
        return outcome.rule.number, outcome.holds, outcome.broken, outcome.checked, examples

    assert [facts(each) for each in found.outcomes] == [facts(each) for each in judged.outcomes]
    assert found.outcomes[10].observed == judged.outcomes[10].observed
    assert (found.failing, found.warned) == (judged.failing, judged.warned)

    def broken(worst: Worst) -> tuple[str, str | None, list[int]]:
        return worst.sfdc_id, worst.name, [rule.number for rule in worst.rules]

    assert [broken(each) for each in found.worst] == [broken(each) for each in judged.worst]

    # Not for want of faults: most expectations are broken, on rows and as a whole.
    assert [each.rule.number for each in judged.outcomes if each.holds] == [0, 6, 9]
    with_accounts = {each.rule.number: each.checked for each in judged.outcomes}
    assert with_accounts[1] == 300
    assert 100 < with_accounts[3] < 200
    assert judged.failing == judged.outcomes[1].broken > 0
    assert len(judged.worst) == surveys.WORST
    assert judged.worst[0].rules[0].is_critical
    # Warnings about the whole are broken too: freshness, the least amount, the mean.
    whole = [each for each in judged.outcomes if is_broken_whole(each)]
    fit = 300 - judged.failing - judged.warned / 4
    assert judged.score(org["Contact"]) == pytest.approx(100 * fit / 300 - 5 * len(whole), abs=0.06)
    held = replace(org["Contact"], quarantined=50, newly_quarantined=50)
    assert judged.score(held) < judged.score(org["Contact"])


def test_what_cannot_be_judged_is_said(org: dict[str, Snapshot], tmp_path: Path) -> None:
    found = surveyed(
        org,
        tmp_path,
        [
            expectation(NOT_NULL, column="Emial"),
            expectation(NOT_NULL, column="Owner.Id"),  # a group, and groups are not synced
            expectation(NOT_NULL, column="Nobody.Id"),
            expectation(
                "expect_column_values_to_be_in_set", column="Name", value_set={"$PARAMETER": "picklist_Name"}
            ),
        ],
    )
    assert [each.holds for each in found.outcomes] == [None] * 4
    assert found.outcomes[3].problem == "Name is no picklist"
    assert found.notes == (
        "contact.json names Emial, which Contact has not, or the sync user may not see; did you mean Email?",
        "contact.json names Nobody.Id, which Contact has not, or the sync user may not see.",
    )
    assert found.score(org["Contact"]) == 100

    for rule, said in (
        (
            expectation("expect_table_row_count_to_be_between", min_value={"$PARAMETER": "rows_usal * 2"}),
            "expectation 1, expect_table_row_count_to_be_between, has a $PARAMETER that cannot be worked out",
        ),
        (
            expectation("expect_column_max_to_be_between", column="Email", max_value=3),
            "expectation 1, expect_column_max_to_be_between on Email, cannot be judged",
        ),
    ):
        with pytest.raises(SettingsError) as caught:
            surveyed(org, tmp_path, [rule])
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_object_without_a_suite_is_held_to_its_description(
    org: dict[str, Snapshot], tmp_path: Path
) -> None:
    suite = suite_for(org["Contact"], org, tmp_path)
    found = survey(suite, org["Contact"], org, "200MB", 1)
    assert [(each.rule.type, each.rule.subject) for each in found.outcomes] == [
        (NOT_NULL, "Id"),
        (UNIQUE, "Id"),
        (NOT_NULL, "Account.Id"),
        (NOT_NULL, "Email"),
        ("expect_column_values_to_be_in_set", "Status"),
    ]
    assert all(each.broken for each in found.outcomes if each.rule.subject != "Id")


def test_no_records_break_nothing(tmp_path: Path) -> None:
    empty = {"Contact": snapshot(tmp_path, "Contact", CONTACT, [])}
    found = surveyed(empty, tmp_path, SUITE)
    assert {each.holds for each in found.outcomes} == {True, None}  # accounts are not there at all
    assert found.score(empty["Contact"]) == 100
