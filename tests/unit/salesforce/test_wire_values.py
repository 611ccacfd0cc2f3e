"""Values on their way to Salesforce."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tandem.salesforce.values import Unsendable, bulk_cell, fits_bulk, plain


@pytest.mark.parametrize(
    "value", [None, "", float("nan"), pd.NaT, pd.NA, np.float64("nan"), np.datetime64("NaT"), Decimal("NaN")]
)
def test_every_kind_of_nothing_is_null(value: Any) -> None:
    assert plain({"X": value}) == {"X": None}


@pytest.mark.parametrize(
    ("value", "sent", "cell"),
    [
        ("NA", "NA", "NA"),
        ("00000", "00000", "00000"),
        (" x", " x", " x"),
        (True, True, "true"),
        (np.bool_(False), False, "false"),
        (7, 7, "7"),
        (np.int64(7), 7, "7"),
        (1.5, 1.5, "1.5"),
        (Decimal("12"), 12, "12"),
        (Decimal("12.50"), 12.5, "12.5"),
        (date(2026, 5, 1), "2026-05-01", "2026-05-01"),
        (datetime(2026, 5, 1, 7, 25, 37), "2026-05-01T07:25:37.000Z", "2026-05-01T07:25:37.000Z"),
        (
            datetime(2026, 5, 1, 9, 25, 37, 1500, timezone(timedelta(hours=2))),
            "2026-05-01T07:25:37.001Z",
            "2026-05-01T07:25:37.001Z",
        ),
        (
            pd.Timestamp("2026-05-01T07:25:37", tz=UTC),
            "2026-05-01T07:25:37.000Z",
            "2026-05-01T07:25:37.000Z",
        ),
        (time(7, 25, 37), "07:25:37.000Z", "07:25:37.000Z"),
    ],
)
def test_values_keep_their_meaning(value: Any, sent: Any, cell: str) -> None:
    found = plain({"X": value})["X"]
    assert found == sent
    assert type(found) is type(sent)
    assert bulk_cell(found) == cell


@pytest.mark.parametrize("value", [float("inf"), Decimal("-Infinity"), b"bytes", ["a"], {"a": 1}])
def test_what_no_field_takes_is_refused_by_name(value: Any) -> None:
    with pytest.raises(Unsendable, match="Score__c: "):
        plain({"Score__c": value})


def test_bulk_cannot_carry_its_own_null_as_text_nor_very_long_text() -> None:
    assert bulk_cell(None) == "#N/A"
    assert fits_bulk({"a": None, "b": "x" * 32_000, "c": 1})
    assert not fits_bulk({"a": "#N/A"})
    assert not fits_bulk({"a": "x" * 32_001})
