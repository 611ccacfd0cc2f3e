"""A session of the marketing database."""

from __future__ import annotations

import os
from pathlib import Path

from tandem.database.connection import Database
from tandem.salesforce.description import FieldDescribe
from tandem.staging import stage_rows


def test_a_page_staged_anew_is_read_anew(tmp_path: Path) -> None:
    """In the same second, as long as the one before, and in its place on the disk."""
    fields = {"Employees": FieldDescribe("Employees", "Employees", "int")}
    page, next_page = tmp_path / "changes.parquet", tmp_path / "next.parquet"
    database = Database(tmp_path / "marketing.duckdb")
    read = []
    for employees in (10, 20, 30):
        stage_rows([{"Employees": employees}], fields, next_page)
        page.write_bytes(next_page.read_bytes())
        os.utime(page, (1_600_000_000, 1_600_000_000))
        with database.write() as session:
            read.append(session.value(f"SELECT min(Employees) FROM read_parquet('{page}')"))
    assert read == [10, 20, 30]
