"""The measured backlog: one row per object and measurement (section 25)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tandem.database.connection import Session

#: A trend of five days is shown (25.2); one day more leaves nothing out at its edge.
_KEPT = timedelta(days=6)


def record(session: Session, at: datetime, waiting: Mapping[str, tuple[int, int]]) -> None:
    """Keep a measurement, and drop those that no trend shows any more. Call it inside a transaction.

    :param waiting: by object: records in Salesforce to be read, records of ours to be sent.
    """
    session.execute("DELETE FROM sync.backlog WHERE measured_at < ?", [at - _KEPT])
    session.insert("sync.backlog", [(at, name, *counts) for name, counts in waiting.items()])
