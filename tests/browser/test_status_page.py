"""``tandem serve``: the status page over HTTP and in a browser, beside a writer, with what people may get wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tandem.database.connection import Database
from tandem.web.pages import PAGES
from tests.browser.conftest import PICTURES, Served, serving
from tests.support.browser import DESKTOP, PHONE, Page

pytestmark = pytest.mark.long

#: Of which the documentation keeps a picture; those of a phone are dark.
PICTURED = (
    *("overview-desktop.png", "person-desktop.png", "quality-desktop.png", "api-desktop.png"),
    *("overview-phone.png", "person-phone.png"),
)
LEGIBILITY = Path(__file__).with_name("legibility.js").read_text()


def test_the_page_shows_how_the_sync_stands(served: Served) -> None:
    site = served.site
    for path in (each.path for each in PAGES):
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
    assert "2 steps" in steps
    assert "Pull updates Succeeded" not in steps
    assert "annual" in site.text("/quarantine").lower()
    _, page, _ = site.get(f"/people?key={served.person}")
    assert "Sync Lead Updates to SFDC" in page
    held = f"/people?key={served.odd}&way=held+back"
    assert "Quarantined by expect_column_values_to_be_between" in site.text(held)
    _, page, _ = site.get(held)
    assert "The value is “-5" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    person = site.text(f"/people?key={served.person}&way=decided&column=city")
    assert "“Engineer” stays, “Analyst” is lost; before it was “Countess”." in person
    assert "It is Lead.City in Salesforce. Both sides agree." in person
    assert "Last changed by Salesforce.com, before it was 'London'." in person
    assert "changes" in site.text("/api")
    quality = site.text("/quality")
    assert "Lead 96.4 95.4 1,200 0 14 3 71 %" in quality
    assert "Not met, or not judged: 1 of 2 expectations" in quality
    assert "values must never be null" not in quality
    going_on, over = overview.find("Going on since"), overview.find("Over since")
    assert 0 < going_on < over, "what goes on comes first, though the other is newer"

    _, text, _ = site.get("/metrics")
    metrics = {family.name: family.samples for family in text_string_to_metric_families(text)}
    assert [s.labels["state"] for s in metrics["tandem_state"] if s.value == 1] == ["Last Synced"]
    assert metrics["tandem_waiting_errors"][0].value == 1
    assert metrics["tandem_notifications_open"][0].value == 1
    assert {s.labels["object"]: s.value for s in metrics["tandem_quality_score"]} == {
        "Lead": 96.4,
        "Contact": 88.2,
    }
    assert metrics["tandem_api_left"][0].value == 13_500 - served.world.org.api_calls_used

    # A writer has the file: the page says so and does not wait for long; afterwards it is there again.
    with Database(served.world.database.path).write():
        status, page, headers = site.get("/")
        assert status == 503
        assert headers["retry-after"] == "5"
        assert "in use by another process" in page
    assert site.get("/")[0] == 200


@pytest.mark.browser
def test_every_page_is_legible_on_a_desk_and_on_a_phone(served: Served, page: Page) -> None:
    looks = {
        "overview": "/",
        "steps": "/steps",
        "errors": "/errors?code=FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "backlog": "/backlog",
        "quarantine": "/quarantine",
        "person": f"/people?key={served.person}&column=job_title",
        "quality": "/quality",
        "api": "/api",
        "problem": "/people?key=nobody",
    }
    faults = {}
    for name, path in looks.items():
        page.look(DESKTOP)
        page.open(served.site.address + path)
        for width, dark in ((DESKTOP, False), (DESKTOP, True), (PHONE, True), (PHONE, False)):
            page.look(width, dark)
            if found := page.run(LEGIBILITY):
                faults[name, width, "dark" if dark else "light"] = found
            picture = f"{name}-{'desktop' if width == DESKTOP else 'phone'}.png"
            if PICTURES and picture in PICTURED and dark == (width == PHONE):
                page.screenshot(Path(PICTURES, picture))
    assert not faults, "\n".join(f"{look}: {found}" for look, found in faults.items())

    # Whoever has no mouse comes to every link, and first past the menu.
    page.open(served.site.address + "/")
    reached = []
    for _ in range(page.run("document.links.length")):
        page.press_tab()
        reached.append(page.run("document.activeElement.textContent.trim()"))
    assert reached[0] == "To the content"
    menu = page.run("[...document.querySelectorAll('nav a')].map(a => a.textContent)")
    assert reached[1 : 1 + len(menu)] == menu
    assert page.outside() == []


def test_what_an_address_may_get_wrong_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    database = Database(tmp_path / "marketing.duckdb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_DATABASE", str(database.path))
    with serving() as site:
        for path in (each.path for each in PAGES):
            status, page, _ = site.get(path)
            assert (status, "Run `tandem backfill` first" in page) == (503, True), "no database yet"
        with database.write():
            pass  # makes an empty one
        for path, status, words in (
            ("/nope", 404, "There is no page /nope."),
            ("/steps?days=x", 400, "days is a number from 1 to 30."),
            ("/steps?days=0", 400, "days is a number from 1 to 30."),
            ("/people?key=who", 400, "neither a person"),
            (
                "/people?key=99",
                404,
                "There is no person 99. Name one by id, e-mail address or Salesforce id.",
            ),
            ("/people?key=99&way=up", 400, "way is one of: came, went, refused"),
            ("/errors?code=NO_SUCH", 404, "No error with the code NO_SUCH stands."),
            (
                "/steps?objct=Lead",
                400,
                "no parameter &#39;objct&#39;; it has object, operation, status, days.",
            ),
            ("/backlog?days=5", 400, "no parameter &#39;days&#39;; it has none."),
        ):
            found, page, _ = site.get(path)
            assert (found, words in page) == (status, True), page
        status, page, _ = site.get("/", "POST")
        assert (status, "it takes no changes" in page) == (405, True)
        assert "Never Synced" in site.text("/")
        assert "There is no report yet" in site.text("/quality")
