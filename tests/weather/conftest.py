"""A world after its first sync, without waiting for one in every test: it is done once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import Org
from sandbox.snapshot import Snapshot
from tests.support.world import World, tandem_world

PEOPLE, SEED = 20, 7


@dataclass(frozen=True)
class Template:
    """Both sides after a backfill."""

    org: Snapshot
    database: Path

    def stand_in(self, org: Org, folder: Path) -> Org:
        """Put a copy where a test works."""
        org.restore(self.org)
        shutil.copy(self.database, folder / "marketing.duckdb")
        return org


@pytest.fixture(scope="session")
def after_backfill(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("after-backfill")
    with (
        pytest.MonkeyPatch.context() as patch,
        tandem_world(patch, folder, Org(people=PEOPLE, seed=SEED)) as made,
    ):
        made.backfill()
        # The copies' orgs count their jobs from one again; these were others.
        made.execute("DELETE FROM sync.bulk_job")
        made.execute("DELETE FROM sync.bulk_page")
        return Template(made.org.snapshot(), folder / "marketing.duckdb")


@pytest.fixture
def synced(after_backfill: Template, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A small org and a database that agree."""
    org = after_backfill.stand_in(Org(people=PEOPLE, seed=SEED), tmp_path)
    with tandem_world(monkeypatch, tmp_path, org) as made:
        yield made


@pytest.fixture
def by_bulk(after_backfill: Template, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """The same, and whatever moves goes by Bulk, both ways."""
    org = after_backfill.stand_in(Org(people=PEOPLE, seed=SEED), tmp_path)
    with tandem_world(monkeypatch, tmp_path, org, SALESFORCE__BULK_THRESHOLD="1") as made:
        yield made
