"""Log lines as JSON. That a run writes them so: ``tests/integration/test_command.py``."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from tandem.logs import JsonLine


def line(message: str, *arguments: object, exc_info: Any = None) -> dict[str, Any]:
    record = logging.LogRecord("tandem", logging.ERROR, __file__, 1, message, arguments, exc_info)
    written = JsonLine().format(record)
    assert "\n" not in written
    found: dict[str, Any] = json.loads(written)
    return found


def test_a_line_holds_no_secret_and_no_whole_record() -> None:
    assert line("two\nlines %s", "ü")["message"] == "two\nlines ü"
    for said in (
        "Authorization: Bearer 00D!AQ.x",
        "grant_type=client_credentials&client_secret=00D!AQ.x&x=1",
        'answered {"access_token": "00D!AQ.x", "id": 1}',
        "POST /token client_assertion=00D!AQ.x",
    ):
        assert "00D" not in line(said)["message"]
        assert "***" in line(said)["message"]
    assert len(line("x" * 100_000)["message"]) == 2000


def test_of_a_defect_it_says_where_not_with_what() -> None:
    try:
        {}["ann@example.com"]
    except KeyError:
        found = line("It failed.", exc_info=sys.exc_info())
    assert found["error"] == "KeyError"
    assert "test_logs.py" in found["where"][0]
    assert "ann@example.com" not in json.dumps(found)
