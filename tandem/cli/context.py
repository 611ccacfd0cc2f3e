"""What most commands begin with: the settings, and the database they name."""

from __future__ import annotations

from tandem.database.connection import Database
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
