"""``tandem backlog``: how much waits on either side, and how long it will take."""

from __future__ import annotations

from typing import Annotated

import typer

from tandem.cli.context import opened
from tandem.cli.handover import run_flow
from tandem.cli.rendering import JsonOption, console, print_json, say, table, when
from tandem.cli.runs import VerboseOption
from tandem.reports.backlog import backlog as report

_BARS = " ▁▂▃▄▅▆▇█"


def backlog(
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Measure now; the hourly deployment does it otherwise.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show the records that wait to be read or sent, the pace of the last 24 hours, and the time left."""
    if fetch:
        run_flow("backlog", {}, as_json, verbose)
        return
    _, database = opened()
    with database.read() as session:
        facts = report(session)
    if as_json:
        print_json(facts)
        return
    if facts["total"] is None:
        say("Not measured yet. Run `tandem backlog --fetch`; with `tandem up` it is measured every hour.")
        return
    say(f"{facts['total']:,} records wait: {facts['status']}", style="bold")
    say(f"Measured {when(facts['last_fetch_at'])}, next {when(facts['next_fetch_at'])}")
    columns = ("In Salesforce", "Here", "Most/h", "Least/h", "Average/h")
    listing = table("Object", *columns, "Time left", right=columns)
    for row in facts["objects"]:
        left = "unknown" if row["hours_left"] is None else f"{row['hours_left']:g} h"
        figures = (row["in_salesforce"], row["in_marketing"], row["most_per_hour"], row["least_per_hour"])
        listing.add_row(
            row["object"], *(f"{each:,}" for each in figures), f"{row['average_per_hour']:,}", left
        )
    console().print(listing)
    points = [point["records"] for point in facts["trend"]]
    most = max((each for each in points if each), default=0)
    bars = "".join("·" if each is None else _BARS[-(-each * 8 // most) if most else 0] for each in points)
    say(f"Five days, four hours a step, highest {most:,}: {bars}")
