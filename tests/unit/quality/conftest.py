"""Fixtures of the quality tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from quality_staging import Stage, write_rows


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Stage rows as a Parquet page in the test's folder."""

    def staged(types: Mapping[str, str], *rows: Mapping[str, Any], name: str = "page.parquet") -> Path:
        return write_rows(tmp_path / name, types, rows)

    return staged
