"""The Case."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import owner, views
from sandbox.metadata.sobject import SObject, sobject

STATUSES = ["New", "Working", "Escalated", "Closed"]


def case() -> SObject:
    """A customer's question."""
    fields = [
        *system_head("Case ID", master="Case"),
        define(
            "CaseNumber",
            "Case Number",
            "string",
            length=30,
            nillable=False,
            auto_number=True,
            defaulted=True,
            name_field=True,
            **SYSTEM,
        ),
        lookup("ContactId", "Contact ID", "Contact", "Contact", prefilterable=True),
        lookup("AccountId", "Account ID", "Account", "Account", prefilterable=True),
        lookup("ParentId", "Parent Case ID", "Case", "Parent", prefilterable=True),
        define("SuppliedName", "Name", "string", length=80),
        define("SuppliedEmail", "Email Address", "email", length=80),
        define("SuppliedPhone", "Phone", "string", length=40),
        define("SuppliedCompany", "Company", "string", length=80),
        picked("Type", "Case Type", ["Electrical", "Mechanical", "Other"]),
        picked("Status", "Status", STATUSES, default="New", defaulted=True),
        picked("Reason", "Case Reason", ["Installation", "Performance", "Breakdown", "Feedback", "Other"]),
        picked("Origin", "Case Origin", ["Phone", "Email", "Web"]),
        define("Subject", "Subject", "string", length=255),
        picked("Priority", "Priority", ["High", "Medium", "Low"], default="Medium", defaulted=True),
        define("Description", "Description", "textarea", length=32000),
        define("IsClosed", "Closed", "boolean", defaulted=True, **SYSTEM),
        define("ClosedDate", "Closed Date", "datetime", **SYSTEM),
        define("IsEscalated", "Escalated", "boolean", defaulted=True),
        owner("Group", "User"),
        *system_stamps(),
        *views(),
    ]
    return sobject("Case", "500", "Case", "Cases", fields, mergeable=True)
