"""The budget of API calls (API-01, API-02)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tandem.errors import BudgetExhausted
from tandem.salesforce.calls import ApiCall, CallMeter, parse_limit_info
from tandem.settings import ApiBudget


def call(calls: int = 1, used: int | None = None, limit: int | None = None) -> ApiCall:
    return ApiCall(datetime.now(UTC), "query", "Lead", 200, 0.1, calls, None, used, limit)


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=18/5000", (18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=x)", (25, 5000)),
        ("per-app-api-usage=17/250(appName=x); api-usage=25/5000", (25, 5000)),
        ("API-BURSTS=1/750, api-usage = 2 / 9", (2, 9)),
        ("per-app-api-usage=17/250(appName=x)", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_the_limit_header_is_read_leniently(header: str | None, usage: tuple[int | None, int | None]) -> None:
    assert parse_limit_info(header) == usage


def test_our_own_daily_calls_end_the_run_before_they_are_exceeded() -> None:
    meter = CallMeter(ApiBudget(daily_calls=5), spent=3)
    meter.require(2)
    with pytest.raises(BudgetExhausted, match="3 of our 5"):
        meter.require(3)
    meter.reserve(1)
    meter.record(call())
    meter.reserve(1)  # under way is as good as spent
    with pytest.raises(BudgetExhausted) as stopped:
        meter.require()
    assert "\n" not in str(stopped.value)
    assert "TANDEM_BUDGET__DAILY_CALLS" in str(stopped.value)


def test_the_reserve_is_left_to_others() -> None:
    meter = CallMeter(ApiBudget(reserve=0.1))
    meter.reserve(1)
    meter.record(call(used=899, limit=1000))
    meter.reserve(1)
    with pytest.raises(BudgetExhausted, match="899 of its 1000"):
        meter.require()  # the last that may be spent is under way
    meter.record(call(used=900, limit=1000))
    with pytest.raises(BudgetExhausted, match="900 of its 1000"):
        meter.require()
    assert meter.org_usage == (900, 1000)


def test_calls_are_handed_over_once_and_stay_counted() -> None:
    meter = CallMeter(ApiBudget())
    meter.reserve(1)
    meter.record(call())
    meter.record(call(calls=0))
    assert len(meter.drain()) == 2
    assert meter.drain() == []
    assert meter.count == 1
