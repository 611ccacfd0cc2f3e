"""The cycle: look, read, check, merge, push, tell (design section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.beginning import begin, rest
from flows.outcome import ended
from flows.programs import sync_programs
from flows.steps import announce, attempt
from tandem.database.journal import Operation
from tandem.objects import CAMPAIGN_MEMBER, TASK
from tandem.run import Run
from tandem.settings import AnyObjectName, load
from tasks.check import check
from tasks.merge import merge, note_unchanged
from tasks.push import push
from tasks.push_activities import push_activities
from tasks.read import Question, ask, read, read_bulk
from tasks.tell import tell


@flow(name="sync", persist_result=False)
def sync(
    objects: list[AnyObjectName] | None = None,
) -> dict[str, Any] | State[Any]:
    """Sync once: take over what changed in Salesforce, then send what changed in marketing.

    An object that was never read before is read in full. A step that fails stops its own object only.

    Args:
        objects: Objects to sync, in any order; none: all that the settings name.
    """
    settings = load()
    run = Run("sync", settings)
    if settings.sync.paused:
        return rest(run)
    with ended(run) as outcome, run.opened():
        visible, paused = begin(run, objects)
        announce(run, visible, Operation.PULL_UPDATES)
        unread, by_bulk = _pull(run, ask(run, visible))
        # A Bulk job may be hours old, of an earlier run even, by the time it is merged. What Salesforce changed
        # since then comes first, or sending might overwrite it unseen.
        if by_bulk:
            unread |= _pull(run, ask(run, by_bulk, since_last_read=True))[0]

        # What could not be read could not be compared: sending might overwrite what Salesforce changed.
        compared = [each for each in visible if each not in unread]
        if CAMPAIGN_MEMBER.name in compared:
            sync_programs(run, compared)
        for name in compared:
            if run.objects[name].is_written:
                with attempt(run, name, Operation.PUSH_UPDATES):
                    push(run, name)

        if not settings.sync.is_paused(TASK.name):
            with attempt(run, TASK.name, Operation.PUSH_NEW):
                push_activities(run)

        outcome.summary = tell(run) | {"paused": paused}
    return outcome.result()


def _pull(run: Run, questions: Sequence[Question]) -> tuple[set[str], list[str]]:
    """Read, check and merge; returns the objects for which that failed, and those that Bulk read to their end."""
    batches, many, errors = read(run, questions)
    note_unchanged(run, [batch for batch in batches if not batch.rows])
    changed = {batch.object: batch for batch in batches if batch.rows}
    waiting = {question.query.object: question for question in many}
    failed: set[str] = set()
    by_bulk: list[str] = []
    for name in (question.query.object for question in questions):
        if name in {*changed, *waiting, *errors}:
            with attempt(run, name, Operation.PULL_UPDATES) as tried:
                if name in errors:
                    raise errors[name]
                batch = changed[name] if name in changed else read_bulk(run, waiting[name])
                merge(run, batch, check(run, batch))
                if name in waiting and not batch.more:
                    by_bulk.append(name)
            failed |= {name} if tried.failed else set()
    return failed, by_bulk
