"""Who a person is as Salesforce changes it: merges and conversions, followed from record to record (15, 16).

A record that was merged away names its winner (MasterRecordId), a converted lead its contact
(ConvertedContactId). Both are kept as pointers in ``sync.successor``; a person whose record has one waits until
a record at the end of the pointers is there, and goes over to it:

- The contact that a lead became is new: the person goes on as that contact. The contact's mirror row is made
  from the lead's, so that what marketing changed and did not send yet is compared, and sent, as ever.
- It is somebody already, or the record won a merge: two people become one (:mod:`tandem.database.person_merge`).

Pointers come with any page and in any order. So they are followed whenever leads or contacts are merged:
:func:`follow` before the page's rows get people, :func:`settle` once the winners have their new values.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from tandem.database import journal
from tandem.database.actions import done_by_action
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.database.person_merge import merge_people
from tandem.objects import CONTACT, LEAD
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField

#: Longest way from a record to the one that stands for it; Salesforce's own never come near.
_MOST_STEPS = 50


def is_followed(session: Session, alias: str, names: Collection[str]) -> str:
    """Return the condition that a record which nobody is never becomes anybody: its contact does, or did.

    A converted lead whose contact is deleted names it no longer, and is nobody all the same, where we know that it did.
    """
    if "ConvertedContactId" in names and columns_of(session, "salesforce", CONTACT.name):
        did = f"{alias}.Id IN (SELECT sfdc_id FROM sync.successor WHERE kind = 'conversion')"
        return f"({alias}.ConvertedContactId IS NOT NULL OR {did})"
    return "false"


def follow(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    pages: Sequence[Path],
    held_back: Collection[str],
) -> None:
    """Keep the pages' pointers, and let go of records whose people go over to another.

    Makes the temporary tables ``converted`` (people that go on as a contact) and ``going`` (people to be merged
    into that of ``target_id``) for :func:`settle`. Call it before the pages are compared.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE converted (person_id BIGINT, lead_id VARCHAR, id VARCHAR)")
    session.execute(
        "CREATE OR REPLACE TEMP TABLE going (person_id BIGINT, start_id VARCHAR, target_id VARCHAR,"
        " converted BOOLEAN, merged BOOLEAN, converted_on DATE)"
    )
    page = _page(session, fields, pages, held_back)
    _keep_pointers(session, declared, page)
    if not _walk(session):
        return
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE present AS SELECT * FROM ({page}) WHERE Id IN (SELECT id FROM walked)"
    )
    _find_standing(session)
    if declared is CONTACT:
        _carry_over(session, fields)
    _choose_targets(session, declared)


def settle(session: Session, declared: SyncedObject, run_id: str, now: datetime) -> tuple[int, int]:
    """Merge the people whose winner is up to date now; returns how many leads became contacts, and how many
    people were merged away otherwise."""
    if session.value("SELECT count(*) FROM pointer"):
        _mark_waiting(session, declared)
    conversions, merged = int(session.value("SELECT count(*) FROM converted")), 0
    if conversions:
        _log_conversions(session, "converted", "person_id", run_id, now)
    _find_winners(session)
    if session.value("SELECT count(*) FROM merging"):
        conversions += int(session.value("SELECT count(*) FROM merging WHERE converted"))
        merged = int(session.value("SELECT count(*) FROM merging WHERE NOT converted"))
        merge_people(session, run_id, now)
        _log_conversions(
            session,
            "(SELECT kept, start_id AS lead_id, target_id AS id FROM merging WHERE converted)",
            "kept",
            run_id,
            now,
        )
    session.execute(
        "UPDATE sync.error SET resolved_at = ? WHERE resolved_at IS NULL AND level = 'record' AND sfdc_id IN"
        " (SELECT lead_id FROM converted UNION ALL SELECT start_id FROM merging)",
        [now],
    )
    session.execute(
        "UPDATE sync.successor SET person_id = NULL WHERE sfdc_id IN"
        " (SELECT lead_id FROM converted UNION ALL SELECT start_id FROM merging)"
    )
    return conversions, merged


def report_out_of_sight(session: Session, run_id: str, now: datetime) -> int:
    """Write an error for each converted lead whose contact did not come though contacts were read since (15.6).

    Returns how many that are; those that were reported before do not count. Call it when the watermark has moved.
    """
    read_up_to = session.value("SELECT max(stamp) FROM sync.watermark WHERE object = ?", [CONTACT.name])
    if read_up_to is None or not _walk(session):
        return 0
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE lost_sight AS
        SELECT * FROM (SELECT person_id, start_id, arg_max(id, depth) AS id FROM walked
                       GROUP BY person_id, start_id HAVING bool_or(converted) AND max(stamp) < ?)
        WHERE id NOT IN (SELECT Id FROM {mirror_of(CONTACT.name)})
        """,
        [read_up_to],
    )
    return journal.record_errors(
        session,
        "lost_sight l WHERE NOT EXISTS (SELECT 1 FROM sync.error e WHERE e.sfdc_id = l.start_id"
        " AND e.resolved_at IS NULL AND e.code = 'CONVERTED_OUT_OF_SIGHT')",
        run_id=run_id,
        at=now,
        object_name=literal(LEAD.name),
        operation="'Pull conversions'",
        sfdc_id="start_id",
        code="'CONVERTED_OUT_OF_SIGHT'",
        error_class="'access'",
        message="'The lead was converted to the contact ' || id || ', which the sync user cannot see or which is in"
        " quarantine. The person stays as it was, and nothing is sent for it, until the contact comes.'",
    )


def _page(
    session: Session, fields: Sequence[MappedField], pages: Sequence[Path], held_back: Collection[str]
) -> str:
    """Return a query of the pages' records and what each says of its successor."""
    session.execute("CREATE OR REPLACE TEMP TABLE held_back (id VARCHAR)")
    session.insert("held_back", [(each,) for each in held_back])
    names = {each.field for each in fields}
    to_contact = "ConvertedContactId" if "ConvertedContactId" in names else "NULL"
    converted = "coalesce(IsConverted, false)" if "IsConverted" in names else "false"
    on = "ConvertedDate" if "ConvertedDate" in names else "NULL"
    return f"""
        SELECT Id, coalesce(IsDeleted, false) AS is_deleted, SystemModstamp AS stamp,
               coalesce(MasterRecordId, {to_contact}) AS successor_id,
               CASE WHEN MasterRecordId IS NULL THEN 'conversion' ELSE 'merge' END AS kind,
               {converted} AS is_converted,
               CAST({on} AS DATE) AS converted_on
        FROM read_parquet([{", ".join(literal(str(page)) for page in pages)}])
        WHERE Id NOT IN (SELECT id FROM held_back)
        """


def _keep_pointers(session: Session, declared: SyncedObject, page: str) -> None:
    """Keep what the page's records say of their successors."""
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE pointer AS SELECT * FROM ({page}) WHERE successor_id IS NOT NULL"
        " QUALIFY row_number() OVER (PARTITION BY Id ORDER BY stamp DESC) = 1"
    )
    if session.value("SELECT count(*) FROM sync.successor"):
        # What came back out of the bin is itself again; a person that waited for its winner goes back to it.
        # A conversion has no way back: a lead that lost the link to its contact still is that contact.
        gone = f"sfdc_id IN (SELECT Id FROM ({page}) WHERE successor_id IS NULL AND NOT is_converted)"
        session.execute(
            f"UPDATE {mirror_of(declared.name)} m SET _record_id = s.person_id FROM sync.successor s"
            f" WHERE m.Id = s.sfdc_id AND m._record_id IS NULL AND s.person_id IS NOT NULL AND s.{gone}"
        )
        session.execute(f"DELETE FROM sync.successor WHERE {gone}")
        session.execute(
            "UPDATE sync.successor s SET successor_id = r.successor_id, kind = r.kind FROM pointer r"
            " WHERE r.Id = s.sfdc_id AND r.successor_id <> s.successor_id"
        )
    session.execute(
        "INSERT INTO sync.successor SELECT Id, successor_id, kind, converted_on, stamp, NULL FROM pointer"
        " WHERE Id NOT IN (SELECT sfdc_id FROM sync.successor)"
    )
    _mark_waiting(session, declared)


def _mark_waiting(session: Session, declared: SyncedObject) -> None:
    """Note whose record it is that has a successor now."""
    session.execute(
        f"UPDATE sync.successor s SET person_id = m._record_id FROM {mirror_of(declared.name)} m"
        " WHERE m.Id = s.sfdc_id AND m._record_id IS NOT NULL AND s.person_id IS NULL"
        " AND s.sfdc_id IN (SELECT Id FROM pointer)"
    )


def _walk(session: Session) -> int:
    """Make the temporary table ``walked``: each record on the way of each person that waits."""
    if not session.value("SELECT count(*) FROM sync.successor WHERE person_id IS NOT NULL"):
        return 0
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE walked AS
        WITH RECURSIVE way AS (
            SELECT person_id, sfdc_id AS start_id, successor_id AS id, 1 AS depth, kind = 'conversion' AS converted,
                   kind = 'merge' AS merged, converted_on, stamp
            FROM sync.successor WHERE person_id IN (SELECT id FROM marketing.person)
            UNION ALL
            SELECT w.person_id, w.start_id, s.successor_id, w.depth + 1, w.converted OR s.kind = 'conversion',
                   w.merged OR s.kind = 'merge', coalesce(s.converted_on, w.converted_on), greatest(w.stamp, s.stamp)
            FROM way w JOIN sync.successor s ON s.sfdc_id = w.id WHERE w.depth < {_MOST_STEPS}
        )
        SELECT * FROM way
        """
    )
    return int(session.value("SELECT count(*) FROM walked"))


def _find_standing(session: Session) -> None:
    """Make the temporary table ``standing``: those of the records walked that are somebody."""
    session.execute("CREATE OR REPLACE TEMP TABLE standing (id VARCHAR, person_id BIGINT)")
    for name in _mirrors(session):
        session.execute(
            f"INSERT INTO standing SELECT Id, _record_id FROM {mirror_of(name)}"
            " WHERE Id IN (SELECT id FROM walked) AND _record_id IN (SELECT id FROM marketing.person)"
        )


def _mirrors(session: Session) -> list[str]:
    return [each.name for each in (LEAD, CONTACT) if columns_of(session, "salesforce", each.name)]


def _carry_over(session: Session, fields: Sequence[MappedField]) -> None:
    """Let people go on as the new contacts of the page that their leads became."""
    session.execute(
        """
        INSERT INTO converted
        SELECT arg_min(person_id, person_id), arg_min(start_id, person_id), id FROM walked
        WHERE depth = 1 AND converted AND id IN (SELECT Id FROM present WHERE successor_id IS NULL)
          AND id NOT IN (SELECT id FROM standing)
        GROUP BY id
        """
    )
    if not session.value("SELECT count(*) FROM converted"):
        return
    lead_field = {each.column: each for each in active_fields(session, LEAD.name)}
    values = {"_record_id": "c.person_id", "Id": "c.id", "OwnerId": "l.OwnerId", "IsDeleted": "false"}
    for each in fields:
        source = lead_field.get(each.column)
        if source and each.column and not each.system:
            values[each.field] = f"TRY_CAST(l.{quoted(source.field)} AS {each.sql_type})"
    contact = mirror_of(CONTACT.name)
    session.execute(f"DELETE FROM {contact} WHERE Id IN (SELECT id FROM converted)")
    session.execute(
        f"INSERT INTO {contact} ({', '.join(quoted(name) for name in values)})"
        f" SELECT {', '.join(values.values())} FROM converted c JOIN {mirror_of(LEAD.name)} l ON l.Id = c.lead_id"
    )
    session.execute(
        "UPDATE marketing.person p SET sfdc_id = c.id, sfdc_type = ? FROM converted c WHERE p.id = c.person_id",
        [CONTACT.person_type],
    )
    _let_go(session, "SELECT lead_id FROM converted")
    session.execute("INSERT INTO standing SELECT id, person_id FROM converted")
    session.execute("DELETE FROM walked WHERE start_id IN (SELECT lead_id FROM converted)")


def _choose_targets(session: Session, declared: SyncedObject) -> None:
    """Send each person to the furthest record on its way that is somebody, or becomes somebody with this page."""
    followed = "false" if declared is CONTACT else "r.successor_id IS NOT NULL"
    session.execute(
        f"""
        INSERT INTO going
        SELECT person_id, start_id, arg_max(id, depth), arg_max(converted, depth), arg_max(merged, depth),
               arg_max(converted_on, depth)
        FROM walked w
        WHERE id IN (SELECT id FROM standing)
           OR id IN (SELECT r.Id FROM present r WHERE NOT r.is_deleted AND NOT {followed}
                     AND r.Id NOT IN (SELECT Id FROM {mirror_of(declared.name)}))
        GROUP BY person_id, start_id
        """
    )
    # A loser whose winner was converted before we knew it: its contact is yet to come, and it is no delete.
    _let_go(
        session,
        "SELECT start_id FROM going UNION ALL SELECT start_id FROM walked WHERE converted AND merged"
        if len(_mirrors(session)) == 2
        else "SELECT start_id FROM going",
    )


def _let_go(session: Session, record_ids: str) -> None:
    """Take records from their people: they say nothing of them any more."""
    for name in _mirrors(session):
        session.execute(f"UPDATE {mirror_of(name)} SET _record_id = NULL WHERE Id IN ({record_ids})")


def _find_winners(session: Session) -> None:
    """Make the temporary table ``merging`` for :func:`tandem.database.person_merge.merge_people`.

    The winner keeps its id. But a contact that was read before its lead's conversion is the lead's person under
    another id: then the lead's, which was there first, goes on.
    """
    session.execute(
        "CREATE OR REPLACE TEMP TABLE merging (loser BIGINT, winner BIGINT, start_id VARCHAR,"
        " target_id VARCHAR, converted BOOLEAN, kept BIGINT)"
    )
    if not session.value("SELECT count(*) FROM going"):
        return
    created = " UNION ALL ".join(
        f"SELECT Id, _record_id, {'CreatedDate' if name == CONTACT.name else 'NULL'} AS created"
        f" FROM {mirror_of(name)} WHERE Id IN (SELECT target_id FROM going)"
        for name in _mirrors(session)
    )
    session.execute(
        f"""
        INSERT INTO merging
        SELECT g.person_id, m._record_id, g.start_id, g.target_id, g.converted,
               coalesce(min(g.person_id) FILTER (
                   g.converted AND NOT g.merged AND CAST(m.created AS DATE) >= g.converted_on
                   AND g.person_id < m._record_id) OVER (PARTITION BY m._record_id), m._record_id)
        FROM going g JOIN ({created}) m ON m.Id = g.target_id
        WHERE m._record_id <> g.person_id
        """
    )


def _log_conversions(session: Session, source: str, person: str, run_id: str, now: datetime) -> None:
    """Log Convert Lead (21) for leads that are contacts now: ``source`` has their ``lead_id`` and contact ``id``.

    A flow action told of its own conversions when it was answered, read back or not.
    """
    if len(_mirrors(session)) < 2:
        return
    log(
        session,
        ActivityType.CONVERT_LEAD,
        f"{source} v LEFT JOIN {mirror_of(LEAD.name)} l ON l.Id = v.lead_id"
        f" LEFT JOIN {mirror_of(CONTACT.name)} c ON c.Id = v.id WHERE v.id NOT IN ({done_by_action('convert')})",
        run_id=run_id,
        at=now,
        person=f"v.{person}",
        primary="c.OwnerId",
        attributes=attributes(
            Assign_To="c.OwnerId",
            SFDC_Lead_Id="v.lead_id",
            SFDC_Contact_Id="v.id",
            SFDC_Account_Id="c.AccountId",
            Source="'Salesforce.com'",
        ),
    )
