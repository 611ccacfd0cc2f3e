"""The README is literally true: its code runs as it stands there, its command line is the program's."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sandbox
from sandbox import Org
from sandbox.__main__ import main

README = Path(sandbox.__file__).with_name("README.md").read_text(encoding="utf-8")
STARTING, BREAKING, SHAPING = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_one_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    exec(STARTING, {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("code", [BREAKING, SHAPING], ids=["breaking", "shaping"])
def test_the_code_runs(org: Org, code: str) -> None:
    known: dict[str, Any] = {
        "org": org,
        "Path": Path,
        "long_ago": org.clock.now() - timedelta(days=2),
        "lead_id": org.query("SELECT Id FROM Lead LIMIT 1")[0]["Id"],
        "group_id": org.query("SELECT Id FROM Group LIMIT 1")[0]["Id"],
    }
    exec(code, known)


def test_the_options_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    named = set(re.findall(r"--[a-z][a-z-]+", README))
    assert {"--port", "--people", "--seed", "--control"} <= named
    assert {option for option in named if option not in told} == set()
