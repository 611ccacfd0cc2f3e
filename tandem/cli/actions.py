"""The flow actions as commands of ``tandem person``: each hands over to its flow, which does the work at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from tandem.cli.context import opened
from tandem.cli.handover import run_flow
from tandem.cli.person import chosen_values
from tandem.cli.rendering import JsonOption
from tandem.cli.runs import VerboseOption
from tandem.reports import person as report

PeopleArgument = Annotated[list[str], typer.Argument(metavar="ID|EMAIL|SFDC_ID...", help="Whom.")]
ImpliedOption = Annotated[
    bool,
    typer.Option("--implied/--no-implied", help="Send people that are not in Salesforce there first."),
]
ProgramOption = Annotated[
    str | None,
    typer.Option(
        help="On this program's behalf. Inside one that is linked to a campaign nothing is implied."
    ),
]
CampaignOption = Annotated[str, typer.Option(help="The campaign's id or name in Salesforce.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``tandem person``."""
    for command in _COMMANDS:
        app.command(rich_help_panel="Act in Salesforce, at once")(command)


def push(
    keys: PeopleArgument,
    owner: Annotated[
        str | None, typer.Option(help="A user or queue who is to own them. Default: assignment rules.")
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Send people to Salesforce now: who is not there yet becomes a lead (the Sync Person flow step)."""
    _act("sync-person", keys, as_json, verbose, owner=owner)


def change_owner(
    keys: PeopleArgument,
    owner: Annotated[str, typer.Option(help="A user (id, name, e-mail) or a lead queue (id, name).")],
    implied: ImpliedOption = True,
    program: ProgramOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Give leads another owner. A contact keeps its owner; for a queue it gets a lead beside it."""
    _act("change-owner", keys, as_json, verbose, owner=owner, implied=implied, program=program)


def create_task(
    keys: PeopleArgument,
    subject: Annotated[str, typer.Option(help="What is to be done; tokens as {{lead.First Name}}.")],
    description: Annotated[str, typer.Option(help="More about it; with tokens too.")] = "",
    due_in_days: Annotated[int, typer.Option(min=0, help="Days until it is due.")] = 5,
    assign_to: Annotated[
        str | None, typer.Option(help="A user. Default: the owner of the lead or contact.")
    ] = None,
    priority: Annotated[str, typer.Option(help="As the org names it.")] = "Normal",
    status: Annotated[str, typer.Option(help="As the org names it.")] = "Not Started",
    campaign: Annotated[str, typer.Option(help="What {{campaign.Name}} stands for.")] = "",
    implied: ImpliedOption = True,
    program: ProgramOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a task for people. The very same task for the same day is made once."""
    _act(
        "create-task",
        keys,
        as_json,
        verbose,
        subject=subject,
        description=description,
        due_in_days=due_in_days,
        assign_to=assign_to,
        priority=priority,
        status=status,
        campaign=campaign,
        implied=implied,
        program=program,
    )


def convert(
    keys: PeopleArgument,
    assign_to: Annotated[
        str | None,
        typer.Option(
            help="A user who is to own contact, account and opportunity. Default: the lead's owner."
        ),
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="The converted lead's status. Default: the org's first for that.")
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Send the owner an e-mail.")] = False,
    implied: ImpliedOption = True,
    program: ProgramOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Turn leads into contacts, each with a new account and a new opportunity."""
    _act(
        "convert-person",
        keys,
        as_json,
        verbose,
        assign_to=assign_to,
        status=status,
        notify=notify,
        implied=implied,
        program=program,
    )


def merge(
    winner: Annotated[str, typer.Argument(metavar="WINNER", help="Who stays: id, e-mail or SFDC id.")],
    losers: Annotated[
        list[str], typer.Argument(metavar="ID|EMAIL|SFDC_ID...", help="Who is merged into it, 25 at most.")
    ],
    in_salesforce: Annotated[
        bool, typer.Option("--in-salesforce/--marketing-only", help="Merge their records there first.")
    ] = True,
    values: Annotated[
        list[str] | None,
        typer.Option("--value", metavar="COLUMN=VALUE", help="What the one who stays gets; repeatable."),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Merge people into one. A contact wins over a lead, who is in Salesforce over who is not.

    Leads that go into a contact are converted first. It cannot be undone.
    """
    [stays, *go] = _ids([winner, *losers])
    form = {
        "winner": stays,
        "losers": go,
        "in_salesforce": in_salesforce,
        "values": chosen_values(values or []),
    }
    run_flow("merge-people", form, as_json, verbose)


def add_to_campaign(
    keys: PeopleArgument,
    campaign: CampaignOption,
    status: Annotated[
        str | None, typer.Option(help="The members' status. Default: the campaign's own.")
    ] = None,
    implied: ImpliedOption = True,
    program: ProgramOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make people members of a campaign. Who is one already keeps its status."""
    _act(
        "add-to-campaign",
        keys,
        as_json,
        verbose,
        campaign=campaign,
        status=status,
        implied=implied,
        program=program,
    )


def change_campaign_status(
    keys: PeopleArgument,
    campaign: CampaignOption,
    status: Annotated[str, typer.Option(help="The new status, one of the campaign's.")],
    implied: ImpliedOption = True,
    program: ProgramOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Give members of a campaign another status. Who is none is added with it."""
    _act(
        "change-campaign-status",
        keys,
        as_json,
        verbose,
        campaign=campaign,
        status=status,
        implied=implied,
        program=program,
    )


def remove_from_campaign(
    keys: PeopleArgument,
    campaign: CampaignOption,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """End people's membership of a campaign. Who is no member is skipped."""
    _act("remove-from-campaign", keys, as_json, verbose, campaign=campaign)


def delete(
    keys: PeopleArgument,
    from_salesforce: Annotated[
        bool, typer.Option("--from-salesforce/--keep-in-salesforce", help="Delete their records there first.")
    ] = True,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Delete people for good, here and in Salesforce. It cannot be undone."""
    _act("delete-person", keys, as_json, verbose, from_salesforce=from_salesforce)


def delete_from_sfdc(
    keys: PeopleArgument,
    delete_in_marketing: Annotated[
        bool, typer.Option("--delete-in-marketing", help="Delete the people here as well, for good.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Delete people's leads and contacts in Salesforce; the people stay here, marked as deleted there."""
    _act("delete-person-from-sfdc", keys, as_json, verbose, delete_in_marketing=delete_in_marketing)


def _act(flow: str, keys: Sequence[str], as_json: bool, verbose: bool, **form: object) -> None:
    """Hand people over to a flow, with the rest of its form."""
    run_flow(flow, {"person_ids": _ids(keys), **form}, as_json, verbose)


def _ids(keys: Sequence[str]) -> list[int]:
    _, database = opened()
    with database.read() as session:
        return [report.find_person(session, key) for key in keys]


_COMMANDS = (
    *(push, change_owner, create_task, convert, merge),
    *(add_to_campaign, change_campaign_status, remove_from_campaign),
    *(delete, delete_from_sfdc),
)
