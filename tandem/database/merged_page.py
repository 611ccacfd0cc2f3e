"""One page of one object after it was merged, as what follows from it sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tandem.database.connection import Session
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField
from tandem.settings import SyncSettings


@dataclass(frozen=True)
class MergedPage:
    """The temporary relations ``incoming``, ``arrival`` and ``change`` of :mod:`tandem.database.incoming` still
    stand; marketing row and mirror hold the new values."""

    session: Session
    declared: SyncedObject
    fields: Sequence[MappedField]
    """The fields that the page held."""
    run_id: str
    now: datetime
    rules: SyncSettings
    new: bool
    """Whether any row is new: ``arrival`` has rows."""
    known: bool
    """Whether any row is known and moved: ``change`` may have rows."""

    def newcomers(self) -> str | None:
        """Return a query of the records that are somebody since this page; ``None``: there are none.

        Beside those that arrived, the contacts as which people go on whose leads were converted.
        """
        arrived = ["SELECT Id FROM arrival"] if self.new else []
        if self.declared.is_person and self.session.value("SELECT count(*) FROM converted"):
            arrived.append("SELECT id FROM converted")
        return " UNION ALL ".join(arrived) or None
