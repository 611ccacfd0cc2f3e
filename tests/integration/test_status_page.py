"""``tandem serve``: the status page over HTTP, beside a writer, with what people may type into an address."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tandem.database.connection import Database
from tests.support.world import PROJECT, World

PAGES = ("/", "/steps", "/errors", "/backlog", "/quarantine", "/people", "/api")


class Site:
    """A served status page."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
        request = urllib.request.Request(self.address + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def text(self, path: str) -> str:
        """A page's words, without its tags."""
        status, page, _ = self.get(path)
        assert status == 200, page
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """The page over the database that the environment names."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tandem.web", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        yield Site(line.split()[-1])
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert "Traceback" not in complaints


def test_the_page_shows_how_the_sync_stands(world: World, site: Site) -> None:
    for path in PAGES:
        status, page, _ = site.get(path)
        assert (status, "Run `tandem backfill` first" in page) == (503, True), (
            "before the first sync, in words"
        )

    world.org.add_validation_rule("Lead", "Warmth", "Rating = 'Cold'", "Cold is not for us.", "Rating")
    world.backfill()
    lead = world.org.query("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
    world.execute(
        "UPDATE marketing.person SET rating = 'Cold', last_name = '<script>alert(1)</script>' WHERE sfdc_id = ?",
        lead,
    )
    person = world.person(lead)["id"]
    world.sync()

    for path in PAGES:
        status, page, headers = site.get(path)
        assert status == 200
        assert '<html lang="en">' in page
        assert page.count('aria-current="page"') == 1
        assert not re.findall(r"https?://", page), "no address outside"
        assert "default-src 'none'" in headers["content-security-policy"]
    overview = site.text("/")
    assert "Last Synced" in overview
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in overview
    assert "Cold is not for us." in site.text("/errors?code=FIELD_CUSTOM_VALIDATION_EXCEPTION")
    steps = site.text("/steps?object=Lead&operation=Push%20updates")
    assert "1 steps" in steps
    assert "Pull updates Succeeded" not in steps
    _, page, _ = site.get(f"/people?key={person}")
    assert "Sync Lead Updates to SFDC" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "changes" in site.text("/api")

    _, text, _ = site.get("/metrics")
    metrics = {family.name: family.samples for family in text_string_to_metric_families(text)}
    assert [s.labels["state"] for s in metrics["tandem_state"] if s.value == 1] == ["Last Synced"]
    assert metrics["tandem_waiting_errors"][0].value == 1

    # A writer has the file: the page says so and does not wait for long; afterwards it is there again.
    with Database(world.database.path).write():
        status, page, headers = site.get("/")
        assert status == 503
        assert headers["retry-after"] == "5"
        assert "in use by another process" in page
    assert site.get("/")[0] == 200


def test_what_an_address_may_get_wrong_is_one_line(world: World, site: Site) -> None:
    with world.database.write():
        pass  # makes an empty database
    for path, status, words in (
        ("/nope", 404, "There is no page /nope."),
        ("/steps?days=x", 400, "days is a number from 1 to 30."),
        ("/steps?days=0", 400, "days is a number from 1 to 30."),
        ("/people?key=who", 400, "neither a person"),
        ("/people?key=99", 400, "There is no person 99."),
        ("/errors?code=NO_SUCH", 400, "No error with the code NO_SUCH stands."),
    ):
        found, page, _ = site.get(path)
        assert (found, words in page) == (status, True), page
    status, page, _ = site.get("/", "POST")
    assert (status, "it takes no changes" in page) == (405, True)
    assert "Never Synced" in site.text("/")
