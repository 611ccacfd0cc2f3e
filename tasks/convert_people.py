"""Convert Person: leads become contacts, each with a new account and a new opportunity (21.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import actions, people
from tandem.database.actions import Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.standing import Standing, standings
from tandem.errors import TandemError
from tandem.objects import CONTACT, LEAD
from tandem.run import Run
from tandem.salesforce.connection import Connection
from tandem.salesforce.lookup import text
from tandem.salesforce.owners import Owner
from tandem.salesforce.records import query
from tandem.salesforce.soap import MOST_CONVERSIONS, Conversion, convert_leads
from tasks.perform import Action, Plan, perform, refused
from tasks.read_back import read_back


def converted_status(connection: Connection, wanted: str | None) -> str:
    """Return the status that converted leads get: the one wanted, or the org's first.

    :raises TandemError: the org has no such status for converted leads.
    """
    soql = "SELECT ApiName, MasterLabel FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"
    known = {row["MasterLabel"]: row["ApiName"] for row in query(connection, "LeadStatus", soql)}
    if wanted is None and known:
        return str(next(iter(known.values())))
    for label, name in known.items():
        if wanted is not None and wanted.strip().lower() in (label.lower(), name.lower()):
            return str(name)
    named = ", ".join(known) or "none"
    raise TandemError(f"{wanted or 'A status'} is no status of converted leads in this org. It has: {named}.")


def check_assignee(assignee: Owner | None) -> None:
    """Refuse a queue before anything is sent.

    :raises TandemError: contacts belong to users.
    """
    if assignee is not None and assignee.is_queue:
        raise TandemError(f"{assignee.name} is a queue, and contacts belong to users. Name a user.")


@task(name="convert people", cache_policy=NO_CACHE, persist_result=False)
def convert_people(
    run: Run, stand: dict[int, Standing], status: str, assignee: Owner | None = None, notify: bool = False
) -> list[Outcome]:
    """Convert the leads of people; a lead is converted once, whoever asks how often.

    :param assignee: owner of contact, account and opportunity; ``None``: the lead's, which must be a user.
    """
    plan = Plan(
        about={"Converted Status": status, "Send Notification Email": "true" if notify else "false"},
        primary=assignee.name if assignee else None,
    )
    for person, each in plan.those_there(_caught_up(run, stand)).items():
        if each.object == CONTACT.name:
            plan.skipped[person] = f"It is a contact already: {each.sfdc_id}."
        elif assignee is None and not str(each.owner_id or "005").startswith("005"):
            plan.refused[person] = (
                "A queue owns the lead, and contacts belong to users. Say who is to own what it becomes."
            )
        else:
            payload = {
                "convertedStatus": status,
                "ownerId": assignee.id if assignee else None,
                "notify": notify,
            }
            plan.wanted.append(Wanted(person, LEAD.name, "convert", each.sfdc_id, payload))
    return perform(
        run, Action("Convert Person", "convert", ActivityType.CONVERT_LEAD, _convert, _converted, _find), plan
    )


def _caught_up(run: Run, stand: dict[int, Standing]) -> dict[int, Standing]:
    """Look once more for the contacts of leads that were converted; an earlier read-back may have failed."""
    leads = {str(each.sfdc_id) for each in stand.values() if each.converted}
    if not leads:
        return stand
    ids = ", ".join(text(each) for each in sorted(leads))
    soql = f"SELECT Id, ConvertedAccountId, ConvertedContactId FROM Lead WHERE IsConverted = true AND Id IN ({ids})"
    found = query(run.connection, LEAD.name, soql)
    records = {
        name: {str(row[field]) for row in found if row[field]}
        for name, field in (("Account", "ConvertedAccountId"), (CONTACT.name, "ConvertedContactId"))
    }
    read_back(run, {"Account": records["Account"], LEAD.name: leads, CONTACT.name: records[CONTACT.name]})
    with run.database.read() as session:
        return standings(session, list(stand))


def _convert(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
    for start in range(0, len(entries), MOST_CONVERSIONS):
        chunk = entries[start : start + MOST_CONVERSIONS]
        asked = [
            Conversion(
                str(each.sfdc_id),
                each.payload["convertedStatus"],
                each.payload["ownerId"],
                each.payload["notify"],
            )
            for each in chunk
        ]
        answers = convert_leads(run.connection, asked)
        yield _taken_over(
            run,
            [
                refused(entry, done.error)
                if done.error
                else Result(
                    entry,
                    done.contact_id,
                    facts=_facts(done.account_id, done.contact_id, done.opportunity_id),
                )
                for entry, done in zip(chunk, answers, strict=True)
            ],
        )


def _find(run: Run, entries: Sequence[Entry]) -> list[Result]:
    """Find the leads that an earlier run converted without hearing of it."""
    ids = ", ".join(text(str(each.sfdc_id)) for each in entries)
    soql = (
        "SELECT Id, ConvertedAccountId, ConvertedContactId, ConvertedOpportunityId FROM Lead"
        f" WHERE IsConverted = true AND Id IN ({ids})"
    )
    found = {row["Id"]: row for row in query(run.connection, LEAD.name, soql)}
    results = []
    for each in entries:
        if row := found.get(each.sfdc_id):
            contact = row["ConvertedContactId"]
            facts = _facts(row["ConvertedAccountId"], contact, row["ConvertedOpportunityId"])
            results.append(Result(each, contact, facts=facts))
    return _taken_over(run, results)


def _facts(account: str | None, contact: str | None, opportunity: str | None) -> dict[str, str | None]:
    return {"SFDC Account Id": account, "SFDC Contact Id": contact, "SFDC Opportunity Id": opportunity}


def _taken_over(run: Run, results: list[Result]) -> list[Result]:
    """Let the people go on as the contacts they became."""
    done = [each for each in results if not each.code]
    if done:
        run.save_calls()
        records = {
            "Account": {str(each.facts["SFDC Account Id"]) for each in done},
            LEAD.name: {str(each.entry.sfdc_id) for each in done},
            CONTACT.name: {str(each.sfdc_id) for each in done},
        }
        read_back(run, records)
    return results


def _converted(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
    """Tell of each conversion once: the activity that the read-back logged gets what only we know."""
    told = []
    people.mark_converted(session, [str(each.entry.sfdc_id) for each in results])
    for each in results:
        facts = {
            "Converted Status": each.entry.payload["convertedStatus"],
            "Send Notification Email": str(each.entry.payload["notify"]).lower(),
            "SFDC Opportunity Id": each.facts["SFDC Opportunity Id"],
            "Source": "Flow action",
            "Status": "succeeded",
        }
        if not actions.tell_more(session, ActivityType.CONVERT_LEAD, "SFDC Contact Id", each.sfdc_id, facts):
            more: dict[str, Any] = {"SFDC Lead Id": each.entry.sfdc_id, **each.facts, "Source": "Flow action"}
            told.append(Told(each.entry.person_id, more, each.entry.payload["ownerId"]))
    return told
