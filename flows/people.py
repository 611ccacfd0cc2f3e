"""What the flow actions share: sending people to Salesforce, by itself or as what another action implies."""

from __future__ import annotations

from collections.abc import Sequence

from flows.steps import attempt
from tandem.database import actions, chosen, programs
from tandem.database.actions import REFUSED, Outcome, Told
from tandem.database.activity import ActivityType
from tandem.database.journal import Operation, Status
from tandem.database.program_members import implied_actions_allowed
from tandem.database.standing import Standing, standings
from tandem.objects import CONTACT, LEAD
from tandem.run import Run
from tandem.salesforce.owners import Owner
from tasks import change_owner as owners
from tasks.look import look
from tasks.match import match_by_email
from tasks.perform import CONVERTED
from tasks.push import push
from tasks.push_new import push_new
from tasks.read_back import read_back
from tasks.turn import wait_for_turn


def send_people(run: Run, person_ids: Sequence[int], owner: Owner | None = None) -> list[Outcome]:
    """Sync Person to SFDC (21.1): the nine cells of absent, lead and contact by rules, user and queue.

    A contact whose owner is to be another is not sent at all: a user is refused, a queue gets a lead of its own.

    :param owner: ``None``: the org's assignment rules choose for new leads, the others keep theirs.
    """
    wait_for_turn(run, person_ids)
    with run.database.read() as session:
        stand = standings(session, person_ids)
    people = list(stand)
    converted = [person for person, each in stand.items() if each.converted]
    told = {person: Outcome(person, REFUSED, CONVERTED) for person in converted}
    if owner is not None:
        contacts = {person: each for person, each in stand.items() if each.object == CONTACT.name}
        told |= _by_person(owners.change_owner(run, contacts, owner, ActivityType.SYNC_LEAD_TO_SFDC))
    absent = [person for person, each in stand.items() if each.object is None]
    if run.settings.sync.match_before_insert and absent:
        told |= _by_person(match_by_email(run, absent))
        absent = [person for person in absent if person not in told]
    known = {
        name: [person for person, each in stand.items() if each.object == name and person not in told]
        for name in (LEAD.name, CONTACT.name)
    }
    concerned = [name for name in known if known[name] or (absent and name == LEAD.name)]
    looked = look(run, concerned) if concerned else []
    visible = [step.object for step in looked if step.status is Status.SUCCEEDED]
    if absent and LEAD.name in visible:
        with attempt(run, LEAD.name, Operation.PUSH_NEW):
            push_new(run, absent, owner.id if owner else None)
    # What Salesforce changed meanwhile is compared first: sending might overwrite it unseen (5.2, 6.2).
    records = {name: [str(stand[person].sfdc_id) for person in known[name]] for name in visible}
    unread = read_back(run, records) if any(records.values()) else set()
    visible = [name for name in visible if name not in unread]
    for name in visible:
        if known[name]:
            with attempt(run, name, Operation.PUSH_UPDATES):
                push(run, name, known[name])
    if owner is not None and LEAD.name in visible and known[LEAD.name]:
        leads = {person: stand[person] for person in known[LEAD.name]}
        moved = owners.change_owner(run, leads, owner, ActivityType.SYNC_LEAD_TO_SFDC)
        told |= {each.person_id: each for each in moved if each.outcome != actions.DONE}
        assigned = {each.person_id for each in moved if each.outcome == actions.DONE}
    else:
        assigned = set()
    with run.database.write() as session, session.transaction():
        refused = [Told(person, {"Status": "failed", "Error Message": CONVERTED}) for person in converted]
        actions.tell_people(session, ActivityType.SYNC_LEAD_TO_SFDC, run.id, refused)
        reached = [person for person, each in stand.items() if (each.object or LEAD.name) in visible]
        found = {row["person_id"]: row for row in chosen.outcomes(session, run.id, people, reached)}
    return [told.get(person) or _outcome(found[person], person in assigned) for person in people]


def _outcome(row: dict[str, object], assigned: bool) -> Outcome:
    outcome = str(row["outcome"])
    if assigned and outcome == "unchanged":
        outcome = "updated"
    person, message = row["person_id"], row["message"]
    assert isinstance(person, int)
    return Outcome(person, outcome, str(message) if message else None, str(row["sfdc_id"] or "") or None)


def present(
    run: Run, person_ids: Sequence[int], implied: bool, program: str | None = None
) -> tuple[dict[int, Standing], list[Outcome]]:
    """Bring people to Salesforce that are not there, as an action implies (21.0); returns how all stand then.

    :param implied: off, nobody is brought there. :param program: inside one that is linked to a campaign neither.
    :return: and what is to be told of those who could not be brought there.
    :raises TandemError: there is no such program, or no such person.
    """
    implied = implies(run, program) and implied
    wait_for_turn(run, person_ids)
    with run.database.read() as session:
        stand = standings(session, person_ids)
    absent = [person for person, each in stand.items() if each.object is None]
    if not absent or not implied:
        return stand, []
    sent = {each.person_id: each for each in send_people(run, absent)}
    with run.database.read() as session:
        stand = standings(session, person_ids)
    stayed = [person for person in absent if stand[person].object is None]
    for person in stayed:
        del stand[person]
    return stand, [sent[person] for person in stayed]


def implies(run: Run, program: str | None) -> bool:
    """Whether an action may do first what it implies: not inside a program that is linked to a campaign (10.8).

    :raises TandemError: there is no such program.
    """
    if program is None:
        return True
    with run.database.read() as session:
        return implied_actions_allowed(session, programs.find_program(session, program))


def in_order(person_ids: Sequence[int], *outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Put outcomes into the order that was asked for, one per person."""
    told = _by_person([each for some in outcomes for each in some])
    return [told[person] for person in dict.fromkeys(person_ids) if person in told]


def _by_person(outcomes: Sequence[Outcome]) -> dict[int, Outcome]:
    return {each.person_id: each for each in outcomes}
