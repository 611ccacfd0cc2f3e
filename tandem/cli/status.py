"""``tandem status``: is it alive, how late are we, what failed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tandem.cli.context import opened
from tandem.cli.rendering import (
    CsvOption,
    JsonOption,
    OutputOption,
    console,
    print_csv,
    print_json,
    say,
    shown,
    steps_table,
    table,
    took,
    when,
)
from tandem.cli.times import SinceOption, parse_since
from tandem.reports.status import FAILED, IN_PROGRESS, NEVER, StepFilter, overview, steps

#: The columns of the Sync Status view (23.2).
CSV_HEADER = (
    *("Started At", "Ended At", "Object", "Operation", "Status"),
    *("New", "Updated", "Deleted", "Failed Item", "Skipped"),
)
_STYLES = {FAILED: "bold red", IN_PROGRESS: "bold yellow", NEVER: "bold"}


def status(
    objects: Annotated[list[str] | None, typer.Option("--object", help="Only this object's steps.")] = None,
    operations: Annotated[
        list[str] | None, typer.Option("--operation", help="Only this operation, e.g. 'Pull updates'.")
    ] = None,
    statuses: Annotated[
        list[str] | None, typer.Option("--status", help="Only steps that ended so, e.g. Failed.")
    ] = None,
    since: SinceOption = "5d",
    rows: Annotated[int, typer.Option(min=0, help="Most steps shown in the table.")] = 20,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    output: OutputOption = None,
) -> None:
    """Show how the sync stands, and the steps of its runs, newest first.

    The state is one of Last Synced, Sync in Progress and Failed (Never Synced before the first run).
    """
    chosen = StepFilter(parse_since(since), objects or (), operations or (), statuses or ())
    settings, database = opened()
    if not (database.exists() or as_csv or output or as_json):
        say(f"{NEVER}. There is no database at {settings.database} yet: run `tandem backfill`.")
        return
    with database.read() as session:
        facts = overview(session, settings.budget)
        found = steps(session, chosen)
    facts["paused"] = [name for name in settings.sync.every_object if settings.sync.is_paused(name)]
    if as_json:
        print_json({**facts, "database": settings.database, "steps": found})
    elif as_csv or output:
        columns = ("started_at", "ended_at", "object", "operation", "status")
        counts = ("new", "updated", "deleted", "failed", "skipped")
        print_csv(CSV_HEADER, ([step[name] for name in (*columns, *counts)] for step in found), output)
    else:
        _print(facts, found, rows)


def _print(facts: dict[str, Any], found: list[dict[str, Any]], rows: int) -> None:
    style = _STYLES.get(facts["state"], "bold green")
    say(facts["state"], style=style, end="")
    say(f" {when(facts['since'])} ({shown(facts['detail'])})" if facts["since"] else f". {facts['detail']}")
    if facts["paused"]:
        say(f"Paused by the settings: {', '.join(facts['paused'])}.", style="bold yellow")
    if (run := facts["last_run"]) and run["ended_at"]:
        say(f"Last run: {run['kind']}, {run['status'].lower()}, took {took(run)}")
    _print_waiting(facts)
    for each in facts["notifications"]:
        words = f"over: {each['ending']}" if each["ended_at"] else each["message"]
        say(
            f"{when(each['ended_at'] or each['logged_at'])} {each['kind']}: {shown(words)}",
            style="bold red" if each["open"] else None,
        )
    _print_api(facts["api"])
    if facts["objects"]:
        listing = table("Object", "Read up to", "Last step", "Status", whole=["Read up to", "Last step"])
        for each in facts["objects"]:
            last = shown(each["last_status"])
            listing.add_row(each["object"], when(each["read_up_to"]), when(each["last_step_at"]), last)
        console().print(listing)
    if found and rows:
        console().print(steps_table(found[:rows], times=True))
        for step in found[:rows]:
            if step["detail"]:
                say(f"{step['object']}, {step['operation'].lower()}: {shown(step['detail'])}")
        if len(found) > rows:
            say(f"{len(found) - rows:,} older steps: --rows shows more, --csv all.")


def _print_waiting(facts: dict[str, Any]) -> None:
    waiting, last = facts["waiting"], facts["last_error"]
    if waiting["errors"]:
        many = f"{waiting['errors']:,} error{'' if waiting['errors'] == 1 else 's'}"
        say(
            f"{many} standing, the last {when(last['logged_at'])}: {last['code']}, {shown(last['message'])}"
            " See `tandem errors`."
        )
    if waiting["quarantined"]:
        say(f"{waiting['quarantined']:,} records in quarantine. See `tandem quarantine`.")
    if many := waiting["actions_broken_off"]:
        of = "A flow action" if many == 1 else f"Flow actions for {many:,} people"
        say(f"{of} broke off without an answer. Do it again: what was done is looked for first.")
    if waiting["unsent"]:
        say(f"{waiting['unsent']:,} changes written down for sending, without an answer yet.")


def _print_api(api: dict[str, Any]) -> None:
    text = f"API calls in 24 hours: {api['used_24h']:,} ours"
    if api["budget_24h"]:
        text += f" of {api['budget_24h']:,}"
    if api["org_limit_24h"]:
        text += f", the org {api['org_used_24h']:,} of {api['org_limit_24h']:,}"
    if api["left"] is not None:
        text += f"; {api['left']:,} left to us"
    if api["used_up_at"]:
        text += f", used up by {when(api['used_up_at'])} at this pace"
    say(text)
