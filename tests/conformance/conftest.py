"""What the conformance tests share: a world after its first sync, and an ear on the wire.

The first sync is made once; each test gets the org put back to that moment and a copy of that database.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import Org
from sandbox.rules.draft import Intent
from sandbox.snapshot import Snapshot
from tests.conformance.wire import Wire
from tests.support.world import World, tandem_world


@dataclass(frozen=True)
class Cast:
    """The records that tests speak of by name; beside them the org holds 20 seeded people."""

    lead: str
    contact: str
    colleague: str
    """Another contact of the same account."""
    account: str
    owner: str
    """The user who owns them all."""
    queue: str


@dataclass
class Template:
    """An org and a database after the first sync."""

    org: Org
    snapshot: Snapshot
    database: Path
    cast: Cast
    summary: dict[str, Any]


def furnish(org: Org) -> Cast:
    """Make the records of the cast, and a field that the sync user does not see yet (FLD-02)."""
    users = org.query("SELECT Id FROM User WHERE FirstName = 'Grace'")
    queue = org.query("SELECT Id FROM Group WHERE Name = 'Inbound Leads'")[0]["Id"]
    owner = users[0]["Id"]
    org.update("User", owner, {"Title": "Account Executive", "Phone": "+44 20 5"})
    org.add_field("Lead", "Legacy__c")
    org.hide_field("Lead", "Legacy__c")
    account = org.create(
        "Account",
        {
            "Name": "Analytical Engines",
            "Industry": "Machinery",
            "NumberOfEmployees": 20,
            "AnnualRevenue": 1_000_000,
            "Website": "https://engines.example",
            "Phone": "+44 20 1",
            "OwnerId": owner,
        },
    )
    lead = org.create(
        "Lead",
        {
            "FirstName": "Ada",
            "LastName": "Lovelace",
            "Company": "Lovelace Ltd",
            "Title": "Countess",
            "Email": "ada@lovelace.example",
            "Phone": "+44 20 2",
            "City": "London",
            "Rating": "Warm",
            "Status": "Open - Not Contacted",
            "LeadSource": "Web",
            "OwnerId": owner,
            "Legacy__c": "from before",
            "Favorite_Color__c": "Green",
            "Notes__c": "keep me",
        },
    )
    charles = {
        "FirstName": "Charles",
        "LastName": "Babbage",
        "AccountId": account,
        "Title": "Inventor",
        "Email": "charles@engines.example",
        "Phone": "+44 20 3",
        "MailingCity": "London",
        "LeadSource": "Other",
        "OwnerId": owner,
    }
    luigi = {"FirstName": "Luigi", "LastName": "Menabrea", "AccountId": account, "OwnerId": owner}
    contact, colleague = org.create_many("Contact", [charles, luigi])
    # Nobody but Salesforce's own conversion writes these two; the sandbox has no conversion by hand.
    converted = org.create("Lead", {"LastName": "Converted", "Company": "Converted Ltd"})
    stamps = {"IsConverted": True, "ConvertedDate": "2026-01-31", "Status": "Closed - Converted"}
    intent = Intent(org.core.admin, trusted=True)
    assert org.core.writer.update(org.core.schema["Lead"], [(converted, stamps)], intent)[0].success
    return Cast(lead, contact, colleague, account, owner, queue)


@pytest.fixture(scope="session")
def template(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """Make the first sync, once."""
    folder = tmp_path_factory.mktemp("first-sync")
    org = Org(people=20, seed=7)
    cast = furnish(org)
    org.clock.advance(days=1)  # what was made above lies outside the overlap of later reads
    with pytest.MonkeyPatch.context() as patch, tandem_world(patch, folder, org) as world:
        summary = world.backfill()
    org.clock.advance(hours=1)
    yield Template(org, org.snapshot(), world.database.path, cast, summary)
    org.close()


@pytest.fixture
def synced(template: Template, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """Both sides an hour after the first sync."""
    org = template.org
    org.faults.clear()
    org.restore(template.snapshot)
    org.set_api_limit(15_000)
    org.requests.clear()
    shutil.copy(template.database, tmp_path / "marketing.duckdb")
    with tandem_world(monkeypatch, tmp_path, org) as world:
        yield world
    org.faults.clear()


@pytest.fixture
def cast(template: Template) -> Cast:
    """The records that tests speak of by name."""
    return template.cast


@pytest.fixture
def wire(synced: World) -> Wire:
    """Everything that is said to the org from now on."""
    return Wire(synced.org)


def tandem(*arguments: str) -> str:
    """Run the ``tandem`` command in this process, as a user would; returns what it prints."""
    code, out, err = _run(arguments)
    assert code == 0, err
    return out


def refused(*arguments: str) -> str:
    """Run a ``tandem`` command that must fail; returns its one line."""
    code, _, err = _run(arguments)
    assert code == 1
    assert err.count("\n") == 1
    return err.strip()


def _run(arguments: tuple[str, ...]) -> tuple[int, str, str]:
    from tandem.cli import main

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()
