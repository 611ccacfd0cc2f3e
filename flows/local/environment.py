"""The environment that Prefect needs, set before it is imported: where it lives, quiet, telling nobody."""

from __future__ import annotations

import os
from pathlib import Path

from tandem.settings import Settings

#: One switch per library that would otherwise report its use to its makers.
NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}

#: Prefect's own console handler, with our form of a line.
_JSON_LOGS = {
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "tandem.logs.JsonLine",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_COLORS": "false",
}


def home_of(settings: Settings) -> Path:
    """Return the folder of Prefect's own database and logs: ``PREFECT_HOME``, or beside our database."""
    return Path(os.environ.get("PREFECT_HOME") or settings.database.parent / "prefect").absolute()


def prepare_environment(settings: Settings, verbose: bool = False) -> None:
    """Set what the caller's environment leaves open. Prefect reads it when it is imported, so call first.

    Quiet means on the terminal: everything is still sent to the server and shown in the UI.
    """
    home = home_of(settings)
    home.mkdir(parents=True, exist_ok=True)
    wanted = {**NO_TELEMETRY, "PREFECT_HOME": str(home)}
    if settings.log_json:
        wanted |= _JSON_LOGS
    elif not verbose:
        wanted["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
