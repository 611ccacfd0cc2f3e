"""Versions of the database's schema: numbered SQL files, each applied once, in one transaction."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from tandem.clock import utc_now
from tandem.errors import DatabaseError

if TYPE_CHECKING:
    from tandem.database.connection import Session


def _scripts() -> dict[int, str]:
    files = resources.files(__package__).iterdir()
    return {int(each.name[:4]): each.read_text("utf-8") for each in files if each.name.endswith(".sql")}


CURRENT_VERSION = max(_scripts())


def version_of(session: Session) -> int:
    """Return the version of an open database; 0 for an empty one."""
    try:
        return int(session.value("SELECT max(version) FROM sync.schema_version"))
    except duckdb.CatalogException:  # asking the catalog first would double what each session costs
        return 0


def migrate(session: Session, path: Path) -> None:
    """Bring an open database to this program's version.

    :raises DatabaseError: the database is newer than this program, or holds somebody else's tables.
    """
    found = version_of(session)
    if found == CURRENT_VERSION:
        return
    if found > CURRENT_VERSION:
        raise DatabaseError(
            f"The database {path} has version {found}, this Tandem knows {CURRENT_VERSION}. "
            "Install the newer Tandem, or point TANDEM_DATABASE at another file."
        )
    if found == 0 and session.value(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
    ):
        raise DatabaseError(
            f"{path} holds tables that Tandem did not make. Point TANDEM_DATABASE at another file."
        )
    with session.transaction():
        for version, script in sorted(_scripts().items()):
            if version > found:
                session.execute(script)
        session.execute(
            "CREATE TABLE IF NOT EXISTS sync.schema_version (version INTEGER, applied_at TIMESTAMP)"
        )
        session.execute("INSERT INTO sync.schema_version VALUES (?, ?)", [CURRENT_VERSION, utc_now()])
