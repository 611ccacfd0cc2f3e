"""``tandem program``: programs, their channels and fields, and the campaign that a program is linked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import JsonOption, console, print_json, say, shown, table
from tandem.database import program_member_fields as member_fields
from tandem.database import programs
from tandem.database.connection import Session
from tandem.database.programs import ChannelStatus
from tandem.errors import TandemError

app = typer.Typer(help="Show and make programs, and link them to Salesforce campaigns.", no_args_is_help=True)

ProgramArgument = Annotated[str, typer.Argument(metavar="PROGRAM", help="Its name or id.")]
FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="Column of the program members.")]


@contextmanager
def _writing() -> Iterator[Session]:
    _, database = opened()
    if not database.exists():
        raise TandemError(f"There is no database at {database.path} yet. Run `tandem backfill` first.")
    with database.write() as session, session.transaction():
        yield session


@app.command("list")
def list_programs(as_json: JsonOption = False) -> None:
    """Show the programs, their members and their campaigns."""
    _, database = opened()
    with database.read() as session:
        found = programs.listed(session)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There are no programs. `tandem program add` makes one.")
        return
    listing = table("Id", "Program", "Channel", "Cost", "Members", "Campaign", right=["Id", "Members"])
    for row in found:
        campaign = row["campaign"] or row["sfdc_id"]
        if row["campaign_to_come"]:
            campaign = f"{row['campaign_to_come']} (with the next cycle)"
        cells = (row["name"], row["channel"], row["period_cost"], row["members"], campaign)
        listing.add_row(str(row["id"]), *(shown(each) for each in cells))
    console().print(listing)


@app.command()
def channels(as_json: JsonOption = False) -> None:
    """Show the channels and the statuses of each, in the order of their steps."""
    _, database = opened()
    with database.read() as session:
        found = programs.channels(session)
    if as_json:
        print_json(found)
        return
    for row in found:
        told = (f"{name} ({step})" for name, step in zip(row["statuses"], row["steps"], strict=True))
        say(f"{row['name']}: {', '.join(told)}")


@app.command("channel")
def add_channel(
    name: Annotated[str, typer.Argument(help="The campaign type in Salesforce goes by it.")],
    statuses: Annotated[
        list[str], typer.Option("--status", metavar="NAME[=STEP]", help="In order; may be repeated.")
    ],
    success: Annotated[
        list[str] | None, typer.Option("--success", metavar="NAME", help="Statuses that count as success.")
    ] = None,
) -> None:
    """Make a channel. Statuses with the same step may flip; nobody goes back a step."""
    made = [_status(text, number, success or ()) for number, text in enumerate(statuses, start=1)]
    unknown = sorted(set(success or ()) - {each.name for each in made})
    if unknown:
        raise TandemError(f"--success names {', '.join(unknown)}, and the channel has no such status.")
    with _writing() as session:
        programs.add_channel(session, name, made)
    say(f"Channel {name}: {', '.join(each.name for each in made)}.")


def _status(text: str, number: int, success: list[str] | tuple[()]) -> ChannelStatus:
    name, equals, step = text.rpartition("=")
    if not equals:
        return ChannelStatus(text.strip(), number, text.strip() in success)
    if not step.strip().isdecimal():
        raise TandemError(f"{step!r} is no step: it must be a whole number, as in Registered=10.")
    return ChannelStatus(name.strip(), int(step), name.strip() in success)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The program's name.")],
    channel: Annotated[str, typer.Option(help="Its channel.")],
    cost: Annotated[float | None, typer.Option(min=0, help="Its period cost.")] = None,
) -> None:
    """Make a program."""
    with _writing() as session:
        program_id = programs.add_program(session, name, channel, cost)
    say(f"Program {program_id}: {name}.")


@app.command()
def link(
    program: ProgramArgument,
    campaign: Annotated[
        str | None, typer.Argument(help="Name or Salesforce id of a campaign; with --new: the name it gets.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Make a new campaign, with the next cycle.")] = False,
) -> None:
    """Link a program to a Salesforce campaign, one to one. The statuses of both must be the same."""
    if not new and not campaign:
        raise TandemError("Name the campaign, or say --new for one that is made.")
    with _writing() as session:
        program_id = programs.find_program(session, program)
        if new:
            name = programs.ask_for_campaign(session, program_id, campaign)
            said = f"The next cycle makes the campaign {name} and links {program} to it."
        else:
            sfdc_id = programs.link(session, program_id, campaign or "")
            said = f"{program} is linked to {sfdc_id}. The next cycle brings the members of both together."
    say(said)


@app.command()
def unlink(program: ProgramArgument) -> None:
    """Take a program's link away. Members stay as they are on both sides."""
    with _writing() as session:
        programs.unlink(session, programs.find_program(session, program))
    say(f"{program} is no longer linked.")


@app.command()
def fields(as_json: JsonOption = False) -> None:
    """Show the fields of program members, and what they are mapped to."""
    _, database = opened()
    with database.read() as session:
        found = member_fields.listed(session)
    if as_json:
        print_json(found)
        return
    listing = table("Field", "Type", "Campaign-member field")
    for row in found:
        listing.add_row(*(shown(row[each]) for each in ("column_name", "type", "campaign_member_field")))
    console().print(listing)


@app.command("field")
def add_field(
    name: Annotated[str, typer.Argument(help="Its name; it becomes a column.")],
    field_type: Annotated[str, typer.Option("--type", help=", ".join(member_fields.SQL_TYPES))] = "string",
) -> None:
    """Add a field to the members of all programs. There may be twenty."""
    with _writing() as session:
        column = member_fields.add(session, name, field_type)
    say(f"Program members have {column} now.")


@app.command("map")
def map_field(
    field: FieldArgument,
    campaign_member_field: Annotated[str, typer.Argument(help="API name, e.g. Seat__c.")],
) -> None:
    """Map a field to one of campaign members. Both ways from now on; what differs now stays."""
    with _writing() as session:
        member_fields.map_to(session, field, campaign_member_field)
    say(f"{field} and {campaign_member_field} are kept the same from now on.")


@app.command("unmap")
def unmap_field(field: FieldArgument) -> None:
    """Take a mapping away. The values stay on both sides."""
    with _writing() as session:
        member_fields.unmap(session, field)
    say(f"{field} is no longer mapped.")
