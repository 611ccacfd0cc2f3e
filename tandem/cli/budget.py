"""``tandem budget``: the API calls of the last 24 hours, what is left of them, and how long that lasts."""

from __future__ import annotations

from tandem.cli.context import opened
from tandem.cli.rendering import JsonOption, console, print_json, say, table, when
from tandem.reports.api_use import api_budget, calls_by_hour, calls_by_use


def budget(as_json: JsonOption = False) -> None:
    """Show the API calls of the last 24 hours, ours and the org's, what for, and when they are used up."""
    settings, database = opened()
    with database.read() as session:
        facts = api_budget(session, settings.budget)
        uses = calls_by_use(session)
        by_hour = calls_by_hour(session)
    if as_json:
        print_json({**facts, "by_use": uses, "by_hour": by_hour})
        return
    left = facts["left"]
    say("Nothing limits our calls, as far as is known" if left is None else f"{left:,} calls left", "bold")
    say(f"Ours in 24 hours: {facts['used_24h']:,}, at {facts['calls_an_hour']:,} an hour now", end="")
    say(f"; budget {facts['budget_24h']:,}" if facts["budget_24h"] else "; no budget of our own")
    if facts["org_limit_24h"]:
        told = f"{facts['org_used_24h']:,} of {facts['org_limit_24h']:,}, told {when(facts['org_told_at'])}"
        say(f"The whole org: {told}; {facts['reserve']:.0%} are left to everybody else")
    if facts["used_up_at"]:
        say(
            f"Used up by {when(facts['used_up_at'])} at this pace: cycles then wait for free calls.",
            "bold red",
        )
    if uses:
        listing = table("Object", "For", "Calls", "Records", "Refused", right=["Calls", "Records", "Refused"])
        for row in uses:
            records = "" if row["records"] is None else f"{row['records']:,}"
            listing.add_row(
                row["object"], row["operation"], f"{row['calls']:,}", records, f"{row['failed']:,}"
            )
        console().print(listing)
