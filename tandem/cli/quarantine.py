"""``tandem quarantine``: records that an expectation keeps out, why, and letting them in or giving them up."""

from __future__ import annotations

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
from tandem.database.quarantine import drop as drop_records
from tandem.database.quarantine import let_in
from tandem.errors import TandemError
from tandem.reports.quarantine import HeldFilter, waiting
from tandem.reports.quarantine import why as reasons

app = typer.Typer(
    help="Show the records that an expectation keeps out, and let them in.", no_args_is_help=False
)

CSV_COLUMNS = ("logged_at", "object", "sfdc_id", "expectation", "column_name", "value", "person_id", "let_in")

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="SFDC_ID...", help="Records by their Salesforce id.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All that wait.")]
ObjectOption = Annotated[str | None, typer.Option("--object", help="Only this object.")]
ExpectationOption = Annotated[str | None, typer.Option(help="Only what this expectation keeps out.")]
ColumnOption = Annotated[str | None, typer.Option("--field", help="Only what is kept out for this field.")]


@app.callback(invoke_without_command=True)
def quarantine(
    context: typer.Context,
    object_name: ObjectOption = None,
    expectation: ExpectationOption = None,
    column: ColumnOption = None,
    rows: Annotated[int, typer.Option(min=0, help="Most rows shown in the table.")] = 50,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    output: OutputOption = None,
) -> None:
    """Show what waits in quarantine: a line per record and expectation, the newest first.

    A record comes in by itself once its value is right in Salesforce, or once its suite is edited so that it passes.
    """
    if context.invoked_subcommand:
        return
    _, database = opened()
    with database.read() as session:
        found = waiting(session, chosen=HeldFilter((), object_name, expectation, column))
    if as_json:
        print_json({"quarantine": found})
    elif as_csv or output:
        print_csv(CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in found), output)
    elif not found:
        say("Nothing waits in quarantine.")
    else:
        _print(found, rows)


@app.command()
def why(
    sfdc_id: Annotated[str, typer.Argument(metavar="SFDC_ID", help="The record's Salesforce id.")],
    as_json: JsonOption = False,
) -> None:
    """Show what is held against one record, what the suite wants instead, and what to do."""
    settings, database = opened()
    with database.read() as session:
        found = reasons(session, sfdc_id, settings.expectations)
    if as_json:
        print_json({"sfdc_id": sfdc_id, "reasons": found})
        return
    for row in found:
        say(f"{row['object']} {sfdc_id}: {shown(row['column_name'])} is {shown(row['value'])}", style="bold")
        say(f"  since {when(row['logged_at'])}{', let in with the next cycle' if row['let_in'] else ''}")
        wanted = {key: value for key, value in (row["expects"] or {}).items() if key != "column"}
        details = f" with {', '.join(f'{key} {value}' for key, value in wanted.items())}" if wanted else ""
        say(f"  {row['expectation']}{details}, in {row['suite']}")
        if row["why"]:
            say(f"  {row['why']}")
    address = settings.salesforce.url.rstrip("/")
    if address:
        say(f"The record: {address}/{sfdc_id}")
    say(
        "Put the value right in Salesforce, or edit the suite: the record comes in by itself. `tandem quarantine"
        " release` lets it in as it is, `tandem quarantine drop` gives this change up."
    )


@app.command()
def release(
    ids: IdsArgument = None,
    everything: AllOption = False,
    object_name: ObjectOption = None,
    expectation: ExpectationOption = None,
    column: ColumnOption = None,
) -> None:
    """Let records in as they are, with the next cycle. The same value of the same record is not held back again."""
    records = _release_or_drop(ids, everything, HeldFilter(ids or (), object_name, expectation, column), True)
    say(f"{records:,} released: the next cycle lets them in." if records else "Nothing of that waits.")


@app.command()
def drop(
    ids: IdsArgument = None,
    everything: AllOption = False,
    object_name: ObjectOption = None,
    expectation: ExpectationOption = None,
    column: ColumnOption = None,
) -> None:
    """Give up what waits: the records stay here as they are until they change again in Salesforce."""
    records = _release_or_drop(
        ids, everything, HeldFilter(ids or (), object_name, expectation, column), False
    )
    say(f"{records:,} dropped: they stay as they are here." if records else "Nothing of that waits.")


def _release_or_drop(ids: list[str] | None, everything: bool, chosen: HeldFilter, into: bool) -> int:
    if bool(ids) == everything:
        raise typer.BadParameter(
            "Name the records by their Salesforce id, or say --all (with --object, --expectation or --field to"
            " narrow it)."
        )
    with existing().write() as session, session.transaction():
        found = {(row["object"], row["sfdc_id"]) for row in waiting(session, chosen=chosen)}
        if unknown := sorted(set(ids or ()) - {each for _, each in found}):
            raise TandemError(
                f"Nothing of {unknown[0]} waits in quarantine. `tandem quarantine` shows what does."
            )
        if found:
            (let_in if into else drop_records)(session, sorted(found))
    return len(found)


def _print(found: list[dict[str, Any]], rows: int) -> None:
    listing = table(
        "Since", "Object", "Salesforce id", "Field", "Value", "Expectation", whole=["Since", "Salesforce id"]
    )
    for row in found[:rows]:
        cells = (row["column_name"], row["value"], row["expectation"])
        listing.add_row(briefly(row["logged_at"]), row["object"], row["sfdc_id"], *map(shown, cells))
    console().print(listing)
    if len(found) > rows:
        say(f"{len(found) - rows:,} more: --rows shows more, --csv all.")
    say("`tandem quarantine why SFDC_ID` says more of one.")
