"""What most commands begin with: the settings, and the database they name."""

from __future__ import annotations

from tandem.database.connection import Database
from tandem.errors import DatabaseError
from tandem.settings import Settings, load


def opened() -> tuple[Settings, Database]:
    """Read the settings and return them with their database.

    :raises SettingsError: a setting is wrong.
    """
    settings = load()
    database = Database(
        settings.database, settings.lock_wait_seconds, settings.memory_limit, settings.threads
    )
    return settings, database


def existing() -> Database:
    """Return the database, for a command that changes it and must not make a new one.

    :raises SettingsError: a setting is wrong.
    :raises DatabaseError: there is none yet.
    """
    _, database = opened()
    if not database.exists():
        raise DatabaseError(f"There is no database at {database.path} yet. Run `tandem backfill` first.")
    return database
