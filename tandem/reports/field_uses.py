"""What uses a field here: suites, settings and views, our counterpart of Marketo's assets (3.6, 20.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tandem.database.connection import Session
from tandem.objects.field_map import MappedField
from tandem.quality.suite import load
from tandem.settings import Settings


def uses_of(session: Session, settings: Settings, table: str, fields: Iterable[MappedField]) -> list[str]:
    """Name everything that uses a marketing column, or the Salesforce fields that feed it.

    :param fields: the fields of one column.
    :raises SettingsError: an expectation suite cannot be read.
    """
    found = []
    columns = {each.column for each in fields if each.column}
    for each in fields:
        suite = load(settings.expectations, each.object)
        rules = [rule for rule in (suite.rules if suite else ()) if each.field in rule.columns]
        if suite and rules:
            found.append(
                f"expectation suite {suite.file.name} ({', '.join(sorted({r.type for r in rules}))})"
            )
        if each.field in (settings.sync.filter(each.object) or ""):
            found.append(f"setting sync.filters of {each.object}")
    found += [
        f"setting sync.blocked_fields ({table}.{column})"
        for column in sorted(columns & set(settings.sync.blocked(table)))
    ]
    views = session.rows(
        "SELECT schema_name || '.' || view_name AS name, sql FROM duckdb_views()"
        " WHERE database_name = current_database() AND NOT internal ORDER BY 1"
    )
    for view in views:
        words = set(re.findall(r"\w+", view["sql"].lower()))
        if table in words and columns & words:
            found.append(f"view {view['name']}")
    return found
