"""Merge people: in Salesforce first, then here (16.2, 16.3, 16.8 to 16.13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import actions, person_merge
from tandem.database.actions import DONE, Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.edits import change_data_value
from tandem.database.standing import Standing, standings
from tandem.errors import TandemError
from tandem.objects import CONTACT, LEAD
from tandem.run import Run
from tandem.salesforce.lookup import text
from tandem.salesforce.records import query_all
from tandem.salesforce.soap import MOST_LOSERS, merge_records
from tasks.convert_people import convert_people, converted_status
from tasks.perform import CONVERTED, Action, Plan, perform, refused

#: Most people that can be merged into one at a time (16.10).
MOST_PEOPLE = 25


class MergeRefused(TandemError):
    """The people cannot be merged; nothing was done."""


@dataclass(frozen=True)
class Roles:
    """Who is merged into whom."""

    winner: Standing
    losers: list[Standing]


def roles_of(
    run: Run, stand: dict[int, Standing], winner: int, losers: Sequence[int], in_salesforce: bool
) -> Roles:
    """Say who wins, and tell the winner's activity log if that cannot be done.

    :raises MergeRefused: as :func:`_roles`.
    """
    try:
        roles = _roles(stand, winner, losers, in_salesforce)
        there = [each for each in roles.losers if each.object]
        if in_salesforce and roles.winner.object and there:
            _look(run, [roles.winner, *there])
    except MergeRefused as error:
        facts = {
            "Status": "failed",
            "Merge IDs": ",".join(str(each) for each in losers),
            "Merge Source": "Marketing",
            "Error Message": str(error),
        }
        with run.database.write() as session, session.transaction():
            actions.tell_people(session, ActivityType.MERGE_LEADS, run.id, [Told(winner, facts)])
        raise
    return roles


def _roles(stand: dict[int, Standing], winner: int, losers: Sequence[int], in_salesforce: bool) -> Roles:
    """Say who wins: a contact before a lead, who is in Salesforce before who is not, else who was chosen (16.9).

    :raises MergeRefused: what Salesforce would refuse, or cannot be undone by it.
    """
    everybody = [stand[winner], *(stand[each] for each in losers)]
    for each in everybody:
        if each.person_account:
            raise MergeRefused(
                f"Person {each.person_id} is a person account. Person accounts are merged in Salesforce."
            )
        if in_salesforce and each.converted:
            raise MergeRefused(f"Person {each.person_id}: {CONVERTED}")
        if in_salesforce and each.deleted:
            raise MergeRefused(
                f"Person {each.person_id} was deleted in Salesforce ({each.sfdc_id}), so that a merge fails there."
                " Bring it back there, or merge in marketing only."
            )
    first = next((each for each in everybody if each.object == CONTACT.name), None)
    first = everybody[0] if everybody[0].object == CONTACT.name else first
    if first is None:
        leads = [each for each in everybody if each.object == LEAD.name]
        first = everybody[0] if everybody[0].object or not leads else leads[0]
    return Roles(first, [each for each in everybody if each.person_id != first.person_id])


def check_merge(winner: int, losers: Sequence[int]) -> None:
    """Refuse what is no merge.

    :raises MergeRefused: too many people, or one with itself.
    """
    if len(set(losers)) > MOST_PEOPLE:
        raise MergeRefused(
            f"{len(set(losers))} people are to be merged into one, and {MOST_PEOPLE} at a time can be. Do it in parts."
        )
    if winner in losers:
        raise MergeRefused(f"Person {winner} cannot be merged with itself.")


@task(name="merge people", cache_policy=NO_CACHE, persist_result=False)
def merge_people(run: Run, roles: Roles, in_salesforce: bool = True) -> list[Outcome]:
    """Merge people into the winner; whom Salesforce does not merge stays, with its words.

    Leads that are to be merged into a contact are converted first, which makes an account and an opportunity.
    """
    outcomes: list[Outcome] = []
    losers = roles.losers
    there = [each for each in losers if each.object]
    if in_salesforce and roles.winner.object and there:
        if roles.winner.object == CONTACT.name:
            there, outcomes = _converted(run, there)
        outcomes += perform(run, _action(roles.winner), _plan(roles.winner, there))
        losers = [each for each in losers if not each.object]
    if losers:
        with run.database.write() as session, session.transaction():
            _merge_here(session, run, roles.winner, [each.person_id for each in losers], False)
        outcomes += [
            Outcome(each.person_id, DONE, f"Merged into person {roles.winner.person_id}.") for each in losers
        ]
    return outcomes


def check_values(run: Run, winner: Standing, values: Mapping[str, str]) -> None:
    """Refuse values that the winner cannot be given, before anything is merged.

    :raises TandemError: no such column, one that only the sync writes, a value that does not fit.
    """
    if values:
        with run.database.write() as session, session.rehearsal():
            _give(session, winner, values)


@task(name="set chosen values", cache_policy=NO_CACHE, persist_result=False)
def set_values(run: Run, winner: Standing, values: Mapping[str, str]) -> None:
    """Give the winner the values that were chosen for it (16.8), each with its Change Data Value."""
    with run.database.write() as session, session.transaction():
        _give(session, winner, values)


def _give(session: Session, winner: Standing, values: Mapping[str, str]) -> None:
    for column, value in values.items():
        change_data_value(session, winner.person_id, column, value)


def _look(run: Run, records: Sequence[Standing]) -> None:
    """Look whether all of them are there: the mirror may be a cycle old.

    :raises MergeRefused: one was deleted, and not by this merge.
    """
    ours = {str(each.sfdc_id) for each in records}
    for name in (LEAD.name, CONTACT.name):
        chosen = ", ".join(text(str(each.sfdc_id)) for each in records if each.object == name)
        if not chosen:
            continue
        for row in query_all(
            run.connection, name, f"SELECT Id, IsDeleted, MasterRecordId FROM {name} WHERE Id IN ({chosen})"
        ):
            if row["IsDeleted"] and row["MasterRecordId"] not in ours:
                person = next(each.person_id for each in records if each.sfdc_id == row["Id"])
                raise MergeRefused(
                    f"Person {person} was deleted in Salesforce ({name.lower()} {row['Id']}), so that a merge fails"
                    " there. Bring it back there, or merge in marketing only."
                )


def _converted(run: Run, there: Sequence[Standing]) -> tuple[list[Standing], list[Outcome]]:
    """Convert the leads among them; returns the contacts to be merged, and who could not be converted."""
    leads = {each.person_id: each for each in there if each.object == LEAD.name}
    if not leads:
        return list(there), []
    status = converted_status(run.connection, None)
    done = {each.person_id: each for each in convert_people(run, leads, status)}
    stay = [each for each in done.values() if each.outcome != DONE]
    with run.database.read() as session:
        now = standings(session, [each.person_id for each in there])
    contacts = [
        now[each.person_id] for each in there if each.person_id not in {one.person_id for one in stay}
    ]
    unseen = [each for each in contacts if each.object != CONTACT.name]
    words = "The lead was converted, and its contact cannot be seen. Check the sync user's rights."
    stay += [Outcome(each.person_id, actions.REFUSED, words) for each in unseen]
    return [each for each in contacts if each.object == CONTACT.name], stay


def _plan(winner: Standing, losers: Sequence[Standing]) -> Plan:
    payload = {"into": winner.sfdc_id, "into_person": winner.person_id}
    return Plan(
        [Wanted(each.person_id, str(each.object), "merge", each.sfdc_id, payload) for each in losers],
        about={"Merge Source": "Marketing"},
    )


def _action(winner: Standing) -> Action:
    def send(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
        for start in range(0, len(entries), MOST_LOSERS):
            chunk = entries[start : start + MOST_LOSERS]
            error = merge_records(
                run.connection,
                chunk[0].object,
                str(winner.sfdc_id),
                [str(each.sfdc_id) for each in chunk],
                {},
            )
            words = f"Merged into person {winner.person_id}."
            yield [refused(each, error) if error else Result(each, message=words) for each in chunk]

    def find(run: Run, entries: Sequence[Entry]) -> list[Result]:
        chosen = ", ".join(text(str(each.sfdc_id)) for each in entries)
        name = entries[0].object
        rows = query_all(
            run.connection,
            name,
            f"SELECT Id, MasterRecordId FROM {name} WHERE IsDeleted = true AND Id IN ({chosen})",
        )
        merged = {row["Id"] for row in rows if row["MasterRecordId"] == winner.sfdc_id}
        words = f"Merged into person {winner.person_id}."
        return [Result(each, message=words) for each in entries if each.sfdc_id in merged]

    def apply(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
        if results:
            records = [str(each.entry.sfdc_id) for each in results]
            sent_after = min(each.entry.created_at for each in results)
            name = results[0].entry.object
            person_merge.mark_merged(session, name, records, str(winner.sfdc_id), sent_after)
            _merge_here(session, run, winner, [each.entry.person_id for each in results], True)
        return []

    return Action("Merge People", "merge", ActivityType.MERGE_LEADS, send, apply, find)


def _merge_here(session: Session, run: Run, winner: Standing, losers: Sequence[int], there_too: bool) -> None:
    known = [
        each for each in losers if session.value("SELECT count(*) FROM marketing.person WHERE id = ?", [each])
    ]
    if known:
        person_merge.choose(session, winner.person_id, known)
        person_merge.merge_people(session, run.id, utc_now(), by_marketing=True, in_salesforce=there_too)
