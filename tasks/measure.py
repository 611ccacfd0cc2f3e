"""Measure: how many records wait on either side, without reading or sending any (section 25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import backlog
from tandem.database.fields import active_fields
from tandem.database.pending import find_pending
from tandem.run import Run
from tandem.salesforce.changes import count_changes
from tasks.read import ask


@task(name="measure backlog", cache_policy=NO_CACHE, persist_result=False)
def measure_backlog(run: Run, names: Sequence[str]) -> list[dict[str, Any]]:
    """Count what changed in Salesforce since each object's watermark, and what differs here from the mirror.

    Five objects to an API call. People that a flow step would send are not counted (25.1). What the last cycle
    sent counts until the next has read it back: Salesforce cannot tell it from a change.

    :return: a row per object: ``object``, ``in_salesforce``, ``in_marketing``.
    :raises SalesforceError: an object could not be counted; nothing is kept then.
    """
    queries = [each.query for each in ask(run, names, since_last_read=True)]
    in_salesforce = count_changes(run.connection, queries)
    waiting = {}
    with run.database.write() as session, session.transaction():
        for name in names:
            declared = run.objects[name]
            fields = active_fields(session, name)
            pushed = declared.is_written and bool(fields)
            waiting[name] = (in_salesforce[name], find_pending(session, declared, fields) if pushed else 0)
        backlog.record(session, utc_now(), waiting)
    return [
        {"object": name, "in_salesforce": theirs, "in_marketing": ours}
        for name, (theirs, ours) in waiting.items()
    ]
