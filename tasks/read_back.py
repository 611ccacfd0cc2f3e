"""Read back: take single records over as Salesforce has them now, without waiting for the cycle."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from tandem.database import fields as field_maps
from tandem.database import journal
from tandem.database.fields import active_fields
from tandem.errors import SalesforceError
from tandem.run import Run
from tandem.salesforce.changes import ChangeQuery
from tandem.salesforce.lookup import text
from tasks.check import check
from tasks.merge import apply
from tasks.read import Question, condition_to_read, read

#: Records of an object to a call: their ids stand in an address.
MOST_RECORDS = 2000


@task(name="read back", cache_policy=NO_CACHE, persist_result=False)
def read_back(run: Run, records: Mapping[str, Collection[str]]) -> set[str]:
    """Read these records, up to :data:`MOST_RECORDS` of an object, and merge them as a cycle would; no watermark moves.

    Objects that were never synced are left out, and what cannot be read now the next cycle reads.

    :return: the objects that could not be read.
    """
    questions = []
    with run.database.read() as session:
        described = field_maps.described(session)
        for name in run.objects:
            if records.get(name) and name in described:
                fields = tuple(each.field for each in active_fields(session, name))
                chosen = ", ".join(text(each) for each in sorted(records[name]))
                known = described[name].fields
                questions.append(
                    Question(
                        ChangeQuery(name, fields, None, condition_to_read(run, name, f"Id IN ({chosen})")),
                        {field: known[field] for field in fields},
                    )
                )
    try:
        batches, _, errors = read(run, questions)
    except SalesforceError as error:
        get_run_logger().warning("Not read back; the next cycle does it: %s", error)
        return {each.query.object for each in questions}
    for batch in batches:
        if batch.rows:
            verdict = check(run, batch)
            with run.database.write() as session, session.transaction():
                steps = apply(session, run, batch, verdict, of_a_cycle=False)
                journal.record_steps(session, run.id, steps)
    shutil.rmtree(run.staging, ignore_errors=True)
    for name, reason in errors.items():
        get_run_logger().warning("%s was not read back; the next cycle does it: %s", name, reason)
    return set(errors)
