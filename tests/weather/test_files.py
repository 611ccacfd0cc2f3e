"""The files that Tandem writes: not a database, a newer one, a locked one, no room left."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tandem.database.connection import Database
from tandem.database.migrations import CURRENT_VERSION
from tandem.errors import DatabaseError, TandemError
from tests.support.world import PROJECT, World
from tests.weather.weather import Changes


def make_database(path: Path, *changes: str) -> None:
    database = Database(path)
    with database.write() as session:
        for each in changes:
            session.execute(each)
    database.let_go()


def text_file(path: Path) -> None:
    path.write_text("this is no database\n" * 500, "utf-8")


def half_a_file(path: Path) -> None:
    make_database(path)
    os.truncate(path, path.stat().st_size // 2)


def damaged_file(path: Path) -> None:
    make_database(path)
    whole = bytearray(path.read_bytes())
    whole[20_000::1000] = b"x" * len(whole[20_000::1000])
    path.write_bytes(bytes(whole))


def sqlite_file(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + bytes(4080))


def someone_elses(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE mine (a INTEGER)")


def newer_file(path: Path) -> None:
    make_database(path, "INSERT INTO sync.schema_version VALUES (99, now()::TIMESTAMP)")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (text_file, "is not a database this Tandem can read, or it is damaged. Point TANDEM_DATABASE at"),
        (half_a_file, "is not a database this Tandem can read, or it is damaged"),
        (damaged_file, "is not a database this Tandem can read, or it is damaged"),
        (sqlite_file, "is not a database this Tandem can read, or it is damaged"),
        (someone_elses, "holds tables that Tandem did not make. Point TANDEM_DATABASE at another file"),
        (newer_file, f"has version 99, this Tandem knows {CURRENT_VERSION}. Install the newer Tandem"),
        (Path.mkdir, "cannot be opened. Check its owner and folder|is not a database"),
    ],
)
def test_a_file_that_is_no_database_of_ours(tmp_path: Path, make: Callable[[Path], None], line: str) -> None:
    path = tmp_path / "locked away.duckdb"  # the word in its path says nothing about a lock
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(DatabaseError, match=line) as caught, Database(path, 0.5).write():
        pass
    assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", "utf-8")
    with pytest.raises(DatabaseError, match=r"cannot be made: .*Check its folder"):
        Database(tmp_path / "data" / "marketing.duckdb").write().__enter__()


HOLD = """
import sys
from pathlib import Path
from tandem.database.connection import Database
with Database(Path(sys.argv[1])).write():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_locked_database(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(synced)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(synced.database.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert holder.stdin
    assert holder.stdout
    try:
        assert holder.stdout.readline() == b"held\n"
        monkeypatch.setenv("TANDEM_LOCK_WAIT_SECONDS", "0.3")
        with pytest.raises(TandemError, match=r"in use by another process for more than 0\.3 s\. Wait for"):
            synced.sync()
    finally:
        holder.stdin.close()
        holder.wait(30)
        holder.stdout.close()
    monkeypatch.setenv("TANDEM_LOCK_WAIT_SECONDS", "20")
    changes.not_read()
    changes.clear()


def test_no_room_for_batches(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(synced)
    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", no_room)
        changes.meet("cannot be written: No space left on device. Free some space, or set TANDEM_STAGING")
    changes.not_read()
    changes.clear()


@pytest.mark.parametrize("world", ["synced", "by_bulk"], ids=["by REST", "by Bulk"])
def test_a_folder_for_batches_that_cannot_be(
    world: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    both: World = request.getfixturevalue(world)
    changes = Changes.make(both)
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_STAGING", "/dev/null/staging")
        changes.meet("cannot be written: Not a directory. Check that the folder is there and writable")
    changes.not_read()
    changes.clear()


def no_room(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FILL = """
import resource, sys
from pathlib import Path
from tandem.database.connection import Database
from tandem.errors import DatabaseError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
database = Database(Path(sys.argv[1]))
try:
    with database.write() as session, session.transaction():
        session.execute(
            "INSERT INTO marketing.activity SELECT range, 1, now()::TIMESTAMP, 12, sha256(range::VARCHAR), NULL, 'x'"
            " FROM range(50000)"
        )
except DatabaseError as error:
    print(error)
with database.read() as session:
    print(session.value("SELECT count(*) FROM marketing.activity"))
"""


@pytest.mark.parametrize("more", [4_096, 400_000, 1_200_000])
def test_no_room_for_the_database(tmp_path: Path, more: int) -> None:
    """A limit on the length of files does what a full disk does, and needs no rights."""
    path = tmp_path / "marketing.duckdb"
    with Database(path).write():
        pass
    told = subprocess.run(
        [sys.executable, "-c", FILL, str(path), str(path.stat().st_size + more)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    line, rows = told.stdout.splitlines()
    assert line == f"No space left on the disk of {path}. Make room and run again; nothing was lost."
    assert rows in ("0", "50000")  # all or nothing
    with Database(path).write() as session:
        assert session.value("SELECT count(*) FROM marketing.activity") == int(rows)


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("mount"), reason="A REAL FULL DISK NEEDS ROOT TO MOUNT ONE"
)
def test_a_disk_that_is_really_full(synced: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"A REAL FULL DISK CANNOT BE HAD HERE: {mounted.stderr.strip()}")
    try:
        changes = Changes.make(synced)
        synced.database.let_go()
        shutil.copy(synced.database.path, disk / "marketing.duckdb")
        world = World(synced.org, synced.url, disk / "marketing.duckdb")
        changes.world = world
        monkeypatch.setenv("TANDEM_DATABASE", str(world.database.path))
        fill = disk / "fill"
        with fill.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        with pytest.raises(
            TandemError, match=r"No space left on the disk of .*Make room and run again"
        ) as caught:
            world.sync()
        assert "\n" not in str(caught.value)
        fill.unlink()
        changes.not_read()
        changes.clear()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_staged_batches_do_not_pile_up(by_bulk: World, tmp_path: Path) -> None:
    changes = Changes.make(by_bulk)
    page = by_bulk.org.faults.add("GET /services/data/*/jobs/query/*/results*", "status", times=None)
    changes.meet("SERVER_UNAVAILABLE")
    page.remove()
    by_bulk.sync()
    changes.done()
    assert [each for each in (tmp_path / "staging").rglob("*") if each.is_file()] == []
