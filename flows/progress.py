"""Progress of a backfill: an artifact in the Prefect UI, and a bar where somebody watches a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tasks.read import Progress as Report

#: Seconds between two updates of the artifact: each is a call, and the page that shows it looks no more often.
_PAUSE = 1.0


@contextmanager
def backfill_progress(names: Sequence[str]) -> Iterator[Report]:
    """Show how many rows of each object are read; objects count alike in the artifact's percentage."""
    # Prefect's types know its functions as either sync or async; here they are sync.
    artifact = cast(
        "UUID", create_progress_artifact(progress=0.0, key="backfill-progress", description=", ".join(names))
    )
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {name: bars.add_task(name, total=None) for name in names}
        shares = dict.fromkeys(names, 0.0)
        due = time.monotonic() + _PAUSE

        def report(name: str, done: int, total: int) -> None:
            nonlocal due
            bars.update(tasks[name], completed=done, total=total)
            shares[name] = done / total if total else 1.0
            if (now := time.monotonic()) < due:
                return
            due = now + _PAUSE
            update_progress_artifact(artifact, progress=100 * sum(shares.values()) / len(shares))

        yield report
        update_progress_artifact(artifact, progress=100.0)
