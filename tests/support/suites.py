"""Expectation suites for tests that are about something else."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.world import PROJECT


def lighten_suites(folder: Path) -> str:
    """Make suites of one expectation, that of employees; Great Expectations takes half of a small run otherwise."""
    suites = folder / "expectations"
    suites.mkdir()
    suite = json.loads((PROJECT / "expectations" / "lead.json").read_text("utf-8"))
    suite["expectations"] = [
        each for each in suite["expectations"] if each["kwargs"].get("column") == "NumberOfEmployees"
    ]
    (suites / "lead.json").write_text(json.dumps(suite), "utf-8")
    return str(suites)
