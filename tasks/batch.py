"""What the steps of a cycle hand to each other: paths, names and counts, never rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tandem.quality.report import Finding


@dataclass(frozen=True)
class Batch:
    """One object's changes, staged as Parquet. ``stamp`` is the watermark they stand for, once no more wait."""

    object: str
    fields: tuple[str, ...]
    pages: tuple[Path, ...]
    rows: int
    stamp: datetime
    started_at: datetime
    also: tuple[str, ...] = ()
    """Records that were asked for although they did not move: they wait in quarantine."""
    suite: str | None = None
    """The edition of the suite that the batch meets; ``None``: not known."""
    more: bool = False
    """More may wait: these are as many rows as one pass reads (ENG-10)."""

    def discard(self) -> None:
        """Remove its pages."""
        for folder in {page.parent for page in self.pages}:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Verdict:
    """What a batch's suite said: the findings that keep rows out."""

    findings: tuple[Finding, ...] = field(default=())
