"""``tandem errors``: what was refused or failed, in groups, with what to do; and asking for another try."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import (
    CsvOption,
    JsonOption,
    console,
    print_csv,
    print_json,
    say,
    shown,
    table,
    when,
)
from tandem.cli.times import SinceOption, parse_since
from tandem.errors import TandemError
from tandem.reports.errors import ErrorFilter, entries, groups, mark_for_retry

app = typer.Typer(help="Show what failed and still stands, and ask for another try.", no_args_is_help=False)

CSV_COLUMNS = (
    *("id", "logged_at", "level", "class", "code", "object", "operation"),
    *("person_id", "sfdc_id", "message", "resolved_at"),
)


class Level(StrEnum):
    """The two levels of 24.1."""

    RECORD = "record"
    JOB = "job"


LevelOption = Annotated[Level | None, typer.Option(help="Only errors of one record, or of a whole job.")]
ObjectOption = Annotated[str | None, typer.Option("--object", help="Only this object.")]
CodeOption = Annotated[str | None, typer.Option(help="Only this code, e.g. UNABLE_TO_LOCK_ROW.")]


@app.callback(invoke_without_command=True)
def errors(
    context: typer.Context,
    level: LevelOption = None,
    object_name: ObjectOption = None,
    code: CodeOption = None,
    since: SinceOption = "5d",
    with_resolved: Annotated[
        bool, typer.Option("--resolved", help="Also errors that came right or were sent again.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="One line for each error instead of groups.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show errors grouped by code: how often, since when, what it means, what to do."""
    if context.invoked_subcommand:
        return
    chosen = ErrorFilter(parse_since(since), level.value if level else None, object_name, code, with_resolved)
    settings, database = opened()
    with database.read() as session:
        grouped = groups(session, chosen)
        found = entries(session, chosen) if listed or as_json or as_csv else []
    if as_json:
        address = settings.salesforce.url.rstrip("/")
        for row in found:
            row["url"] = f"{address}/{row['sfdc_id']}" if address and row["sfdc_id"] else None
        print_json({"groups": grouped, "errors": found})
    elif as_csv:
        print_csv(CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in found))
    elif not grouped:
        say("No errors.")
    elif listed:
        _print_list(found)
    else:
        _print_groups(grouped)


@app.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Errors by their id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All records that were refused.")] = False,
    object_name: ObjectOption = None,
    code: CodeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let refused records be sent again by the next cycle, as they are then."""
    if bool(ids) == everything:
        raise typer.BadParameter(
            "Name the errors by id, or say --all (with --code or --object to narrow it)."
        )
    _, database = opened()
    if not database.exists():
        raise TandemError(f"There is no database at {database.path} yet. Run `tandem backfill` first.")
    with database.write() as session:
        marked = mark_for_retry(session, ids, ErrorFilter(object=object_name, code=code))
    unknown = sorted(set(ids or ()) - set(marked))
    if as_json:
        print_json({"marked": marked, "not_standing": unknown})
    elif marked:
        say(f"{len(marked):,} marked: the next cycle sends what still differs.")
    if unknown:
        names = ", ".join(str(each) for each in unknown)
        raise TandemError(f"Not a standing error of a record: {names}. `tandem errors --list` shows the ids.")
    if not marked and not as_json:
        say("There is nothing to retry.")


def _print_groups(grouped: list[dict[str, Any]]) -> None:
    for group in grouped:
        about = f"{group['object']} " if group["object"] else ""
        say(f"{group['code']}", style="bold", end="")
        say(
            f"  {group['count']:,} x {about}{group['level']}, {group['class']}, last {when(group['last_at'])}"
        )
        say(f"  {group['meaning']} {group['action']}")
        say(f"  Said last: {shown(group['example'])}")


def _print_list(found: list[dict[str, Any]]) -> None:
    listing = table(
        "Id", "At", "Code", "Object", "Person", "Salesforce id", "Message", right=["Id"], wrap=["Message"]
    )
    for row in found:
        cells = (row["code"], row["object"], row["person_id"], row["sfdc_id"], row["message"])
        listing.add_row(str(row["id"]), when(row["logged_at"]), *(shown(each) for each in cells))
    console().print(listing)
