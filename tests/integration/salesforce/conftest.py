"""A sandbox org over real HTTP; each test finds it as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox import Org, serve
from tandem.salesforce.calls import CallMeter
from tandem.salesforce.connection import Connection, connect
from tandem.settings import ApiBudget, SalesforceSettings

PEOPLE = 1000
VERSION = "/services/data/v62.0/"


@dataclass
class Wire:
    """The org, where it listens, and how to get at it."""

    org: Org
    url: str

    def settings(self, **changes: Any) -> SalesforceSettings:
        given = {
            "url": self.url,
            "client_id": self.org.client_id,
            "client_secret": self.org.client_secret,
            "backoff_seconds": 0,
            "bulk_poll_seconds": 0.01,
            "timeout_seconds": 20,
        }
        return SalesforceSettings.model_validate({**given, **changes})

    def connect(self, budget: ApiBudget | None = None, spent: int = 0, **changes: Any) -> Connection:
        return connect(self.settings(**changes), CallMeter(budget or ApiBudget(), spent))

    def paths(self, part: str = "") -> list[str]:
        return [
            f"{entry.method} {entry.path.removeprefix(VERSION)}"
            for entry in self.org.requests
            if part in entry.path
        ]


@pytest.fixture(scope="module")
def served() -> Iterator[Wire]:
    org = Org(people=PEOPLE, seed=7)
    with serve(org, port=0) as server:
        yield Wire(org, server.url)
    org.close()


@pytest.fixture
def wire(served: Wire) -> Iterator[Wire]:
    before = served.org.snapshot()
    served.org.requests.clear()
    yield served
    served.org.faults.clear()
    served.org.restore(before)
    served.org.set_api_limit(15_000)


@pytest.fixture
def leads(wire: Wire) -> Callable[[int], list[str]]:
    """Ids of so many leads."""
    return lambda count: [
        row["Id"] for row in wire.org.query(f"SELECT Id FROM Lead ORDER BY Id LIMIT {count}")
    ]
