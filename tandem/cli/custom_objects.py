"""``tandem custom-objects``: what of the org's own could take part."""

from __future__ import annotations

from dataclasses import asdict

from tandem.cli.context import opened
from tandem.cli.rendering import JsonOption, print_json, say


def custom_objects(as_json: JsonOption = False) -> None:
    """List the custom objects that can be enabled: those that lead to a lead, contact or account.

    Enable them in `sync.custom_objects`, while the sync is paused. Takes a few API calls, writes nothing.
    """
    settings, database = opened()
    from tandem.database.journal import calls_of_last_day
    from tandem.reports.custom_objects import offered
    from tandem.salesforce.calls import CallMeter
    from tandem.salesforce.connection import connect

    spent = 0
    if database.exists():
        with database.read() as session:
            spent = calls_of_last_day(session)
    connection = connect(settings.salesforce, CallMeter(settings.budget, spent))
    try:
        found = offered(connection, settings.sync.custom_objects)
    finally:
        connection.close()
    if as_json:
        print_json({"custom_objects": [asdict(each) for each in found]})
        return
    for each in found:
        say("on " if each.enabled else "off", style="green" if each.enabled else "dim", end=" ")
        say(f"{each.name} ({each.label}): a {each.belongs_to} by {', '.join(each.lookups)}")
    if not found:
        say("The sync user sees no custom object that leads to a lead, contact or account.")
