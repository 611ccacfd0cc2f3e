"""What the merge of leads and contacts does beside their fields: log, owners, accounts (sections 6 to 8, 17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tandem.database.activity import ActivityType, attributes, log, log_values
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.merged_page import MergedPage
from tandem.objects import CONTACT, LEAD
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField
from tandem.objects.user import ACCOUNT_OWNER_FIELDS, SALES_OWNER_FIELDS
from tandem.settings import SyncSettings


@dataclass(frozen=True)
class _Shown:
    """Columns of a person that show another record, as SQL; ``{row}`` is the row of the lead or contact."""

    needs: tuple[str, ...]
    """Objects without which there is nothing to show: not synced, or not yet."""
    columns: dict[str, str]
    joins: tuple[str, ...]


# A queue owns no sales-owner fields: it is not a user, so the join finds nobody (8.6).
_OWNER = ' LEFT JOIN (salesforce."User" {u} LEFT JOIN marketing.sales_user {s} ON {s}.id = {u}._record_id) ON {u}.Id = '
_ACCOUNT = ' LEFT JOIN salesforce."Account" acc ON acc.Id = {row}.AccountId'

_SALES_OWNER = _Shown(
    ("User",),
    {column: f"s.{source}" for column, source in SALES_OWNER_FIELDS.items()},
    (_OWNER.replace("{u}", "u").replace("{s}", "s") + "{row}.OwnerId",),
)
_COMPANY = _Shown(
    ("Account",),
    {"company_id": "c.id", **{column: f"c.{column}" for column in COMPANY_COLUMNS_OF_PERSON}},
    (_ACCOUNT, " LEFT JOIN marketing.company c ON c.id = acc._record_id"),
)
_ACCOUNT_OWNER = _Shown(
    ("Account", "User"),
    {column: f"aus.{source}" for column, source in ACCOUNT_OWNER_FIELDS.items()},
    (_ACCOUNT, _OWNER.replace("{u}", "au").replace("{s}", "aus") + "acc.OwnerId"),
)


def blocked_columns(rules: SyncSettings) -> frozenset[str]:
    """Return the columns of a person that the user blocked: written when the person arrives, then kept (3.17)."""
    return frozenset(column.lower() for column in rules.blocked("person"))


def arrival_columns(session: Session, declared: SyncedObject) -> tuple[dict[str, str], str]:
    """Return further columns of new people as SQL over ``arrival a``, and the joins that they need.

    Owners and accounts that are not synced, or not yet, leave their columns empty.
    """
    columns = {"sfdc_type": literal(declared.person_type or ""), "original_source_type": "'Salesforce.com'"}
    joins: dict[str, None] = {}
    for shown in _shown_by(session, declared):
        columns |= shown.columns
        joins |= dict.fromkeys(shown.joins)
    return columns, "".join(joins).replace("{row}", "a")


def log_arrivals(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], run_id: str, now: datetime
) -> None:
    """Log New Lead (12) for each person that came from Salesforce."""
    told = {
        "Source_Type": "'Salesforce.com'",
        "SFDC_Type": literal(declared.person_type or ""),
        "SFDC_Id": "Id",
        "Created_Date": "CreatedDate",
    }
    if any(each.field == "LeadSource" for each in fields):
        told["Lead_Source"] = "LeadSource"
    log(
        session,
        ActivityType.NEW_LEAD,
        "arrival",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(**told),
        number="_record_id - (SELECT min(_record_id) FROM arrival) + 1",
    )


def log_pulled_values(session: Session, declared: SyncedObject, run_id: str, now: datetime) -> None:
    """Log the values that a pull changed (13)."""
    log_values(
        session,
        "change WHERE apply",
        run_id=run_id,
        at=now,
        person="_record_id",
        column="column_name",
        old="ours",
        new="theirs",
        origin="Salesforce.com",
        reason=f"{declared.name} changed in Salesforce",
    )


def log_changes(session: Session, declared: SyncedObject, run_id: str, now: datetime) -> None:
    """Log what a pull changed: values (13), owner (23), deletion (29). Call it before the mirror moves."""
    log_pulled_values(session, declared, run_id, now)
    log(
        session,
        ActivityType.CHANGE_OWNER,
        "incoming WHERE _state = 'known' AND _owner_changed",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(Old_Owner="_owner_before", New_Owner="OwnerId", Source="'Salesforce.com'"),
    )
    log(
        session,
        ActivityType.DELETE_LEAD_FROM_SFDC,
        "incoming WHERE _state = 'known' AND _deleted_now",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(
            SFDC_Id="Id", SFDC_Type=literal(declared.person_type or ""), Source="'Salesforce.com'"
        ),
    )


def follow_references(page: MergedPage) -> None:
    """Give people whose owner or account changed the owner fields and the company that follow (8.2, 7.3)."""
    if page.known:
        touched = "m.Id IN (SELECT Id FROM incoming WHERE _state = 'known')"
        for shown in _shown_by(page.session, page.declared):
            _show(page.session, page.declared, shown, touched, page.rules)


def move_owners(
    session: Session, owners: Mapping[str, str], sent_after: datetime | None, rules: SyncSettings
) -> dict[str, str | None]:
    """Take over that leads have another owner now, with the owner columns that follow.

    :param owners: the new owner's id by the lead's id. :param sent_after: Salesforce's clock before it was sent.
    :return: the owner before, by the lead's id. Call it inside a transaction.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE moved_owner (sfdc_id VARCHAR, owner_id VARCHAR)")
    session.insert("moved_owner", list(owners.items()))
    mirror = mirror_of(LEAD.name)
    before = session.rows(f"SELECT Id, OwnerId FROM {mirror} WHERE Id IN (SELECT sfdc_id FROM moved_owner)")
    session.execute(
        f"UPDATE {mirror} m SET OwnerId = n.owner_id, _pushed_after = CAST(? AS TIMESTAMP) FROM moved_owner n"
        " WHERE m.Id = n.sfdc_id",
        [sent_after],
    )
    _show(session, LEAD, _SALES_OWNER, "m.Id IN (SELECT sfdc_id FROM moved_owner)", rules)
    return {row["Id"]: row["OwnerId"] for row in before}


def mark_converted(session: Session, lead_ids: Sequence[str]) -> None:
    """Note that leads were converted, which their next page tells anyway: nobody writes them any more (15.7)."""
    session.execute(
        f"UPDATE {mirror_of(LEAD.name)} SET IsConverted = true WHERE Id IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [list(lead_ids)],
    )


def spread_users(page: MergedPage) -> None:
    """Show changed users on everybody they own (8.1, OWN-03)."""
    users = "(SELECT Id FROM arrival UNION ALL SELECT sfdc_id FROM change WHERE apply)"
    for declared in (LEAD, CONTACT):
        _show(page.session, declared, _SALES_OWNER, f"m.OwnerId IN {users}", page.rules)
    _show(page.session, CONTACT, _ACCOUNT_OWNER, f"acc.OwnerId IN {users}", page.rules)


def link_to_accounts(session: Session, rules: SyncSettings) -> None:
    """Give contacts the accounts in ``arrival``, which came after them."""
    for shown in (_COMPANY, _ACCOUNT_OWNER):
        _show(session, CONTACT, shown, "m.AccountId IN (SELECT Id FROM arrival)", rules)


def spread_account_owners(session: Session, rules: SyncSettings) -> None:
    """Show changed account owners on the contacts of the account (8.3)."""
    changed = "m.AccountId IN (SELECT Id FROM incoming WHERE _state = 'known' AND _owner_changed)"
    _show(session, CONTACT, _ACCOUNT_OWNER, changed, rules)


def put_back(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    rules: SyncSettings,
    person_ids: Sequence[int] | None = None,
) -> int:
    """Put back what only Salesforce sets, where somebody edited it (3.22, 8.2, 8.3, 7.3).

    That is the system fields, the owners, the account of a contact, and company values of a contact that has
    no company; those of a company are :func:`tandem.database.companies.take_over_edits`'s.

    :param person_ids: only these people; ``None``: everybody.
    :return: how many edits that were: a person's row, and a contact's values of no company.
    """
    shown: dict[str, str] = {}
    joins: dict[str, None] = {}
    if declared is not CONTACT:
        shown |= dict.fromkeys(("company_id", *ACCOUNT_OWNER_FIELDS), "NULL")
    for part in _shown_by(session, declared):
        shown |= {
            column: value for column, value in part.columns.items() if column not in COMPANY_COLUMNS_OF_PERSON
        }
        joins |= dict.fromkeys(part.joins)
    values = _without(shown, rules)
    values |= {each.column: f"m.{quoted(each.field)}" for each in fields if each.system and each.column}
    values |= {"sfdc_id": "m.Id", "sfdc_type": literal(declared.person_type or "")}
    mirror = f"{mirror_of(declared.name)} m{''.join(joins).replace('{row}', 'm')}"
    mended = 0
    if person_ids is not None or _differ(session, declared, values, mirror):
        moved = " OR ".join(
            f"p.{quoted(column)} IS DISTINCT FROM {value}" for column, value in values.items()
        )
        sets = ", ".join(f"{quoted(column)} = {value}" for column, value in values.items())
        chosen = "" if person_ids is None else " AND p.id IN (SELECT unnest(CAST(? AS BIGINT[])))"
        mended = session.execute(
            f"UPDATE marketing.person p SET {sets} FROM {mirror} WHERE p.id = m._record_id AND ({moved}){chosen}",
            [] if person_ids is None else [list(person_ids)],
        )
    return mended + (_empty_companies(session, rules) if declared is CONTACT else 0)


def _differ(session: Session, declared: SyncedObject, values: dict[str, str], mirror: str) -> bool:
    """Whether somebody's columns may differ from these values: one hash over all people says no in most cycles.

    Two scans cost half of the join that finds out who. A person deleted in marketing only makes this say yes
    until Salesforce's record moves; then the join finds nobody.
    """
    ours = ", ".join(f"p.{quoted(column)}" for column in values)
    return bool(
        session.value(
            f"SELECT (SELECT bit_xor(hash(p.id, {ours})) FROM marketing.person p WHERE p.sfdc_type = ?)"
            f" IS DISTINCT FROM (SELECT bit_xor(hash(m._record_id, {', '.join(values.values())})) FROM {mirror}"
            " WHERE m._record_id IS NOT NULL)",
            [declared.person_type],
        )
    )


def _empty_companies(session: Session, rules: SyncSettings) -> int:
    """Empty the company columns of contacts that have no company; a deleted one stays as it is (17.1)."""
    columns = [quoted(column) for column in _without(dict.fromkeys(COMPANY_COLUMNS_OF_PERSON, ""), rules)]
    if not columns or not _has(session, *_COMPANY.needs):
        return 0
    return session.execute(
        f"UPDATE marketing.person SET {', '.join(f'{column} = NULL' for column in columns)}"
        " WHERE sfdc_type = 'contact' AND company_id IS NULL AND sfdc_is_deleted IS NOT TRUE"
        f" AND ({' OR '.join(f'{column} IS NOT NULL' for column in columns)})"
    )


def put_back_accounts(session: Session) -> None:
    """Put back the link of contacts to their accounts, where somebody edited it (7.3)."""
    if not _has(session, CONTACT.name, *_COMPANY.needs):
        return
    session.execute(
        f"UPDATE marketing.person p SET company_id = c.id FROM {mirror_of(CONTACT.name)} m"
        f"{''.join(_COMPANY.joins).replace('{row}', 'm')}"
        " WHERE p.id = m._record_id AND p.company_id IS DISTINCT FROM c.id"
    )


def _has(session: Session, *objects: str) -> bool:
    return all(columns_of(session, "salesforce", name) for name in objects)


def _shown_by(session: Session, declared: SyncedObject) -> list[_Shown]:
    """Return what the people of an object show of other records, as far as those are synced."""
    possible = (_COMPANY, _ACCOUNT_OWNER, _SALES_OWNER) if declared is CONTACT else (_SALES_OWNER,)
    return [shown for shown in possible if _has(session, *shown.needs)]


def _without(columns: dict[str, str], rules: SyncSettings) -> dict[str, str]:
    """Leave out what the user blocked; the link to the company is the sync's own."""
    blocked = blocked_columns(rules) - {"company_id"}
    return {column: value for column, value in columns.items() if column not in blocked}


def _show(session: Session, declared: SyncedObject, shown: _Shown, where: str, rules: SyncSettings) -> None:
    values = _without(shown.columns, rules)
    if not values or not _has(session, declared.name, *shown.needs):
        return
    chosen = ", ".join(f"{value} AS {quoted(column)}" for column, value in values.items())
    moved = " OR ".join(f"p.{quoted(column)} IS DISTINCT FROM n.{quoted(column)}" for column in values)
    joins = "".join(shown.joins).replace("{row}", "m")
    session.execute(
        f"""
        UPDATE marketing.person p SET {", ".join(f"{quoted(column)} = n.{quoted(column)}" for column in values)}
        FROM (SELECT m._record_id, {chosen} FROM {mirror_of(declared.name)} m{joins} WHERE {where}) n
        WHERE p.id = n._record_id AND ({moved})
        """
    )
