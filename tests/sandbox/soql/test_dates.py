"""Date literals: what each means on a leap day that is a Thursday, from the reference's table, by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import Org
from sandbox.soql.dates import PERIODS, PERIODS_WITH_NUMBER, period

NOW = datetime(2024, 2, 29, 13, 30)

# First and last day, both included.
TABLE = {
    "YESTERDAY": ("2024-02-28", "2024-02-28"),
    "TODAY": ("2024-02-29", "2024-02-29"),
    "TOMORROW": ("2024-03-01", "2024-03-01"),
    "LAST_WEEK": ("2024-02-18", "2024-02-24"),
    "THIS_WEEK": ("2024-02-25", "2024-03-02"),
    "NEXT_WEEK": ("2024-03-03", "2024-03-09"),
    "LAST_MONTH": ("2024-01-01", "2024-01-31"),
    "THIS_MONTH": ("2024-02-01", "2024-02-29"),
    "NEXT_MONTH": ("2024-03-01", "2024-03-31"),
    "LAST_90_DAYS": ("2023-12-01", "2024-02-29"),
    "NEXT_90_DAYS": ("2024-03-01", "2024-05-29"),
    "THIS_QUARTER": ("2024-01-01", "2024-03-31"),
    "LAST_QUARTER": ("2023-10-01", "2023-12-31"),
    "NEXT_QUARTER": ("2024-04-01", "2024-06-30"),
    "THIS_YEAR": ("2024-01-01", "2024-12-31"),
    "LAST_YEAR": ("2023-01-01", "2023-12-31"),
    "NEXT_YEAR": ("2025-01-01", "2025-12-31"),
    "THIS_FISCAL_QUARTER": ("2024-01-01", "2024-03-31"),
    "LAST_FISCAL_QUARTER": ("2023-10-01", "2023-12-31"),
    "NEXT_FISCAL_QUARTER": ("2024-04-01", "2024-06-30"),
    "THIS_FISCAL_YEAR": ("2024-01-01", "2024-12-31"),
    "LAST_FISCAL_YEAR": ("2023-01-01", "2023-12-31"),
    "NEXT_FISCAL_YEAR": ("2025-01-01", "2025-12-31"),
    "LAST_N_DAYS:1": ("2024-02-28", "2024-02-29"),
    "LAST_N_DAYS:30": ("2024-01-30", "2024-02-29"),
    "NEXT_N_DAYS:1": ("2024-03-01", "2024-03-01"),
    "NEXT_N_DAYS:15": ("2024-03-01", "2024-03-15"),
    "N_DAYS_AGO:25": ("2024-02-04", "2024-02-04"),
    "LAST_N_WEEKS:2": ("2024-02-11", "2024-02-24"),
    "NEXT_N_WEEKS:2": ("2024-03-03", "2024-03-16"),
    "N_WEEKS_AGO:3": ("2024-02-04", "2024-02-10"),
    "LAST_N_MONTHS:12": ("2023-02-01", "2024-01-31"),
    "NEXT_N_MONTHS:2": ("2024-03-01", "2024-04-30"),
    "N_MONTHS_AGO:12": ("2023-02-01", "2023-02-28"),
    "LAST_N_QUARTERS:2": ("2023-07-01", "2023-12-31"),
    "NEXT_N_QUARTERS:2": ("2024-04-01", "2024-09-30"),
    "N_QUARTERS_AGO:3": ("2023-04-01", "2023-06-30"),
    "LAST_N_YEARS:5": ("2019-01-01", "2023-12-31"),
    "NEXT_N_YEARS:5": ("2025-01-01", "2029-12-31"),
    "N_YEARS_AGO:2": ("2022-01-01", "2022-12-31"),
    "LAST_N_FISCAL_QUARTERS:6": ("2022-07-01", "2023-12-31"),
    "NEXT_N_FISCAL_QUARTERS:6": ("2024-04-01", "2025-09-30"),
    "N_FISCAL_QUARTERS_AGO:6": ("2022-07-01", "2022-09-30"),
    "LAST_N_FISCAL_YEARS:3": ("2021-01-01", "2023-12-31"),
    "NEXT_N_FISCAL_YEARS:3": ("2025-01-01", "2027-12-31"),
    "N_FISCAL_YEARS_AGO:3": ("2021-01-01", "2021-12-31"),
}


def test_the_table_is_complete() -> None:
    assert {word.split(":")[0] for word in TABLE} == PERIODS | PERIODS_WITH_NUMBER


@pytest.mark.parametrize(("literal", "days"), TABLE.items())
def test_stretches(small: Org, literal: str, days: tuple[str, str]) -> None:
    word, _, number = literal.partition(":")
    first, after = period(word, int(number) if number else None, NOW)
    last = date.fromordinal(after.toordinal() - 1)
    assert (first.isoformat(), last.isoformat()) == days

    surveys = [
        row["Last_Survey__c"]
        for row in small.query("SELECT Last_Survey__c FROM Lead WHERE Last_Survey__c != null")
    ]

    def found(operator: str) -> list[str]:
        rows = small.query(f"SELECT Last_Survey__c FROM Lead WHERE Last_Survey__c {operator} {literal}")
        return sorted(row["Last_Survey__c"] for row in rows if row["Last_Survey__c"])

    assert found("=") == sorted(day for day in surveys if days[0] <= day <= days[1])
    assert found("!=") == sorted(day for day in surveys if not days[0] <= day <= days[1])
    assert found("<") == sorted(day for day in surveys if day < days[0])
    assert found("<=") == sorted(day for day in surveys if day <= days[1])
    assert found(">") == sorted(day for day in surveys if day > days[1])
    assert found(">=") == sorted(day for day in surveys if day >= days[0])


@given(
    st.sampled_from(sorted(PERIODS_WITH_NUMBER)),
    st.integers(0, 2**31 - 1),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
)
def test_any_number_means_some_stretch(word: str, number: int, now: datetime) -> None:
    first, after = period(word, number, now)
    assert first <= after


def test_offsets_are_counted(small: Org) -> None:
    def at(text: str) -> set[str]:
        return {row["Id"] for row in small.query(f"SELECT Id FROM Lead WHERE CreatedDate >= {text}")}

    assert at("2022-06-01T12:00:00Z") == at("2022-06-01T14:00:00+02:00") == at("2022-06-01T07:00:00.000-0500")
