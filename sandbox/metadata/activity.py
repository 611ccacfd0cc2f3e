"""Task and Event: what was done or will be, with whom and about what."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, Field, define, lookup, picked, system_stamps
from sandbox.metadata.setup import ZONES
from sandbox.metadata.sobject import SObject, sobject

WHO = ["Contact", "Lead"]
WHAT = ["Account", "Campaign", "Case", "Opportunity"]
STATUSES = ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"]
CLOSED = "Completed"
RECURRENCES = {
    "RecursDaily": "Recurs Daily",
    "RecursEveryWeekday": "Recurs Every Weekday",
    "RecursMonthly": "Recurs Monthly",
    "RecursMonthlyNth": "Recurs Monthly Nth",
    "RecursWeekly": "Recurs Weekly",
    "RecursYearly": "Recurs Yearly",
    "RecursYearlyNth": "Recurs Yearly Nth",
}


MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]
MONTHS += ["November", "December"]
WEEKS = {"First": "1st", "Second": "2nd", "Third": "3rd", "Fourth": "4th", "Last": "last"}
MEETINGS = {
    "0": "Non-group Event",
    "1": "Group Event",
    "2": "Proposed Event",
    "3": "IsRecurrence2 Series Pattern",
}
PATTERNS = {"1": "RFC 5545 v4 RRULE", "2": "RFC 5545 v4_2 RRULE"}
EVENT_SUBJECTS = ["Call", "Email", "Meeting", "Send Letter/Quote", "Other"]


def _recurrence() -> list[Field]:
    """How a series goes on; the series itself is not made here."""
    plain = {"permissionable": False}
    listed = {"restricted": True, **plain}
    return [
        define("RecurrenceEndDateOnly", "Recurrence End", "date", **plain),
        picked("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", ZONES, 40, **listed),
        picked("RecurrenceType", "Recurrence Type", RECURRENCES, 40, **listed),
        define("RecurrenceInterval", "Recurrence Interval", "int", digits=9, **plain),
        define("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", "int", digits=9, **plain),
        define("RecurrenceDayOfMonth", "Recurrence Day of Month", "int", digits=9, **plain),
        picked("RecurrenceInstance", "Recurrence Instance", WEEKS, 40, **listed),
        picked("RecurrenceMonthOfYear", "Recurrence Month of Year", MONTHS, 40, **listed),
    ]


def _people() -> list[Field]:
    return [
        lookup("WhoId", "Name ID", WHO, "Who", prefilterable=True, name_pointing=True),
        lookup("WhatId", "Related To ID", WHAT, "What", prefilterable=True, name_pointing=True),
    ]


def _owner(*kinds: str) -> Field:
    return lookup(
        "OwnerId",
        "Assigned To ID",
        kinds,
        "Owner",
        nillable=False,
        defaulted=True,
        permissionable=False,
        name_pointing=True,
    )


def task() -> SObject:
    """Something to do, or done."""
    fields = [
        define("Id", "Activity ID", "id", nillable=False, defaulted=True, id_lookup=True, **SYSTEM),
        *_people(),
        define("Subject", "Subject", "combobox", length=255),
        define("ActivityDate", "Due Date Only", "date"),
        picked("Status", "Status", STATUSES, 40, default=STATUSES[0], nillable=False, defaulted=True),
        picked(
            "Priority",
            "Priority",
            ["High", "Normal", "Low"],
            40,
            default="Normal",
            nillable=False,
            defaulted=True,
        ),
        define("IsHighPriority", "High Priority", "boolean", defaulted=True, **SYSTEM),
        _owner("Group", "User"),
        define("Description", "Description", "textarea", length=32000),
        define("IsDeleted", "Deleted", "boolean", defaulted=True, **SYSTEM),
        lookup("AccountId", "Account ID", "Account", "Account", **SYSTEM),
        define("IsClosed", "Closed", "boolean", defaulted=True, **SYSTEM),
        *system_stamps(),
        define("IsArchived", "Archived", "boolean", defaulted=True, **SYSTEM),
        define("CallDurationInSeconds", "Call Duration", "int", digits=8),
        picked("CallType", "Call Type", ["Internal", "Inbound", "Outbound"], 40),
        define("CallDisposition", "Call Result", "string", length=255),
        define("CallObject", "Call Object Identifier", "string", length=255),
        define("ReminderDateTime", "Reminder Date/Time", "datetime"),
        define("IsReminderSet", "Reminder Set", "boolean", defaulted=True),
        lookup("RecurrenceActivityId", "Recurrence Activity ID", "Task", None, **SYSTEM),
        define(
            "IsRecurrence", "Create Recurring Series of Tasks", "boolean", updateable=False, defaulted=True
        ),
        define("RecurrenceStartDateOnly", "Recurrence Start", "date"),
        *_recurrence(),
        picked(
            "RecurrenceRegeneratedType",
            "Repeat This Task",
            ["RecurrenceRegenerateAfterDueDate", "RecurrenceRegenerateAfterToday", "RecurrenceRegenerated"],
            40,
            restricted=True,
            permissionable=False,
        ),
        picked(
            "TaskSubtype",
            "Task Subtype",
            ["Task", "Email", "ListEmail", "Call"],
            40,
            restricted=True,
            default="Task",
            updateable=False,
        ),
        define("CompletedDateTime", "Completed Date/Time", "datetime", **SYSTEM),
    ]
    return sobject("Task", "00T", "Task", "Tasks", fields)


def event() -> SObject:
    """Something at a time."""
    made = {"defaulted": True, **SYSTEM}
    fields = [
        define("Id", "Activity ID", "id", nillable=False, defaulted=True, id_lookup=True, **SYSTEM),
        *_people(),
        picked(
            "Subject",
            "Subject",
            EVENT_SUBJECTS,
            kind="combobox",
            groupable=False,
            name_field=True,
            permissionable=False,
        ),
        define("Location", "Location", "string", length=255),
        define("IsAllDayEvent", "All-Day Event", "boolean", defaulted=True, permissionable=True),
        define("ActivityDateTime", "Due Date Time", "datetime", permissionable=False),
        define("ActivityDate", "Due Date Only", "date", aggregatable=False, permissionable=False),
        define("DurationInMinutes", "Duration", "int", digits=8, permissionable=False),
        define("StartDateTime", "Start Date Time", "datetime", permissionable=False),
        define("EndDateTime", "End Date Time", "datetime", permissionable=False),
        define("EndDate", "End Date", "date", **SYSTEM),
        define("Description", "Description", "textarea", length=32000),
        lookup("AccountId", "Account ID", "Account", "Account", prefilterable=True, **SYSTEM),
        _owner("Calendar", "User"),
        define("IsPrivate", "Private", "boolean", defaulted=True),
        picked(
            "ShowAs",
            "Show Time As",
            {"Busy": "Busy", "OutOfOffice": "Out of Office", "Free": "Free"},
            40,
            restricted=True,
            default="Busy",
            defaulted=True,
            permissionable=False,
        ),
        define("IsDeleted", "Deleted", "boolean", **made),
        define("IsChild", "Is Child", "boolean", **made),
        define("IsGroupEvent", "Is Group Event", "boolean", **made),
        picked("GroupEventType", "Group Event Type", MEETINGS, 40, restricted=True, default="0", **made),
        *system_stamps(),
        define("IsArchived", "Archived", "boolean", **made),
        lookup("RecurrenceActivityId", "Recurrence Activity ID", "Event", None, **SYSTEM),
        define(
            "IsRecurrence", "Create Recurring Series of Events", "boolean", updateable=False, defaulted=True
        ),
        define("RecurrenceStartDateTime", "Recurrence Start", "datetime", permissionable=False),
        *_recurrence(),
        define("ReminderDateTime", "Reminder Date/Time", "datetime", permissionable=False),
        define("IsReminderSet", "Reminder Set", "boolean", defaulted=True),
        picked(
            "EventSubtype",
            "Event Subtype",
            ["Event"],
            40,
            restricted=True,
            updateable=False,
            permissionable=False,
        ),
        define("IsRecurrence2Exclusion", "Historical Event, Not Following Recurrence", "boolean", **made),
        define(
            "Recurrence2PatternText",
            "Recurrence Pattern",
            "textarea",
            length=512,
            updateable=False,
            permissionable=False,
        ),
        picked("Recurrence2PatternVersion", "Pattern Version", PATTERNS, 40, restricted=True, **SYSTEM),
        define("IsRecurrence2", "Repeat", "boolean", **made),
        define("IsRecurrence2Exception", "Is Exception", "boolean", **made),
        define("Recurrence2PatternStartDate", "Recurrence Pattern Start Date", "datetime", **SYSTEM),
        define(
            "Recurrence2PatternTimeZone",
            "Recurrence Pattern Time Zone Reference",
            "string",
            length=255,
            **SYSTEM,
        ),
    ]
    return sobject("Event", "00U", "Event", "Events", fields)
