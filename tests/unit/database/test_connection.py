"""A session of the marketing database."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_who_comes_from_another_process_gets_in_soon(tmp_path: Path) -> None:
    """The file stays open for a session that follows at once, and is let go of without one."""
    path = tmp_path / "marketing.duckdb"
    with Database(path).write() as session:
        session.execute("CREATE TABLE marketing.note AS SELECT 'seen' AS text")
    program = (
        "import sys; from pathlib import Path; from tandem.database.connection import Database\n"
        "with Database(Path(sys.argv[1])).write() as session: print(session.value('FROM marketing.note'))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "seen\n"


def test_another_file_in_its_place_is_another_database(tmp_path: Path) -> None:
    first, second = Database(tmp_path / "first.duckdb"), Database(tmp_path / "second.duckdb")
    for database in (second, first):
        with database.write() as session:
            session.execute(f"CREATE TABLE marketing.note AS SELECT '{database.path.stem}' AS text")
    second.path.replace(first.path)
    with first.read() as session:
        assert session.value("FROM marketing.note") == "second"


def test_a_session_for_reading_is_no_hindrance_to_one_for_writing(tmp_path: Path) -> None:
    database = Database(tmp_path / "marketing.duckdb")
    with database.write():
        pass
    database.let_go()
    with database.read() as session:
        assert session.value("SELECT count(*) FROM marketing.person") == 0
    with database.write() as session, session.transaction():
        session.execute("CREATE TABLE marketing.note AS SELECT 1 AS number")
    with database.read() as session:
        assert session.value("FROM marketing.note") == 1
