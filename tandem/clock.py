"""The local clock, for what happened here. Whatever concerns Salesforce goes by Salesforce's clock."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time in UTC without a zone, as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
