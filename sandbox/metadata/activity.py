"""Task and Event: what was done or will be, with whom and about what."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, Field, define, lookup, picked, system_stamps
from sandbox.metadata.setup import ZONES
from sandbox.metadata.sobject import SObject, sobject

WHO = ["Contact", "Lead"]
WHAT = ["Account", "Campaign", "Case", "Opportunity"]
SUBJECTS = ["Call", "Email", "Send Letter", "Send Quote", "Other"]
STATUSES = ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"]
CLOSED = "Completed"
RECURRENCES = ["RecursDaily", "RecursEveryWeekday", "RecursMonthly", "RecursMonthlyNth", "RecursWeekly"]
RECURRENCES += ["RecursYearly", "RecursYearlyNth"]


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
        define("RecurrenceEndDateOnly", "Recurrence End", "date"),
        picked("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", ZONES, 40, restricted=True),
        picked("RecurrenceType", "Recurrence Type", RECURRENCES, 40, restricted=True),
        define("RecurrenceInterval", "Recurrence Interval", "int", digits=9),
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
        define("Subject", "Subject", "combobox", length=255, groupable=False),
        define("Location", "Location", "string", length=255),
        define("IsAllDayEvent", "All-Day Event", "boolean", defaulted=True),
        define("ActivityDateTime", "Due Date Time", "datetime"),
        define("ActivityDate", "Due Date Only", "date"),
        define("DurationInMinutes", "Duration", "int", digits=8),
        define("StartDateTime", "Start Date Time", "datetime"),
        define("EndDateTime", "End Date Time", "datetime"),
        define("EndDate", "End Date", "date", **SYSTEM),
        define("Description", "Description", "textarea", length=32000),
        lookup("AccountId", "Account ID", "Account", "Account", **SYSTEM),
        _owner("Calendar", "User"),
        define("IsPrivate", "Private", "boolean", defaulted=True),
        picked(
            "ShowAs",
            "Show Time As",
            ["Busy", "OutOfOffice", "Free"],
            40,
            restricted=True,
            default="Busy",
            defaulted=True,
        ),
        define("IsDeleted", "Deleted", "boolean", **made),
        define("IsChild", "Is Child", "boolean", **made),
        define("IsGroupEvent", "Is Group Event", "boolean", **made),
        *system_stamps(),
        define("IsArchived", "Archived", "boolean", **made),
        define(
            "IsRecurrence", "Create Recurring Series of Events", "boolean", updateable=False, defaulted=True
        ),
        define("ReminderDateTime", "Reminder Date/Time", "datetime"),
        define("IsReminderSet", "Reminder Set", "boolean", defaulted=True),
        picked(
            "EventSubtype", "Event Subtype", ["Event"], 40, restricted=True, default="Event", updateable=False
        ),
    ]
    return sobject("Event", "00U", "Event", "Events", fields)
