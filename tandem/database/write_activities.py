"""What people's logs say of a write's outcome: one activity for each of their records that was sent."""

from __future__ import annotations

from datetime import datetime

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of
from tandem.database.connection import Session
from tandem.objects import CAMPAIGN_MEMBER
from tandem.objects.declaration import SyncedObject

_PERSON = {
    "update": ActivityType.SYNC_LEAD_UPDATES_TO_SFDC,
    "create": ActivityType.SYNC_LEAD_TO_SFDC,
}
_MEMBER = {
    "update": ActivityType.CHANGE_STATUS_IN_CAMPAIGN,
    "create": ActivityType.ADD_TO_CAMPAIGN,
}


def log_done(session: Session, declared: SyncedObject, run_id: str) -> None:
    """Log the updates in the temporary table ``settled``."""
    if declared.is_person:
        log(
            session,
            ActivityType.SYNC_LEAD_UPDATES_TO_SFDC,
            "settled",
            run_id=run_id,
            at=utc_now(),
            attributes=attributes(
                Status="'succeeded'", SFDC_Id="sfdc_id", Fields="array_to_string(json_keys(payload), ', ')"
            ),
        )
    elif declared is CAMPAIGN_MEMBER:
        log(
            session,
            ActivityType.CHANGE_STATUS_IN_CAMPAIGN,
            f"settled s {_campaign('s')} WHERE s.person_id IS NOT NULL AND json_exists(s.payload, 'Status')",
            run_id=run_id,
            at=utc_now(),
            person="s.person_id",
            primary="c.name",
            attributes=attributes(
                Status="'succeeded'",
                Campaign="c.name",
                New_Status="s.payload->>'Status'",
                SFDC_Id="s.sfdc_id",
                Source="'Marketing'",
            ),
        )


def log_refused(session: Session, declared: SyncedObject, refused: str, run_id: str, now: datetime) -> None:
    """Log refusals.

    :param refused: a FROM clause of answers ``a`` with their outbox rows ``o``.
    """
    if declared.is_person:
        kinds, about, primary, told = _PERSON, refused, "NULL", {}
    elif declared is CAMPAIGN_MEMBER:
        joined, _, condition = refused.partition(" WHERE ")
        about = f"{joined} {_campaign('o')} WHERE {condition} AND o.person_id IS NOT NULL"
        kinds, primary, told = _MEMBER, "c.name", {"Campaign": "c.name", "New_Status": "o.payload->>'Status'"}
    else:
        return
    for operation, activity in kinds.items():
        log(
            session,
            activity,
            f"{about} AND o.operation = {literal(operation)}",
            run_id=run_id,
            at=now,
            person="o.person_id",
            primary=primary,
            attributes=attributes(
                Status="'failed'",
                **told,
                SFDC_Id="o.sfdc_id",
                Fields="array_to_string(json_keys(o.payload), ', ')",
                Error_Code="a.code",
                Error_Message="a.message",
            ),
        )


def _campaign(row: str) -> str:
    """Return the joins from a member's outbox row to its campaign ``c``."""
    return (
        f"LEFT JOIN {mirror_of(CAMPAIGN_MEMBER.name)} wm ON wm.Id = {row}.sfdc_id LEFT JOIN marketing.campaign c"
        f" ON c.sfdc_id = coalesce(wm.CampaignId, {row}.payload->>'CampaignId')"
    )
