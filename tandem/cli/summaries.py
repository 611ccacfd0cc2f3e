"""What a flow answers, as tables: steps of a cycle or backfill, a plan, a quality report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tandem.cli.rendering import console, say, shown, steps_table, table


def print_summary(summary: Mapping[str, Any]) -> None:
    """Print a flow's summary for people."""
    steps = summary.get("steps") or ()
    if steps:
        console().print(steps_table(steps))
    for step in steps:
        if step.get("detail"):
            say(f"{step['object']}, {step['operation'].lower()}: {step['detail']}")
    if paused := summary.get("paused"):
        say(
            f"Paused: {', '.join(paused)}. Nothing of it was read or sent (sync.paused, sync.paused_objects)."
        )
    if "people" in summary:
        _print_people(summary["people"])
    if "to_salesforce" in summary:
        _print_plan(summary)
    if "backlog" in summary:
        _print_backlog(summary["backlog"])
    if "objects" in summary:
        _print_quality(summary)
    calls = summary.get("api_calls")
    spent = "" if calls is None else f", {calls:,} API call{'' if calls == 1 else 's'}"
    say(f"{summary['status']}{spent}. Run {summary['run_id']}.")


def _print_backlog(rows: list[Mapping[str, Any]]) -> None:
    listing = table("Object", "In Salesforce", "Here", right=("In Salesforce", "Here"))
    for row in rows:
        listing.add_row(row["object"], f"{row['in_salesforce']:,}", f"{row['in_marketing']:,}")
    console().print(listing)


def _print_people(people: list[Mapping[str, Any]]) -> None:
    whole = ("Person", "SFDC type", "Salesforce id")
    listing = table(*whole, "Outcome", "Salesforce said", whole=whole)
    for each in people:
        told = (each[name] for name in ("sfdc_type", "sfdc_id", "outcome", "message"))
        listing.add_row(str(each["person_id"]), *(shown(value) for value in told))
    console().print(listing)


def _print_plan(plan: Mapping[str, Any]) -> None:
    for name, reason in plan["by_bulk"].items():
        say(f"{name}: {reason}")
    for push in plan["to_salesforce"]:
        if not push["records"]:
            continue
        many = f"{push['records']:,} record{'' if push['records'] == 1 else 's'}"
        say(f"{push['object']}: {many} would be sent to Salesforce", style="bold")
        listing = table("Person", "Salesforce id", "What", whole=["Person", "Salesforce id"])
        for row in push["sample"]:
            fields = ", ".join(
                f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in row["payload"].items()
            )
            listing.add_row(str(row["person_id"]), shown(row["sfdc_id"]), shown(fields))
        console().print(listing)
        if push["records"] > len(push["sample"]):
            say(f"{push['records'] - len(push['sample']):,} more are not shown.")
    if not plan["changes"]:
        say("Nothing to do: both sides agree.")


def _print_quality(summary: Mapping[str, Any]) -> None:
    columns = ("Score", "Before", "Records", "Failing", "Warned", "Held", "Filled")
    listing = table("Object", *columns, right=columns)
    for row in summary["objects"]:
        before = "–" if row["before"] is None else f"{row['before']:.1f}"
        filled = "–" if row["completeness"] is None else f"{row['completeness']:.0%}"
        figures = (f"{row[name]:,}" for name in ("records", "failing", "warned", "quarantined"))
        listing.add_row(row["object"], f"{row['score']:.1f}", before, *figures, filled)
    console().print(listing)
    for row in summary["counts"]:
        say(f"{row['what'].capitalize()}: {row['records']:,}.")
    for row in summary["objects"]:
        if row["note"]:
            say(f"{row['object']}: {row['note']}")
    if summary["not_copied"]:
        say(f"Not in it, as their first sync has not ended: {', '.join(summary['not_copied'])}.")
    say(f"Report: {summary['page']}")
    say(f"Data Docs: {summary['data_docs']}")
