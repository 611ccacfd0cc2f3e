"""One small org for all tests of SOQL; none of them writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox import Org

NOW = datetime(2024, 2, 29, 13, 30, tzinfo=UTC)
"""A leap day, a Thursday."""


@pytest.fixture(scope="session")
def small() -> Iterator[Org]:
    org = Org(people=300, seed=11)
    org.clock.set(NOW)
    # What the generator leaves out: case, wildcards, quotes, nulls of every kind, dates around now.
    days = [-800, -366, -91, -90, -31, -30, -8, -7, -1, 0, 1, 7, 30, 90, 91, 366]
    for place, day in enumerate(days):
        org.create(
            "Lead",
            {
                "LastName": ["smith", "SMITH", "O'Neil", "100%", "a_b", "Zoë"][place % 6],
                "Company": ["acme", "ACME", "Acme_1", "50% off", "back\\slash", "_under"][place % 6],
                "Title": [None, "x", "X"][place % 3],
                "NumberOfEmployees": [None, 0, 5, 5000][place % 4],
                "AnnualRevenue": [None, 0, 1234][place % 3],
                "Latitude": [None, 48.2082, 47.0707, -33.87][place % 4],
                "Longitude": [None, 16.3738, 15.4395, 151.21][place % 4],
                "Newsletter__c": place % 2 == 0,
                "Rating": [None, "Hot", "Warm", "Cold"][place % 4],
                "Interests__c": [None, "Web", "Email;Web", "Analytics;Email;Web"][place % 4],
                "Last_Survey__c": datetime.fromordinal(NOW.toordinal() + day).date().isoformat(),
            },
        )
    yield org
    org.close()
