"""The quality report as a file: legible everywhere, and in need of nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tandem.database.connection import Database
from tandem.reports.quality import quality
from tandem.web.quality_page import render
from tests.browser.test_status_page import LEGIBILITY
from tests.support.browser import DESKTOP, PHONE, Page


@pytest.mark.browser
def test_the_page_is_legible_on_a_desk_and_on_a_phone(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    with Database(tmp_path / "marketing.duckdb").write() as session:
        session.execute(
            """
            INSERT INTO sync.quality SELECT TIMESTAMP '2026-11-20 04:00' - to_days(back), 'a run', object, many,
                   3 + back, 40, many % 7, 0.41, score - back, TIMESTAMP '2026-11-20 03:55', NULL
            FROM range(0, 25, 2) t(back),
                 (VALUES ('Lead', 120000, 97.5), ('Contact', 800, 62.0), ('Task', 0, 100)) o(object, many, score)
            """
        )
        session.execute(
            """
            INSERT INTO sync.quality_expectation SELECT TIMESTAMP '2026-11-20 04:00', 'Lead', *
            FROM (VALUES (1, 'expect_column_values_to_not_be_null', 'A_Field_With_A_Long_Name_Of_40_Letters__c',
                          'critical', false, 120000, 5, NULL, 'Without it ' || repeat('this and that ', 20)),
                         (2, 'expect_table_row_count_to_be_between', 'all records', 'warning', false, 120000, 0,
                          '120000', NULL))
            """
        )
        session.execute(
            "INSERT INTO sync.quality_field VALUES (TIMESTAMP '2026-11-20 04:00', 'Lead', 'City', 7, 120000),"
            " (TIMESTAMP '2026-11-20 04:00', 'Lead', 'Never__c', 0, 120000)"
        )
        session.execute(
            "INSERT INTO sync.quality_count VALUES"
            " (TIMESTAMP '2026-11-20 04:00', 'people who share an e-mail address', 2)"
        )
        session.execute(
            """
            INSERT INTO sync.quality_example
            VALUES ('worst records', 0, NULL, 'Lead', '00Q000000000001AAA', 7, '<b>Ada</b>', 'Email is empty'),
                   ('people who share an e-mail address', 1, 'somebody.with.a.long.name@a-long-company.example', 'Lead',
                    '00Q000000000001AAA', 7, 'Ada Lovelace', '2 people')
            """
        )
        file.write_text(render(quality(session) or {}, ["Suite lead.json: is not JSON."], "gx/index.html"))
    faults = {}
    for width, dark in ((DESKTOP, False), (DESKTOP, True), (PHONE, True), (PHONE, False)):
        page.look(width, dark)
        page.open(file.as_uri())
        if found := page.run(LEGIBILITY):
            faults[width, "dark" if dark else "light"] = found
    assert not faults
    text = page.run("document.body.innerText")
    for told in (
        "97.5",
        "No records: Task.",
        "< 0.1\u00a0%",
        "Never filled: Never__c",
        "saw 120000",
        "<b>Ada</b>",
    ):
        assert told in text
    assert page.run("document.querySelectorAll('svg.line polyline').length") == 2 * 13  # a gap each other day
    assert page.requests
    assert all(address.startswith("file:") for address in page.requests)
