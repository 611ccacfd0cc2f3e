"""One org and one server for all tests here; each test gets the org as it was at the start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from http_client import Client

from sandbox import Org, Server, serve


@pytest.fixture(scope="session")
def shared() -> Iterator[tuple[Org, Server, object]]:
    org = Org(people=500, seed=7)
    with serve(org) as server:
        yield org, server, org.snapshot()
    org.close()


@pytest.fixture
def org(shared: tuple[Org, Server, object]) -> Iterator[Org]:
    org, _, start = shared
    yield org
    org.faults.clear()
    org.restore(start)
    org.set_api_limit(15_000)
    org.requests.clear()


@pytest.fixture
def server(shared: tuple[Org, Server, object], org: Org) -> Server:
    return shared[1]


@pytest.fixture
def client(org: Org, server: Server) -> Iterator[Client]:
    with Client(server.url, org.client_id, org.client_secret) as client:
        yield client
