"""How facts look on a terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from tandem.errors import TandemError

JsonOption = Annotated[bool, typer.Option("--json", help="Print facts for programs.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write comma-separated values to this file.")
]


#: The counts of a step, and what they are called where there is little room.
COUNTS = {"new": "New", "updated": "Upd.", "deleted": "Del.", "failed": "Fail.", "skipped": "Skip."}

#: The width of a pipe or a file: nothing is broken or cut for it.
_NO_EDGE = 1000


def console() -> Console:
    """Return a console on standard output that prints values as they are."""
    edge = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return Console(highlight=False, markup=False, emoji=False, width=None if edge else _NO_EDGE)


def say(text: str, style: str | None = None, end: str = "\n") -> None:
    """Print a line as it is, however long: what a pipe or a log gets is not broken."""
    console().print(text, style=style, end=end, soft_wrap=True)


def print_json(facts: object) -> None:
    """Print facts as JSON."""
    print(as_json(facts))


def as_json(facts: object) -> str:
    """Return facts as JSON; times are UTC with a Z."""
    return json.dumps(facts, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return str(value)


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]], target: Path | None = None) -> None:
    """Print rows as CSV. Times carry the user's zone; a text that a spreadsheet would run is defused.

    :param target: a file to write instead.
    :raises TandemError: it cannot be written.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if target is None:
        csv.writer(sys.stdout).writerows([header, *cells])
        return
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *cells])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TandemError(
            f"{target} cannot be written: {reason}. Name another file after --output."
        ) from None
    say(f"{len(cells):,} rows written to {target}.")


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return _local(value).isoformat(timespec="seconds")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{value}"
    return value


def table(*columns: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """Return a plain table. On a narrow terminal texts break; figures at the ``right`` and what is ``whole`` do not."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right else "left"
        made.add_column(column, justify=justify, no_wrap=column in (*right, *whole), overflow="fold")
    return made


def steps_table(steps: Iterable[Mapping[str, Any]], times: bool = False) -> Table:
    """Return the steps of runs, with their counts (section 23)."""
    counts = tuple(COUNTS.values())
    first = ["Started"] if times else []
    made = table(*first, "Object", "Operation", "Status", *counts, right=counts, whole=first)
    for step in steps:
        begin = [briefly(step["started_at"])] if times else []
        figures = [f"{step.get(name) or 0:,}" for name in COUNTS]
        made.add_row(*begin, step["object"], step["operation"], step["status"], *figures)
    return made


def briefly(value: datetime) -> str:
    """Return a time in the user's time zone, as much of it as tells it apart: of today, of this year, of another."""
    local, today = _local(value), datetime.now().date()
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d}"


def took(row: Mapping[str, Any]) -> str:
    """Return how long a run or step took, empty while it is under way."""
    if not row["ended_at"]:
        return ""
    return f"{(row['ended_at'] - row['started_at']).total_seconds():,.1f} s"


def _local(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC).astimezone()


def when(value: datetime | None) -> str:
    """Return a time in the user's time zone."""
    return f"{_local(value):%Y-%m-%d %H:%M:%S}" if value else ""


def shown(value: object) -> str:
    """Return a value for a terminal: null is a dash, text loses control characters and excess length."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = "".join(each if each.isprintable() else " " for each in str(value))
    return text if len(text) <= 200 else f"{text[:199]}…"
