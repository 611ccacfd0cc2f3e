"""``tandem errors``: what was refused or failed, in groups, with what to do; and asking for another try."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from tandem.cli.context import existing, opened
from tandem.cli.rendering import (
    CsvOption,
    JsonOption,
    OutputOption,
    briefly,
    console,
    print_csv,
    print_json,
    say,
    shown,
    table,
    when,
)
from tandem.cli.times import SinceOption, UntilOption, parse_since, parse_until
from tandem.database.mutes import mute_code, mute_entries, unmute_all, unmute_code, unmute_entries
from tandem.errors import TandemError
from tandem.reports.errors import ErrorFilter, entries, groups, mark_for_retry

app = typer.Typer(help="Show what failed and still stands, ask for another try, mute.", no_args_is_help=False)

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
    muted: Annotated[
        bool, typer.Option("--muted", help="Errors that are muted, instead of the others.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="One line for each error instead of groups.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    output: OutputOption = None,
) -> None:
    """Show errors grouped by code: how often, since when, what it means, what to do."""
    if context.invoked_subcommand:
        return
    wanted = level.value if level else None
    chosen = ErrorFilter(parse_since(since), wanted, object_name, code, with_resolved, muted)
    settings, database = opened()
    with database.read() as session:
        grouped = groups(session, chosen)
        found = entries(session, chosen) if listed or as_json or as_csv or output else []
    if as_json:
        address = settings.salesforce.url.rstrip("/")
        for row in found:
            row["url"] = f"{address}/{row['sfdc_id']}" if address and row["sfdc_id"] else None
        print_json({"groups": grouped, "errors": found})
    elif as_csv or output:
        print_csv(CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in found), output)
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
    database = existing()
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


@app.command()
def mute(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Errors by their id.")] = None,
    code: CodeOption = None,
    object_name: ObjectOption = None,
    until: UntilOption = None,
) -> None:
    """Say no more of an error that is known: it leaves counts, groups and notifications; --muted lists it.

    Naming a code mutes all of it, naming an id that code of that record, now and when it comes again.
    """
    if bool(ids) == bool(code) or (ids and object_name):
        raise typer.BadParameter("Name the errors by id, or a --code (with --object to narrow it).")
    end = parse_until(until)
    with existing().write() as session, session.transaction():
        if code:
            mute_code(session, code, object_name, end)
        elif unknown := sorted(set(ids or ()) - set(mute_entries(session, ids or (), end))):
            raise TandemError(f"There is no error {unknown[0]}. `tandem errors --list` shows the ids.")
        many = len(entries(session, ErrorFilter(muted=True)))
    ends = f" until {when(end)}" if end else ""
    say(f"Muted{ends}. Standing errors that are muted now: {many:,}. `tandem errors unmute` takes it back.")


@app.command()
def unmute(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Errors by their id.")] = None,
    code: CodeOption = None,
    object_name: ObjectOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is muted.")] = False,
) -> None:
    """Hear of muted errors again."""
    if (bool(ids), bool(code), everything).count(True) != 1:
        raise typer.BadParameter("Name the errors by id, or a --code, or say --all.")
    with existing().write() as session, session.transaction():
        if everything:
            many = unmute_all(session)
        elif code:
            many = unmute_code(session, code, object_name)
        else:
            many = unmute_entries(session, ids or ())
    say(
        f"Taken back: {many:,}."
        if many
        else "Nothing of that was muted. `tandem errors --muted` lists what is."
    )


def _print_groups(grouped: list[dict[str, Any]]) -> None:
    for group in grouped:
        about = f"{group['object']} " if group["object"] else ""
        say(f"{group['code']}", style="bold", end="")
        say(f"  {group['count']:,} x {about}{group['level']}, {group['class']}, {_seen(group)}")
        say(f"  {group['meaning']} {group['action']}")
        say(f"  Said last: {shown(group['example'])}")


def _seen(group: dict[str, Any]) -> str:
    first, last = when(group["first_at"]), when(group["last_at"])
    return f"first {first}, last {last}" if first != last else f"at {first}"


def _print_list(found: list[dict[str, Any]]) -> None:
    listing = table(
        *("Id", "At", "Code", "Object", "Person", "Salesforce id", "Message"),
        right=["Id"],
        whole=["At", "Person", "Salesforce id"],
    )
    for row in found:
        cells = (row["code"], row["object"], row["person_id"], row["sfdc_id"], row["message"])
        listing.add_row(str(row["id"]), briefly(row["logged_at"]), *(shown(each) for each in cells))
    console().print(listing)
