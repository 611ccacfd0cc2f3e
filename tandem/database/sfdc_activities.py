"""What tasks and events in Salesforce mean for the person that they are about (section 13)."""

from __future__ import annotations

from tandem.database.activity import ActivityType
from tandem.database.belonging import Belonging, follow
from tandem.database.merged_page import MergedPage
from tandem.objects import EVENT, TASK

_SHOWN = {"SFDC_Id": "t.sfdc_id", "Subject": "t.subject", "Activity_Owner": "t.sfdc_owner_id"}

TASKS = Belonging(
    object=TASK.name,
    table=TASK.table,
    references=("WhoId",),
    added=ActivityType.SFDC_ACTIVITY,
    updated=ActivityType.SFDC_ACTIVITY_UPDATED,
    primary="t.subject",
    told={
        "Type": "'Task'",
        **_SHOWN,
        "Status": "t.status",
        "Priority": "t.priority",
        "Due_Date": "t.activity_date",
    },
    # What we wrote ourselves is nobody's news.
    untold="EXISTS (SELECT 1 FROM sync.outbox s WHERE s.object = 'Task' AND s.sfdc_id = t.sfdc_id)",
)
EVENTS = Belonging(
    object=EVENT.name,
    table=EVENT.table,
    references=("WhoId",),
    added=ActivityType.SFDC_ACTIVITY,
    updated=ActivityType.SFDC_ACTIVITY_UPDATED,
    primary="t.subject",
    told={
        "Type": "'Event'",
        **_SHOWN,
        "Location": "t.location",
        "Start": "t.start_date_time",
        "End": "t.end_date_time",
    },
)


def follow_tasks(page: MergedPage) -> None:
    """Log new and changed tasks (26, 30)."""
    follow(page, TASKS)


def follow_events(page: MergedPage) -> None:
    """Log new and changed events (26, 30)."""
    follow(page, EVENTS)
