"""Create Task: something for the owner of a person to do, made at once (21.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database.actions import Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.standing import Standing
from tandem.errors import TandemError
from tandem.run import Run
from tandem.salesforce.owners import Owner
from tandem.salesforce.write import send
from tandem.tokens import Values, plain, resolve
from tasks.perform import Action, Plan, find_made, perform, result_of

_LONGEST_SUBJECT = 255
#: What a lead says of its company; a contact has one of its own.
_OWN_COMPANY = ("company_name", "industry", "website", "annual_revenue", "num_employees")


@dataclass(frozen=True)
class TaskForm:
    """What is to be done, by when; texts with tokens."""

    subject: str
    description: str = ""
    due_in_days: int = 5
    priority: str = "Normal"
    status: str = "Not Started"
    campaign: str = ""
    """The name that ``{{campaign.Name}}`` stands for."""


@task(name="create tasks", cache_policy=NO_CACHE, persist_result=False)
def create_tasks(
    run: Run, stand: dict[int, Standing], form: TaskForm, assignee: Owner | None = None
) -> list[Outcome]:
    """Make a task for each person; the very same task (subject, text, day, assignee) is made once.

    :param assignee: who is to do it; ``None``: the owner of the lead or contact, where that is a user.
    """
    now = run.connection.server_time
    due = (now + timedelta(days=form.due_in_days)).date().isoformat()
    plan = Plan()
    with run.database.read() as session:
        values = _values(session, list(stand), form.campaign, now)
    for person, each in plan.those_there(stand).items():
        subject = resolve(form.subject, values[person]).strip()
        if len(subject) > _LONGEST_SUBJECT:
            plan.refused[person] = f"The subject has {len(subject)} characters, and 255 fit. It is never cut."
            continue
        owner = assignee.id if assignee else each.owner_id
        payload = {
            "WhoId": each.sfdc_id,
            "Subject": subject,
            "Description": resolve(form.description, values[person]) or None,
            "ActivityDate": due,
            "Status": form.status,
            "Priority": form.priority,
            "OwnerId": owner if owner and owner.startswith("005") else None,
        }
        payload = {name: value for name, value in payload.items() if value}
        plan.wanted.append(Wanted(person, "Task", "task", None, payload))
    action = Action(
        "Create Task", "task", ActivityType.CREATE_TASK, _create, _told_of_tasks, _find, once=True
    )
    return perform(run, action, plan)


def check_form(run: Run, form: TaskForm, assignee: Owner | None) -> None:
    """Refuse a form that cannot be filled in, before anything is sent.

    :raises TandemError: a token that does not exist, no subject, a queue that is to do it.
    """
    if assignee is not None and assignee.is_queue:
        raise TandemError(f"{assignee.name} is a queue, and a task needs somebody to do it. Name a user.")
    if not form.subject.strip():
        raise TandemError("The task has no subject. Say what is to be done.")
    with run.database.read() as session:
        names = {
            "lead": columns_of(session, "marketing", "person"),
            "company": {**columns_of(session, "marketing", "company"), **dict.fromkeys(_OWN_COMPANY, "")},
            "campaign": {"name": ""},
            "system": dict.fromkeys(("date", "time", "datetime"), ""),
        }
    known = {group: {plain(name): "" for name in some} for group, some in names.items()}
    for text in (form.subject, form.description):
        resolve(text, known)


def _values(session: Session, people: Sequence[int], campaign: str, now: datetime) -> dict[int, Values]:
    system = {
        "date": now.strftime("%Y-%m-%d"),
        "time": now.strftime("%H:%M UTC"),
        "datetime": now.strftime("%Y-%m-%d %H:%M UTC"),
    }
    companies = {
        row["id"]: row
        for row in session.rows(
            "SELECT * FROM marketing.company WHERE id IN (SELECT company_id FROM marketing.person"
            " WHERE id IN (SELECT unnest(CAST(? AS BIGINT[]))))",
            [list(people)],
        )
    }
    found: dict[int, Values] = {}
    for row in session.rows(
        "SELECT * FROM marketing.person WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))", [list(people)]
    ):
        own = {name: row.get(name) for name in _OWN_COMPANY}
        company = {**own, **companies.get(row["company_id"], {})}
        found[row["id"]] = {
            "lead": {plain(name): value for name, value in row.items()},
            "company": {plain(name): value for name, value in company.items()},
            "campaign": {"name": campaign},
            "system": system,
        }
    return found


def _create(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
    rows = [dict(each.payload) for each in entries]
    for results in send(run.connection, "Task", "create", rows, by_bulk=False):
        yield [result_of(row, entries[row.index]) for row in results]


def _find(run: Run, entries: Sequence[Entry]) -> list[Result]:

    def values(entry: Entry) -> dict[str, str]:
        return {
            name: entry.payload[name] for name in ("WhoId", "Subject", "OwnerId") if name in entry.payload
        }

    return find_made(run, entries, values, lambda entry: {"ActivityDate": entry.payload["ActivityDate"]})


def _told_of_tasks(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
    def facts(payload: Any, task_id: str | None) -> dict[str, Any]:
        return {
            "SFDC Id": task_id,
            "Due Date": payload["ActivityDate"],
            "Assign To": payload.get("OwnerId"),
            "Description": payload.get("Description"),
        }

    return [
        Told(each.entry.person_id, facts(each.entry.payload, each.sfdc_id), each.entry.payload["Subject"])
        for each in results
    ]
