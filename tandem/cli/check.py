"""``tandem check``: would a sync work?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import JsonOption, print_json, say


def check(as_json: JsonOption = False) -> None:
    """Check suites, login, permissions, required fields and API budget. Writes nothing; exit code 1: not ready."""
    settings, database = opened()
    # Imported here: the client of Salesforce is slow to import, and `tandem status` has no use for it.
    from tandem.reports.check import check_setup

    results = []
    for result in check_setup(settings, database):
        results.append(result)
        if not as_json:
            say("ok  " if result.ok else "FAIL", style="green" if result.ok else "bold red", end=" ")
            say(f"{result.name}: {result.detail}")
    ready = all(result.ok for result in results)
    if as_json:
        print_json({"ready": ready, "checks": [asdict(result) for result in results]})
    if not ready:
        raise typer.Exit(1)
