"""Where the reading of an object stands that one cycle did not finish (ENG-10).

A cycle reads up to ``sync.rows_per_pass`` changed rows of an object, the oldest first, and the next goes on behind
the last of them: by stamp and id, as many rows may share a stamp. The watermark moves once all is read, to the
moment when that reading began. So the next one reaches back over its overlap from there, and what committed late
while this one took its time is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tandem.database.compare import literal
from tandem.database.connection import Session


@dataclass(frozen=True)
class Place:
    """The last row that was read, and Salesforce's clock when the reading began."""

    object: str
    stamp: datetime
    sfdc_id: str
    began_at: datetime


def places(session: Session) -> dict[str, Place]:
    """Return where reading stands, of the objects whose changes are not all read."""
    found = session.rows("SELECT object, stamp, sfdc_id, began_at FROM sync.place")
    return {row["object"]: Place(**row) for row in found}


def keep_place(session: Session, object_name: str, pages: Sequence[Path], began_at: datetime) -> None:
    """Remember the last row of these pages. Call it in the transaction that applies them."""
    leave_places(session, [object_name])
    files = ", ".join(literal(str(page)) for page in pages)
    session.execute(
        f"INSERT INTO sync.place SELECT ?, SystemModstamp, Id, CAST(? AS TIMESTAMP) FROM read_parquet([{files}])"
        " ORDER BY SystemModstamp DESC, Id DESC LIMIT 1",
        [object_name, began_at],
    )


def leave_places(session: Session, object_names: Sequence[str]) -> None:
    """Forget the places: all was read."""
    session.execute(
        "DELETE FROM sync.place WHERE object IN (SELECT unnest(CAST(? AS VARCHAR[])))", [list(object_names)]
    )
