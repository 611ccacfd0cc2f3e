"""Worlds whose runs are processes of their own, to be killed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.killer import ForkServer
from tests.support.world import PROJECT

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
    """The one expectation that these tests break; Great Expectations takes half of a small run otherwise."""
    folder = tmp_path / "expectations"
    folder.mkdir()
    suite = json.loads((PROJECT / "expectations" / "lead.json").read_text("utf-8"))
    suite["expectations"] = [
        each for each in suite["expectations"] if each["kwargs"].get("column") == "NumberOfEmployees"
    ]
    (folder / "lead.json").write_text(json.dumps(suite), "utf-8")
    return str(folder)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"{SEED} {request.node.name}")
