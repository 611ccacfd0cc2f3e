"""``tandem notifications``: what somebody should know of, and what still goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import (
    CsvOption,
    JsonOption,
    OutputOption,
    print_csv,
    print_json,
    say,
    shown,
    when,
)
from tandem.cli.times import SinceOption, parse_since
from tandem.database.notifications import notifications as found_since
from tandem.notification import Kind

CSV_COLUMNS = ("id", "logged_at", "kind", "object", "field", "message", "open", "ended_at", "ending")


def notifications(
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only what still goes on.")] = False,
    since: SinceOption = "30d",
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    output: OutputOption = None,
) -> None:
    """Show what somebody should know of: what goes on first, then the newest first.

    Each is said once when it begins and once when it is over, to the targets in notify.targets too.
    """
    _, database = opened()
    with database.read() as session:
        found = found_since(session, parse_since(since))
    found = [row for row in found if (row["open"] or not open_only) and (kind is None or row["kind"] == kind)]
    if as_json:
        print_json({"notifications": found})
    elif as_csv or output:
        print_csv(CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in found), output)
    elif not found:
        say("No notifications.")
    else:
        for row in found:
            say(f"{row['kind'].capitalize()}", style="bold red" if row["open"] else "bold", end="")
            say(f"  {when(row['logged_at'])}{' and still so' if row['open'] else ''}")
            say(f"  {shown(row['message'])}")
            if row["ended_at"]:
                say(f"  Over at {when(row['ended_at'])}: {shown(row['ending'])}")
