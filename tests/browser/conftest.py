"""A browser, and a status page over a day of syncs: made once, looked at by all tests here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.browser import Page, chromium, find_chromium
from tests.support.site import Site
from tests.support.world import PROJECT, World, tandem_world

#: Where `make screenshots` wants its pictures; otherwise nobody takes any.
PICTURES = Path(os.environ["SCREENSHOTS"]).absolute() if "SCREENSHOTS" in os.environ else None


@dataclass(frozen=True)
class Served:
    """A status page, and who is worth looking at on it."""

    site: Site
    world: World
    person: int
    """A lead that came, was edited on both sides, was refused once."""
    odd: int
    """A lead with markup for a name, held back for its revenue."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a headless Chromium."""
    program = find_chromium()
    if program is None:
        pytest.skip("CHROMIUM IS MISSING: nobody looks at the pages. `apt-get install chromium` has it.")
    with chromium(program, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@contextmanager
def serving() -> Iterator[Site]:
    """Serve the page over the database that the environment names."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tandem.web", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    try:
        assert process.stdout
        yield Site(process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert "Traceback" not in complaints


@pytest.fixture(scope="module")
def served(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page after a first sync, a day of edits on both sides, and a cycle."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tandem_world(patch, tmp_path_factory.mktemp("served")) as world,
    ):
        ada = world.org.create(
            "Lead",
            {"FirstName": "Ada", "LastName": "Lovelace", "Company": "Lovelace Ltd", "Title": "Countess",
             "Email": "ada@lovelace.example", "City": "London", "Rating": "Warm", "LeadSource": "Web"},
        )  # fmt: skip
        world.org.add_validation_rule("Lead", "Warmth", "Rating = 'Cold'", "Cold is not for us.", "Rating")
        world.backfill()
        odd = world.org.query("SELECT Id FROM Lead WHERE LastName != 'Lovelace' LIMIT 1")[0]["Id"]
        edit = "UPDATE marketing.person SET {} WHERE sfdc_id = ?"
        world.execute(edit.format("job_title = 'Engineer'"), ada)
        world.execute(edit.format("last_name = '<script>alert(1)</script>'"), odd)
        world.org.update("Lead", ada, {"Title": "Analyst", "City": "Turin"})  # marketing's title wins (5.2)
        world.sync()
        world.execute(edit.format("rating = 'Cold'"), ada)
        world.sync()
        world.execute(
            "INSERT INTO sync.quarantine (object, sfdc_id, expectation, column_name, value, run_id, logged_at) VALUES"
            " ('Lead', ?, 'expect_column_values_to_be_between', 'AnnualRevenue', '-5.0', 'r', now()::TIMESTAMP)",
            odd,
        )
        _history(world)
        with serving() as site:
            yield Served(site, world, world.person(ada)["id"], world.person(odd)["id"])


def _history(world: World) -> None:
    """Five days that the charts need and no test waits for: what waited, and what calls were made."""
    world.execute(
        """
        INSERT INTO sync.backlog
        SELECT date_trunc('second', now()::TIMESTAMP) - to_hours(back), object,
               CAST(greatest(0, high * sin((back + 40) / 19.0) + back % 7 * high / 40) AS BIGINT), back % 5
        FROM range(0, 120, 4) t(back), (VALUES ('Lead', 900), ('Contact', 400), ('Account', 60)) o(object, high)
        WHERE back NOT BETWEEN 60 AND 64
        """
    )
    world.execute(
        """
        INSERT INTO sync.quality
        SELECT now()::TIMESTAMP - to_days(back), 'earlier', object, 1200 - back, back % 9, 14, 3, filled,
               round(score - back % 7, 1), NULL, NULL
        FROM range(29, -1, -1) t(back), (VALUES ('Lead', 96.4, 0.71), ('Contact', 88.2, 0.64)) o(object, score, filled)
        WHERE back NOT IN (11, 12)
        """
    )
    world.execute(
        """
        INSERT INTO sync.quality_expectation
        SELECT max(measured_at), 'Lead', 1, 'values must match this regular expression: @[^@]+', 'Email', 'warning',
               false, 1200, 14, NULL, 'Mail to it would come back.' FROM sync.quality
        UNION ALL SELECT max(measured_at), 'Lead', 2, 'values must never be null', 'LastName', 'critical',
               true, 1200, 0, NULL, 'Salesforce wants it.' FROM sync.quality
        """
    )
    world.execute(
        "INSERT INTO sync.quality_count SELECT max(measured_at), 'duplicates by e-mail', 2 FROM sync.quality"
    )
    world.execute(
        "INSERT INTO sync.quality_example VALUES ('duplicates by e-mail', 1, 'ada@lovelace.example', 'Lead',"
        " '00Q5e000000000DEAQ', 13, 'Ada Lovelace', NULL)"
    )
    world.execute(
        """
        INSERT INTO sync.notification (id, logged_at, kind, message, lasting, ended_at, ending)
        VALUES (901, now()::TIMESTAMP - INTERVAL 3 HOURS, 'error rate',
                'Salesforce refused 4 of 25 records in 24 hours. See `tandem errors`.', true, NULL, NULL),
               (902, now()::TIMESTAMP - INTERVAL 1 HOUR, 'sync down', 'No cycle has succeeded for 60 minutes.', true,
                now()::TIMESTAMP - INTERVAL 30 MINUTES, 'A cycle has succeeded.')
        """
    )
    world.execute(
        """
        INSERT INTO sync.api_call
        SELECT 'earlier', now()::TIMESTAMP - to_hours(back), operation, object, 200, 0.1,
               CAST(many + many * (back % 5) / 2 AS INTEGER), many * 150, 5000 - back * 60, 15000
        FROM range(1, 24) t(back), (VALUES ('query', NULL, 36), ('update', 'Lead', 8), ('update', 'Contact', 5),
                                           ('bulk page', 'Lead', 2)) o(operation, object, many)
        """
    )
