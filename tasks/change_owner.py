"""Change Owner: leads go to a user or a queue; contacts keep theirs (6.6, 6.7, 21.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import actions, newcomers, people
from tandem.database.actions import Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.fields import active_fields
from tandem.database.standing import Standing
from tandem.objects import LEAD
from tandem.run import Run
from tandem.salesforce.owners import Owner
from tandem.salesforce.write import send
from tasks.perform import Action, Plan, find_made, perform, result_of

CONTACT_STAYS = (
    "A contact's owner cannot be changed from here: Salesforce answers"
    " INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY. Change it in Salesforce."
)


@task(name="change owner", cache_policy=NO_CACHE, persist_result=False)
def change_owner(
    run: Run,
    stand: dict[int, Standing],
    owner: Owner,
    activity: ActivityType = ActivityType.CHANGE_OWNER,
) -> list[Outcome]:
    """Give leads to an owner. A contact that a queue is to own gets a second record, a lead that the queue owns.

    :param activity: under which the outcome is logged: Change Owner, or Sync Lead to SFDC.
    """
    plan = Plan(about={"Assign To": owner.name})
    contacts = []
    for person, each in plan.those_there(stand).items():
        if each.object == LEAD.name:
            plan.wanted.append(Wanted(person, LEAD.name, "assign", each.sfdc_id, {"OwnerId": owner.id}))
        elif owner.is_queue:
            contacts.append(each)
        else:
            plan.refused[person] = CONTACT_STAYS
    outcomes = perform(run, Action("Change Owner", "assign", activity, _assign, _assigned), plan)
    if contacts:
        outcomes += _duplicate(run, contacts, owner, activity)
    return outcomes


def _assign(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
    rows = [{"Id": each.sfdc_id, **each.payload} for each in entries]
    notify = run.settings.sync.notify_owner
    for results in send(run.connection, LEAD.name, "update", rows, by_bulk=False, notify_owner=notify):
        yield [result_of(row, entries[row.index]) for row in results]


def _assigned(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
    owners = {str(each.entry.sfdc_id): str(each.entry.payload["OwnerId"]) for each in results}
    sent_after = min((each.entry.created_at for each in results), default=None)
    moved = people.move_owners(session, owners, sent_after, run.settings.sync)
    return [
        Told(
            each.entry.person_id,
            {
                "Old Owner": moved.get(str(each.entry.sfdc_id)),
                "New Owner": each.entry.payload["OwnerId"],
                "SFDC Id": each.entry.sfdc_id,
                "Source": "Flow action",
            },
        )
        for each in results
        if moved.get(str(each.entry.sfdc_id)) != each.entry.payload["OwnerId"]
    ]


def _duplicate(run: Run, contacts: Sequence[Standing], queue: Owner, activity: ActivityType) -> list[Outcome]:
    """Make leads beside contacts, since no queue can own a contact (6.7); once per contact and queue."""
    with run.database.read() as session:
        payloads = newcomers.lead_payloads(
            session,
            [each.person_id for each in contacts],
            active_fields(session, LEAD.name),
            run.settings.sync,
        )
        gone = newcomers.deleted_leads(session, actions.made_by_actions(session, LEAD.name, "duplicate"))
    plan = Plan(about={"Assign To": queue.name})
    plan.wanted = [
        # What is compared to tell a second click is who and which queue: the person's values may have moved.
        Wanted(each.person_id, LEAD.name, "duplicate", None, {"OwnerId": queue.id})
        for each in contacts
    ]

    def create(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
        rows = [payloads[each.person_id] | dict(each.payload) for each in entries]
        key = run.settings.salesforce.external_id_field
        if key:
            rows = [
                row | {key: f"tandem-{each.person_id}-{queue.id}"}
                for row, each in zip(rows, entries, strict=True)
            ]
        sending = send(
            run.connection,
            LEAD.name,
            "upsert" if key else "create",
            rows,
            external_id=key or None,
            by_bulk=False,
            notify_owner=run.settings.sync.notify_owner,
        )
        for results in sending:
            yield [_explained(result_of(row, entries[row.index])) for row in results]

    def find(run: Run, entries: Sequence[Entry]) -> list[Result]:
        if run.settings.salesforce.external_id_field:
            return []

        def values(entry: Entry) -> dict[str, str]:
            payload = payloads[entry.person_id] | dict(entry.payload)
            names = ("LastName", "FirstName", "Email", "Company", "OwnerId")
            return {name: payload[name] for name in names if name in payload}

        return [_explained(each) for each in find_made(run, entries, values)]

    action = Action("Change Owner", "duplicate", activity, create, _told_of_duplicate, find, once=True)
    with run.database.write() as session, session.transaction():
        actions.forget_made(session, gone)
    return perform(run, action, plan)


def _explained(result: Result) -> Result:
    if result.code or result.lost:
        return result
    words = f"A queue cannot own a contact: lead {result.sfdc_id} was made for the queue, the contact stays as it is."
    return replace(result, message=words)


def _told_of_duplicate(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
    return [
        Told(
            each.entry.person_id, {"New Lead": each.sfdc_id, "Reason": each.message, "Source": "Flow action"}
        )
        for each in results
    ]
