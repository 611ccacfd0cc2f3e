"""The Contact."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import (
    LEAD_SOURCES,
    address,
    clean_status,
    individual,
    jigsaw_id,
    owner,
    person_name,
    photo,
    views,
)
from sandbox.metadata.sobject import SObject, sobject


def contact() -> SObject:
    """A person at an account."""
    fields = [
        *system_head("Contact ID", master="Contact"),
        lookup("AccountId", "Account ID", "Account", "Account", prefilterable=True),
        *person_name(["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."]),
        *address("Other"),
        *address("Mailing"),
        define("Phone", "Business Phone", "phone", length=40),
        define("Fax", "Business Fax", "phone", length=40),
        define("MobilePhone", "Mobile Phone", "phone", length=40),
        define("HomePhone", "Home Phone", "phone", length=40),
        define("OtherPhone", "Other Phone", "phone", length=40),
        define("AssistantPhone", "Asst. Phone", "phone", length=40),
        lookup("ReportsToId", "Reports To ID", "Contact", "ReportsTo", prefilterable=True),
        define("Email", "Email", "email", length=80, id_lookup=True),
        define("Title", "Title", "string", length=128),
        define("Department", "Department", "string", length=80),
        define("AssistantName", "Assistant's Name", "string", length=40),
        # In every org, though the recorded describe answers come from one where the field is hidden.
        define("HasOptedOutOfEmail", "Email Opt Out", "boolean", defaulted=True),
        picked("LeadSource", "Lead Source", LEAD_SOURCES),
        define("Birthdate", "Birthdate", "date"),
        define("Description", "Contact Description", "textarea", length=32000),
        owner("User"),
        *system_stamps(),
        define("LastActivityDate", "Last Activity", "date", **SYSTEM),
        define("LastCURequestDate", "Last Stay-in-Touch Request Date", "datetime", **SYSTEM),
        define("LastCUUpdateDate", "Last Stay-in-Touch Save Date", "datetime", **SYSTEM),
        *views(),
        define("EmailBouncedReason", "Email Bounced Reason", "string", length=255, permissionable=False),
        define("EmailBouncedDate", "Email Bounced Date", "datetime", permissionable=False),
        define("IsEmailBounced", "Is Email Bounced", "boolean", defaulted=True, **SYSTEM),
        photo(),
        define("Jigsaw", "Data.com Key", "string", length=20),
        jigsaw_id("Contact"),
        clean_status(),
        individual(),
    ]
    return sobject(
        "Contact",
        "003",
        "Contact",
        "Contacts",
        fields,
        mergeable=True,
        scopes=(
            ("everything", "All contacts"),
            ("mine", "My contacts"),
            ("scopingRule", "Filter by scope"),
            ("team", "My team's contacts"),
        ),
    )
