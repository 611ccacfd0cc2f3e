"""``tandem fields``: which field goes where, and what may be changed of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from tandem.cli.context import opened
from tandem.cli.handover import run_flow
from tandem.cli.rendering import JsonOption, console, print_json, say, shown, table
from tandem.cli.runs import ObjectsOption, VerboseOption
from tandem.database.connection import Session
from tandem.errors import TandemError
from tandem.reports import fields as report

app = typer.Typer(help="Show the field mapping; edit it before the sync starts.", no_args_is_help=True)

FieldArgument = Annotated[str, typer.Argument(metavar="OBJECT.FIELD", help="e.g. Lead.Tier__c")]
ColumnArgument = Annotated[
    str, typer.Argument(metavar="[TABLE.]COLUMN", help="A column of marketing.person, or of another table.")
]


@app.command("list")
def list_fields(
    objects: ObjectsOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Hidden columns too.")] = False,
    initial: Annotated[
        bool, typer.Option("--initial", help="The mapping as the sync started with it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List which Salesforce field feeds which column."""
    settings, database = opened()
    with database.read() as session:
        rows = report.initial_mapping(session) if initial else report.mapping(session, settings)
    rows = [row for row in rows if not objects or row["object"] in objects]
    if objects and not rows:
        raise TandemError(f"No field of {', '.join(objects)} is mapped. Is it among the objects to sync?")
    rows = [row for row in rows if everything or not row.get("hidden")]
    if as_json:
        print_json(rows)
        return
    listing = table("Object", "Field", "Column", "Label", "")
    for row in rows:
        listing.add_row(
            row["object"], row["field"], row["column"], row["label"], "" if initial else _notes(row)
        )
    console().print(listing)


@app.command()
def show(column: ColumnArgument, as_json: JsonOption = False) -> None:
    """Show one column: what feeds it, the picklist values it offers, what uses it."""
    settings, database = opened()
    with database.read() as session:
        facts = report.column(session, settings, column)
    if as_json:
        print_json(facts)
        return
    say(f"{facts['table']}.{facts['column']}, {facts['sql_type'].lower()}", style="bold")
    for row in facts["fields"]:
        notes = _notes(row)
        say(f"Fed by {row['object']}.{row['field']} ({row['type']}){', ' + notes if notes else ''}")
    if facts["values"] is not None:
        common = " (what its fields have in common)" if len(facts["fields"]) > 1 else ""
        say(f"Values offered{common}: {', '.join(facts['values']) or 'none'}")
    for use in facts["uses"]:
        say(f"Used in: {shown(use)}")


@app.command()
def join(one: FieldArgument, other: FieldArgument) -> None:
    """Let a lead field and a contact field share the first one's column. Before the sync starts only."""
    from tandem.database.mapping import join_fields

    with _editing() as session:
        column = join_fields(session, one, other)
    say(f"{one} and {other} share {column}.")


@app.command("break")
def break_(field: FieldArgument) -> None:
    """Give a field that shares its column one of its own. Before the sync starts only."""
    from tandem.database.mapping import break_join

    with _editing() as session:
        column = break_join(session, field)
    say(f"{field} fills {column} from now on.")


@app.command()
def reset(as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Read the schema anew and drop all edits of the mapping. Before the sync starts only."""
    run_flow("reset-schema", {}, as_json, verbose)


@app.command()
def refresh(as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Read the formula fields of every record again: what they refer to changes without a trace."""
    run_flow("refresh-formulas", {}, as_json, verbose)


@app.command()
def hide(column: ColumnArgument) -> None:
    """Take a column out of sight. Nothing is deleted, and its sync goes on."""
    from tandem.database import mapping

    with _editing() as session:
        facts = report.column(session, opened()[0], column)
        if facts["uses"]:
            raise TandemError(f"{column} is in use, so it cannot be hidden: {'; '.join(facts['uses'])}.")
        mapping.hide(session, facts["table"], facts["column"])
    say(f"{column} is hidden. `tandem fields unhide {column}` shows it again.")


@app.command()
def unhide(column: ColumnArgument) -> None:
    """Show a hidden column again."""
    from tandem.database import mapping

    with _editing() as session:
        found, fields = report.fields_of_column(session, opened()[0], column)
        mapping.unhide(session, found, fields[0].column or "")
    say(f"{column} is shown again.")


@contextmanager
def _editing() -> Iterator[Session]:
    _, database = opened()
    if not database.exists():
        raise TandemError(f"There is no database at {database.path} yet. Run `tandem fields reset` first.")
    with database.write() as session, session.transaction():
        yield session


def _notes(row: dict[str, Any]) -> str:
    notes = {
        "no longer visible": not row["active"],
        "blocked": row["blocked"],
        "hidden": row["hidden"],
        "standard": row["standard"],
        "read only": not row["writable"],
    }
    return ", ".join(name for name, holds in notes.items() if holds)
