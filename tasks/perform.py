"""How every flow action is done: journalled, looked for if need be, sent, settled; each person gets an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tandem.database import actions
from tandem.database.actions import DONE, NO_ANSWER, REFUSED, SKIPPED, Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.standing import Standing
from tandem.errors import SalesforceError
from tandem.run import Run
from tandem.salesforce.errors import RowError, classify, may_have_happened
from tandem.salesforce.lookup import find_created
from tandem.salesforce.results import RowResult

CONVERTED = (
    "The lead was converted and can no longer be written; its contact is not known here. Run `tandem sync`, and"
    " check that the sync user may see the contact."
)
ABSENT = "Not in Salesforce. Nothing was sent: implied actions are off."

Find = Callable[[Run, Sequence[Entry]], list[Result]]
"""Looks in Salesforce for what an earlier run may have done; returns what it found done."""
Send = Callable[[Run, Sequence[Entry]], Iterator[list[Result]]]
Apply = Callable[[Session, Run, Sequence[Result]], list[Told]]
"""Takes successes over into the database; returns the activities that tell of them."""


@dataclass(frozen=True)
class Action:
    """One kind of flow action."""

    title: str
    operation: str
    """What its entries in the outbox are called."""
    activity: ActivityType
    send: Send
    apply: Apply
    find: Find | None = None
    """``None``: sending twice is the same as sending once."""
    once: bool = False
    """What was done in the very same words before is not done again."""


@dataclass
class Plan:
    """What is to be done, and who is left out with which words."""

    wanted: list[Wanted] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    """Attributes that every activity of the action carries."""
    primary: str | None = None

    def those_there(self, stand: Mapping[int, Standing]) -> dict[int, Standing]:
        """Return who has a record that can be written; the others are refused."""
        for person, each in stand.items():
            if each.converted:
                self.refused[person] = CONVERTED
            elif each.object is None:
                self.refused[person] = ABSENT
        return {person: each for person, each in stand.items() if person not in self.refused}


def perform(run: Run, action: Action, plan: Plan) -> list[Outcome]:
    """Do an action to people; the database is held for moments only, and never while on the wire.

    :raises BudgetExhausted: calls ran out; what was answered is settled.
    :raises SalesforceError: the org cannot be asked; what was answered is settled.
    """
    outcomes = [Outcome(person, REFUSED, words) for person, words in plan.refused.items()]
    outcomes += [Outcome(person, SKIPPED, words) for person, words in plan.skipped.items()]
    wanted, at = plan.wanted, None
    if wanted:
        at = run.server_time
    with run.database.write() as session, session.transaction():
        if action.once:
            before = actions.done_before(session, wanted)
            outcomes += [
                Outcome(each.person_id, SKIPPED, f"This was done before: {before[each.person_id]}.")
                for each in wanted
                if each.person_id in before
            ]
            wanted = [each for each in wanted if each.person_id not in before]
        actions.give_up(session, run.id, action.operation, [each.person_id for each in outcomes])
        entries, busy = actions.journal(session, wanted, run.id, at) if at else ([], [])
        words = "Another run is doing the same just now."
        outcomes += [Outcome(each.person_id, SKIPPED, words) for each in busy]
        actions.tell_people(session, action.activity, run.id, [_told(plan, each) for each in outcomes])
    open_entries = {each.id: each for each in entries}
    unsure = [each for each in entries if each.unsure]
    try:
        if unsure and action.find:
            outcomes += _settle(run, action, plan, action.find(run, unsure), open_entries)
        for results in action.send(run, list(open_entries.values())) if open_entries else ():
            outcomes += _settle(run, action, plan, results, open_entries)
    except SalesforceError as error:
        outcomes += _settle(run, action, plan, _broken(error, open_entries.values()), open_entries)
        if not may_have_happened(error.code):
            run.save_calls()
            raise
    finally:
        run.save_calls()
    return outcomes


def _settle(
    run: Run, action: Action, plan: Plan, results: Sequence[Result], open_entries: dict[int, Entry]
) -> list[Outcome]:
    if not results:
        return []
    with run.database.write() as session, session.transaction():
        done = [each for each in results if not each.code and not each.lost]
        told = action.apply(session, run, done)
        actions.settle(session, results, run.id, action.title)
        outcomes = [_outcome(each) for each in results]
        actions.tell_people(
            session, action.activity, run.id, [_with(plan, each, "succeeded") for each in told]
        )
        refused = [_told(plan, each) for each in outcomes if each.outcome == REFUSED]
        actions.tell_people(session, action.activity, run.id, refused)
    for each in results:
        open_entries.pop(each.entry.id, None)
    return outcomes


def _outcome(result: Result) -> Outcome:
    person = result.entry.person_id
    if result.lost:
        words = "No answer came. Do it again: what was done is looked for first."
        return Outcome(person, NO_ANSWER, words, result.entry.sfdc_id)
    if result.code:
        return Outcome(person, REFUSED, f"{result.message} ({result.code})", result.entry.sfdc_id)
    return Outcome(person, DONE, result.message or None, result.sfdc_id or result.entry.sfdc_id)


def _told(plan: Plan, outcome: Outcome) -> Told:
    status = "failed" if outcome.outcome == REFUSED else "skipped"
    facts = {"SFDC Id": outcome.sfdc_id, "Error Message" if status == "failed" else "Reason": outcome.message}
    return _with(plan, Told(outcome.person_id, facts), status)


def _with(plan: Plan, told: Told, status: str) -> Told:
    return Told(
        told.person_id, {"Status": status, **plan.about, **told.attributes}, told.primary or plan.primary
    )


def _broken(error: SalesforceError, entries: Sequence[Entry] | Any) -> list[Result]:
    """Say what a broken line means for what was not answered: unsure, or refused as a whole."""
    if may_have_happened(error.code):
        return [Result(each, lost=True) for each in entries]
    words = " ".join(str(error).split())
    return [
        Result(each, code=error.code, error_class=classify(error.code).value, message=words)
        for each in entries
    ]


def result_of(row: RowResult, entry: Entry, **facts: Any) -> Result:
    """Return what a written row means for its entry."""
    if row.lost:
        return Result(entry, lost=True)
    return refused(entry, row.errors[0]) if not row.success else Result(entry, row.id, facts=facts)


def refused(entry: Entry, error: RowError) -> Result:
    """Return a refusal by Salesforce."""
    return Result(
        entry, None, error.code, classify(error.code).value, error.message or error.code, error.fields
    )


def find_made(
    run: Run,
    entries: Sequence[Entry],
    values: Callable[[Entry], Mapping[str, str]],
    dates: Callable[[Entry], Mapping[str, str]] | None = None,
) -> list[Result]:
    """Find the records that creates of one kind made without an answer: ours, since then, and no other entry's.

    :param values: by which text fields an entry's record is known. :param dates: and by which date fields.
    """
    if not entries:
        return []
    kind = entries[0]
    with run.database.read() as session:
        taken = actions.made_by_actions(session, kind.object, kind.operation)
    results = []
    for each in entries:
        found = find_created(
            run.connection, each.object, values(each), each.created_at, dates(each) if dates else None
        )
        if free := [one for one in found if one not in taken]:
            taken.add(free[0])
            results.append(Result(each, free[0]))
    return results
