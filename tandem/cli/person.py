"""``tandem person``: was my record synced, why does it say that, change it. What acts in Salesforce: actions.py."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import JsonOption, briefly, console, print_json, say, shown, table
from tandem.cli.times import parse_since
from tandem.errors import TandemError
from tandem.reports import person as report
from tandem.reports.fields import hidden_columns
from tandem.reports.timeline import Way
from tandem.reports.timeline import timeline as happened
from tandem.reports.why import why as explain

app = typer.Typer(help="Show one person, change it, act on people in Salesforce.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(metavar="ID|EMAIL|SFDC_ID", help="Whom.")]


@app.command()
def show(
    key: PersonArgument,
    rows: Annotated[int, typer.Option(min=0, help="Most events shown.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show a person, what waits to be sent, and what happened to it, newest first."""
    settings, database = opened()
    with database.read() as session:
        facts = report.show(session, report.find_person(session, key))
        hidden = hidden_columns(session)
    facts["person"] = {
        name: value for name, value in facts["person"].items() if ("person", name) not in hidden
    }
    address = settings.salesforce.url.rstrip("/")
    record = facts["person"]["sfdc_id"]
    facts["url"] = f"{address}/{record}" if address and record else None
    if as_json:
        print_json(facts)
    else:
        _print(facts, rows)


@app.command()
def timeline(
    key: PersonArgument,
    ways: Annotated[
        list[Way] | None, typer.Option("--way", help="Only what went this way; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="How far back: 2h, 5d, or a date.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what came from Salesforce, what went there, what was refused and why, which side won; newest first."""
    begin = parse_since(since) if since else None
    _, database = opened()
    with database.read() as session:
        person = report.person_of(session, report.find_person(session, key))
        events = happened(session, person, report.object_of(person), tuple(ways or Way), begin)
    if as_json:
        print_json(events)
    elif events:
        console().print(_events(events))
    else:
        say("Nothing of that kind.")


@app.command()
def why(
    key: PersonArgument,
    column: Annotated[str, typer.Argument(help="A column of the person, e.g. email_address.")],
    as_json: JsonOption = False,
) -> None:
    """Say where a value comes from and why it is what it is."""
    settings, database = opened()
    with database.read() as session:
        facts = explain(session, settings.sync, report.find_person(session, key), column)
    if as_json:
        print_json(facts)
        return
    say(f"{facts['column']} = {shown(facts['value'])}", style="bold")
    say(facts["explanation"])
    if facts["history"]:
        console().print(_events(facts["history"]))


def chosen_values(assignments: list[str]) -> dict[str, str]:
    """Read what was written as COLUMN=VALUE."""
    changes = {}
    for assignment in assignments:
        column, equals, value = assignment.partition("=")
        if not equals or not column.strip():
            raise typer.BadParameter(f"{assignment!r} is not COLUMN=VALUE.")
        changes[column.strip()] = value
    return changes


@app.command("set")
def set_value(
    key: PersonArgument,
    assignments: Annotated[
        list[str], typer.Argument(metavar="COLUMN=VALUE...", help="The word NULL clears a value.")
    ],
) -> None:
    """Change values of a person, with a Change Data Value activity each. The next cycle sends them."""
    # Imported here: the other commands only read and need none of what writes.
    from tandem.database.edits import change_data_value

    changes = chosen_values(assignments)
    _, database = opened()
    if not database.exists():
        raise TandemError(f"There is no database at {database.path} yet. Run `tandem backfill` first.")
    with database.write() as session, session.transaction():
        person_id = report.find_person(session, key)
        for column, wanted in changes.items():
            change_data_value(session, person_id, column, wanted)
    names = ", ".join(changes)
    say(f"Person {person_id}: {names} set. The next cycle sends what Salesforce takes.")


def _print(facts: dict[str, Any], rows: int) -> None:
    person = facts["person"]
    name = " ".join(str(person[each]) for each in ("first_name", "last_name") if person.get(each))
    say(f"Person {person['id']}  {name}", style="bold")
    if person["sfdc_id"]:
        deleted = ", deleted there" if person["sfdc_is_deleted"] else ""
        say(f"In Salesforce: {person['sfdc_type']} {facts['url'] or person['sfdc_id']}{deleted}")
    else:
        say("Not in Salesforce: the cycle never sends it by itself; `tandem person push` does.")
    values = table("Column", "Value", whole=["Column"])
    for column, value in person.items():
        if value is not None:
            values.add_row(column, shown(value))
    console().print(values)
    if facts["pending"]:
        say("Different from Salesforce")
        waiting = table("Column", "Here", "In Salesforce", "", whole=["Column"])
        for each in facts["pending"]:
            note = "" if each["writable"] else "the sync user may not write it"
            waiting.add_row(each["column"], shown(each["marketing"]), shown(each["salesforce"]), note)
        console().print(waiting)
    if rows and facts["timeline"]:
        console().print(_events(facts["timeline"][:rows]))
        if len(facts["timeline"]) > rows:
            older = len(facts["timeline"]) - rows
            say(f"{older:,} older events: `tandem person timeline {person['id']}` shows all.")


def _events(events: list[dict[str, Any]]) -> Any:
    listing = table("At", "Way", "What", "About", "Details", whole=["At", "Way"])
    for event in events:
        about, told = shown(event["about"]), shown(event["told"])
        listing.add_row(briefly(event["at"]), event["way"], event["title"], about, told)
    return listing
