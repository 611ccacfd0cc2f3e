"""Delete Person and Delete Person from SFDC: here, there, or both (17.2 to 17.4, 21.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import actions, removal
from tandem.database.actions import DONE, REFUSED, Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.standing import Standing
from tandem.run import Run
from tandem.salesforce.write import send
from tasks.perform import CONVERTED, Action, Plan, perform, result_of


@task(name="delete from Salesforce", cache_policy=NO_CACHE, persist_result=False)
def delete_from_salesforce(run: Run, stand: dict[int, Standing]) -> list[Outcome]:
    """Delete the leads and contacts of people; the people stay. Who is not there is skipped."""
    plan = Plan()
    for person, each in stand.items():
        if each.object is None:
            words = "It was deleted in Salesforce before." if each.deleted else "Not in Salesforce."
            plan.skipped[person] = f"{words} There is nothing to delete."
        elif each.converted:
            plan.refused[person] = CONVERTED
        elif each.person_account:
            plan.refused[person] = "A person account is deleted as an account. Delete it in Salesforce."
        else:
            plan.wanted.append(Wanted(person, each.object, "delete", each.sfdc_id, {}))
    return perform(
        run,
        Action("Delete Person from SFDC", "delete", ActivityType.DELETE_LEAD_FROM_SFDC, _delete, _deleted),
        plan,
    )


@task(name="delete people", cache_policy=NO_CACHE, persist_result=False)
def delete_people(
    run: Run, person_ids: Sequence[int], from_salesforce: Sequence[Outcome] = ()
) -> list[Outcome]:
    """Delete people here for good; those stay whom Salesforce would not delete.

    :param from_salesforce: what became of their records, where those were to be deleted too.
    """
    stay = {each.person_id: each for each in from_salesforce if each.outcome not in (DONE, actions.SKIPPED)}
    gone = [person for person in person_ids if person not in stay]
    with run.database.write() as session, session.transaction():
        removal.delete_people(session, gone, run.id, bool(from_salesforce))
        told = [
            Told(person, {"Status": "failed", "Error Message": each.message})
            for person, each in stay.items()
            if each.outcome == REFUSED
        ]
        actions.tell_people(session, ActivityType.DELETE_LEAD, run.id, told)
    before = {each.person_id: each for each in from_salesforce}
    return [
        stay.get(person) or Outcome(person, DONE, None, before[person].sfdc_id if person in before else None)
        for person in person_ids
    ]


def _delete(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
    for name in ("Lead", "Contact"):
        some = [each for each in entries if each.object == name]
        rows = [{"Id": each.sfdc_id} for each in some]
        for results in send(run.connection, name, "delete", rows, by_bulk=False):
            yield [result_of(row, some[row.index]) for row in results]


def _deleted(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
    records = [(each.entry.object, str(each.entry.sfdc_id), each.entry.created_at) for each in results]
    removal.mark_deleted(session, records, run.id)
    return [
        Told(
            each.entry.person_id,
            {
                "SFDC Id": each.entry.sfdc_id,
                "SFDC Type": each.entry.object.lower(),
                "Source": "Flow action",
            },
        )
        for each in results
    ]
