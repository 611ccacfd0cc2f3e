"""Play the demo: an org, the first sync, a day of edits on both sides, one cycle, and what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo.scenes import SCENES, Scene, Sides
from sandbox import Org, serve
from tandem.database.connection import Database

PEOPLE = 2_000
DATABASE = Path("data/demo.duckdb")

console = Console()


def main() -> int:
    """Play the day; 0 if everything came out as documented."""
    for left in DATABASE.parent.glob(f"{DATABASE.name}*"):
        left.unlink()
    console.rule("An org on loopback")
    org = Org(people=PEOPLE, seed=7)
    scenes = [scene() for scene in SCENES]
    for scene in scenes:
        scene.prepare(org)
    with serve(org) as server:
        console.print(
            f"{server.url}: {org.count('Lead'):,} leads, {org.count('Contact'):,} contacts,"
            f" {org.count('Account'):,} accounts, {org.count('User'):,} users"
        )
        environment = {
            **os.environ,
            "TANDEM_SALESFORCE__URL": server.url,
            "TANDEM_SALESFORCE__CLIENT_ID": org.client_id,
            "TANDEM_SALESFORCE__CLIENT_SECRET": org.client_secret,
            "TANDEM_DATABASE": str(DATABASE),
        }
        console.rule("The full first sync: tandem backfill")
        _tandem("backfill", environment)
        org.clock.advance(seconds=3600)
        sides = Sides(org, Database(DATABASE))
        for scene in scenes:
            scene.play(sides)
        console.rule("A day later: edits on both sides, then one cycle: tandem sync")
        _tandem("sync", environment)
        return _verdict(sides, scenes)


def _tandem(command: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "tandem.cli", command], env=environment, check=True)


def _verdict(sides: Sides, scenes: list[Scene]) -> int:
    table = Table(title="What came of it", title_justify="left")
    for heading in ("what happened", "documented outcome", "came out so"):
        table.add_column(heading)
    outcomes = [scene.outcome(sides) for scene in scenes]
    for scene, right in zip(scenes, outcomes, strict=True):
        table.add_row(scene.title, scene.expected, "[green]yes[/]" if right else "[bold red]NO[/]")
    console.print(table)
    console.print(
        f"{sum(outcomes)} of {len(outcomes)} as documented. Look around: TANDEM_DATABASE={DATABASE} tandem status"
    )
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
