"""The activity log: every row gets its id here, inside the transaction of what it tells about (section 22)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum

from tandem.database.compare import literal
from tandem.database.connection import Session


class ActivityType(IntEnum):
    """Public activity type ids (22.1); from 100001 on they are Tandem's own."""

    NEW_LEAD = 12
    CHANGE_DATA_VALUE = 13
    SYNC_LEAD_TO_SFDC = 19
    CONVERT_LEAD = 21
    CHANGE_SCORE = 22
    CHANGE_OWNER = 23
    SFDC_ACTIVITY = 26
    SYNC_LEAD_UPDATES_TO_SFDC = 28
    DELETE_LEAD_FROM_SFDC = 29
    SFDC_ACTIVITY_UPDATED = 30
    SFDC_MERGE_LEADS = 31
    MERGE_LEADS = 32
    ADD_TO_OPPORTUNITY = 34
    REMOVE_FROM_OPPORTUNITY = 35
    UPDATE_OPPORTUNITY = 36
    DELETE_LEAD = 37
    ADD_TO_CAMPAIGN = 42
    REMOVE_FROM_CAMPAIGN = 43
    CHANGE_STATUS_IN_CAMPAIGN = 44
    INTERESTING_MOMENT = 46
    CHANGE_STATUS_IN_PROGRESSION = 104
    CHANGE_PROGRAM_MEMBER_DATA = 123
    QUARANTINED = 100001
    CREATE_TASK = 100021


def attributes(fields: Mapping[str, str] | None = None, /, **values: str) -> str:
    """Return the SQL of an attributes object; values are SQL expressions, nulls are left out (22.2).

    Underscores in names become blanks: ``attributes(Old_Value="base")`` gives ``{"Old Value": …}``.

    :param fields: further attributes, whose names are taken as they are: API names of fields.
    """
    named = {name.replace("_", " "): value for name, value in values.items()} | dict(fields or {})
    pairs = ", ".join(
        f"{literal(json.dumps(name, ensure_ascii=False) + ':')} || to_json(CAST({value} AS VARCHAR))"
        for name, value in named.items()
    )
    # Put together from texts: a merge patch, which drops nulls too, takes twice as long.
    return f"CAST('{{' || concat_ws(',', {pairs}) || '}}' AS JSON)"


def log(
    session: Session,
    type_id: int,
    source: str,
    *,
    run_id: str,
    at: datetime,
    person: str = "person_id",
    primary: str = "NULL",
    attributes: str = "NULL",
    number: str = "row_number() OVER ()",
) -> int:
    """Log one activity for each row of ``source``, a FROM clause; the others are SQL expressions over it.

    :param number: what tells the rows apart, from 1 on; where they are numbered already, DuckDB need not count
        them in one thread.

    Returns the number logged. Call it inside the transaction that makes the change.
    """
    return session.execute(
        f"""
        INSERT INTO marketing.activity
        SELECT (SELECT coalesce(max(id), 0) FROM marketing.activity) + {number},
               {person}, CAST(? AS TIMESTAMP), {int(type_id)}, CAST({primary} AS VARCHAR), {attributes}, ?
        FROM {source}
        """,
        [at, run_id],
    )


def log_values(
    session: Session,
    source: str,
    *,
    run_id: str,
    at: datetime,
    person: str,
    column: str,
    old: str = "NULL",
    new: str,
    origin: str,
    reason: str,
) -> int:
    """Log Change Data Value (13) for each row of ``source``, a FROM clause, as :func:`log` does.

    :param column: SQL over ``source``, as are ``person``, ``old`` and ``new``.
    :param origin: the side where the value was changed: ``Salesforce.com`` or ``Marketing``.
    :param reason: why it was changed, in words.
    """
    return log(
        session,
        ActivityType.CHANGE_DATA_VALUE,
        source,
        run_id=run_id,
        at=at,
        person=person,
        primary=column,
        attributes=attributes(
            Attribute_Name=column,
            Old_Value=old,
            New_Value=new,
            Source=literal(origin),
            Reason=literal(reason),
        ),
    )
