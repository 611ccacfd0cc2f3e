"""Match before insert: is somebody with this e-mail address in Salesforce already? (section 31, complaint 2)"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import actions
from tandem.database.actions import SKIPPED, Outcome, Told
from tandem.database.activity import ActivityType
from tandem.run import Run
from tandem.salesforce import composite
from tandem.salesforce.lookup import text

#: Addresses in one query: 25 queries would fit a call, five may be asked at once.
_ADDRESSES = 50


@task(name="match by e-mail", cache_policy=NO_CACHE, persist_result=False)
def match_by_email(run: Run, person_ids: Sequence[int]) -> list[Outcome]:
    """Return those of these people whose e-mail address a lead or contact has; they are not to be created.

    Converted leads do not count: their contact does. What was found is logged with each person.
    """
    with run.database.read() as session:
        addresses = {
            row["id"]: row["address"]
            for row in session.rows(
                "SELECT id, lower(trim(email_address)) AS address FROM marketing.person"
                " WHERE id IN (SELECT unnest(CAST(? AS BIGINT[]))) AND trim(email_address) <> ''",
                [list(person_ids)],
            )
        }
    wanted = sorted(set(addresses.values()))
    found: dict[str, list[str]] = {}
    for start in range(0, len(wanted), _ADDRESSES):
        listed = ", ".join(text(each) for each in wanted[start : start + _ADDRESSES])
        queries = (
            f"SELECT Id, Email FROM Lead WHERE IsConverted = false AND Email IN ({listed}) ORDER BY Id",
            f"SELECT Id, Email FROM Contact WHERE Email IN ({listed}) ORDER BY Id",
        )
        answers, _ = composite.ask(
            run.connection, [composite.Question(f"query?q={quote(each)}") for each in queries], "match"
        )
        for kind, each in zip(("lead", "contact"), answers, strict=True):
            if each.status != 200:
                raise each.error(f"looking for {kind}s by e-mail")
            for row in each.body["records"]:
                found.setdefault(row["Email"].lower(), []).append(f"{kind} {row['Id']}")
    outcomes = [
        Outcome(
            person,
            SKIPPED,
            f"Salesforce has {' and '.join(found[address])} with {address}; nothing was created."
            " Merge the two, or switch sync.match_before_insert off.",
        )
        for person, address in addresses.items()
        if address in found
    ]
    told = [
        Told(
            each.person_id,
            {
                "Status": "skipped",
                "Matches": ", ".join(found[addresses[each.person_id]]),
                "Reason": each.message,
            },
        )
        for each in outcomes
    ]
    with run.database.write() as session, session.transaction():
        actions.tell_people(session, ActivityType.SYNC_LEAD_TO_SFDC, run.id, told)
    return outcomes
