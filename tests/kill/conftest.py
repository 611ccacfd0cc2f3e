"""Worlds whose runs are processes of their own, to be killed."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.killer import ForkServer
from tests.support.suites import lighten_suites

#: Kills in the whole suite: ``KILLS=200`` for a long run by hand, ``KILL_SEED`` for other deaths.
KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("KILL_SEED", "20261120"))


def share(part: float) -> int:
    """Return how many of the kills fall to one test."""
    return max(1, round(KILLS * part))


@pytest.fixture(scope="session")
def fork_server(prefect_server: None) -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def light_suites(tmp_path: Path) -> str:
    return lighten_suites(tmp_path)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"{SEED} {request.node.name}")
