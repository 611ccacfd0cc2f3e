"""Both sides of a sync, for tests: a Salesforce org on loopback, and Tandem set up to sync with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import Org, serve
from tandem.database.connection import Database

PROJECT = Path(__file__).resolve().parents[2]

#: The suites that ship, for tests in which batches are judged: ``TANDEM_EXPECTATIONS``.
SHIPPED_SUITES = str(PROJECT / "expectations")

#: DuckDB's in these tests: sharing out so few rows costs more than it saves.
THREADS = 1


class World:
    """An org, a database, and the flows between them."""

    def __init__(self, org: Org, url: str, database: Path) -> None:
        self.org = org
        self.url = url
        self.database = Database(database, threads=THREADS)

    def backfill(self, **parameters: Any) -> dict[str, Any]:
        """Run the flow ``backfill`` and return its summary."""
        from flows.backfill import backfill

        return backfill(**parameters)  # type: ignore[return-value]

    def sync(self, **parameters: Any) -> dict[str, Any]:
        """Run the flow ``sync`` and return its summary.

        The org's clock goes on by a minute first, so that stamps of two cycles differ.
        """
        from flows.sync import sync

        self.org.clock.advance(seconds=60)
        return sync(**parameters)  # type: ignore[return-value]

    def sync_person(self, *person_ids: int) -> dict[str, Any]:
        """Run the flow ``sync-person``."""
        from flows.sync_person import sync_person

        return sync_person(person_ids=list(person_ids))  # type: ignore[return-value]

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Query the marketing database."""
        with self.database.read() as session:
            return session.rows(sql, parameters)

    def execute(self, sql: str, *parameters: Any) -> int:
        """Change the marketing database by plain SQL, as a user may."""
        with self.database.write() as session:
            return session.execute(sql, parameters)

    def person(self, sfdc_id: str) -> dict[str, Any]:
        """Return the one person of a Salesforce record."""
        found = self.rows("SELECT * FROM marketing.person WHERE sfdc_id = ?", sfdc_id)
        assert len(found) == 1, f"{len(found)} people have the Salesforce id {sfdc_id}"
        return found[0]

    def add_person(self, **columns: Any) -> int:
        """Insert a person that is not in Salesforce, by plain SQL; returns its id."""
        names = ", ".join(columns)
        places = ", ".join("?" * len(columns))
        self.execute(
            f"INSERT INTO marketing.person (id, created_at, updated_at, {names}) SELECT"
            f" (SELECT coalesce(max(id), 0) + 1 FROM marketing.person), now()::TIMESTAMP, now()::TIMESTAMP, {places}",
            *columns.values(),
        )
        return int(self.rows("SELECT max(id) AS id FROM marketing.person")[0]["id"])

    def activities(self, person_id: int, type_id: int | None = None) -> list[dict[str, Any]]:
        """Return a person's activities, oldest first, attributes as a dictionary."""
        found = self.rows("SELECT * FROM marketing.activity WHERE person_id = ? ORDER BY id", person_id)
        return [
            {**row, "attributes": json.loads(row["attributes"] or "{}")}
            for row in found
            if type_id in (None, row["activity_type_id"])
        ]

    def steps(self, summary: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return a summary's steps by object and operation."""
        return {(step["object"], step["operation"]): step for step in summary["steps"]}


@contextmanager
def tandem_world(
    monkeypatch: pytest.MonkeyPatch, folder: Path, org: Org | None = None, **settings: str
) -> Iterator[World]:
    """Serve an org and point Tandem's settings at it.

    :param settings: more settings, by their name in the environment without ``TANDEM_``, e.g.
        ``SYNC__DEFAULT_COMPANY="Unknown"``.
    """
    own = org or Org(people=20, seed=7)
    suites = folder / "expectations"  # none: judging takes a third of a small cycle, and has tests of its own
    suites.mkdir(exist_ok=True)
    with serve(own) as server:
        chosen = {
            "DATABASE": str(folder / "marketing.duckdb"),
            "STAGING": str(folder / "staging"),
            "EXPECTATIONS": str(suites),
            "SALESFORCE__URL": server.url,
            "SALESFORCE__CLIENT_ID": own.client_id,
            "SALESFORCE__CLIENT_SECRET": own.client_secret,
            "SALESFORCE__BACKOFF_SECONDS": "0",
            "SALESFORCE__BULK_POLL_SECONDS": "0.05",
            "LOCK_WAIT_SECONDS": "20",
            "THREADS": str(THREADS),
            "SYNC__OBJECTS": '["User", "Group", "Account", "Lead", "Contact"]',  # the people side: half the work
            **settings,
        }
        for name, value in chosen.items():
            monkeypatch.setenv(f"TANDEM_{name}", value)
        monkeypatch.chdir(folder)  # no .env or tandem.toml of the developer's takes part
        world = World(own, server.url, folder / "marketing.duckdb")
        try:
            yield world
        finally:
            world.database.let_go()  # so that the file is whole, for whoever copies it
