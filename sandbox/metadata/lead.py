"""The Lead."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
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

STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]
CONVERTED_STATUS = "Closed - Converted"


def lead() -> SObject:
    """A person or company that may become a customer; conversion fields as in facts 5.7."""
    converted = {"prefilterable": True, **SYSTEM}
    fields = [
        *system_head("Lead ID", master="Lead"),
        *person_name(["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]),
        define("Title", "Title", "string", length=128),
        define("Company", "Company", "string", length=255, nillable=False),
        *address(),
        define("Phone", "Phone", "phone", length=40),
        define("MobilePhone", "Mobile Phone", "phone", length=40),
        define("Fax", "Fax", "phone", length=40),
        define("Email", "Email", "email", length=80, id_lookup=True),
        define("Website", "Website", "url", length=255),
        photo(),
        define("Description", "Description", "textarea", length=32000),
        # In every org, though the recorded describe answers come from one where the field is hidden.
        define("HasOptedOutOfEmail", "Email Opt Out", "boolean", defaulted=True),
        picked("LeadSource", "Lead Source", LEAD_SOURCES),
        picked("Status", "Status", STATUSES, default=STATUSES[0], nillable=False, defaulted=True),
        picked("Industry", "Industry", INDUSTRIES),
        picked("Rating", "Rating", RATINGS),
        define("AnnualRevenue", "Annual Revenue", "currency", precision=18),
        define("NumberOfEmployees", "Employees", "int", digits=8),
        owner("Group", "User"),
        define("IsConverted", "Converted", "boolean", updateable=False, defaulted=True),
        define("ConvertedDate", "Converted Date", "date", **SYSTEM),
        lookup("ConvertedAccountId", "Converted Account ID", "Account", "ConvertedAccount", **converted),
        lookup("ConvertedContactId", "Converted Contact ID", "Contact", "ConvertedContact", **converted),
        lookup(
            "ConvertedOpportunityId",
            "Converted Opportunity ID",
            "Opportunity",
            "ConvertedOpportunity",
            **converted,
        ),
        define("IsUnreadByOwner", "Unread By Owner", "boolean", defaulted=True),
        *system_stamps(),
        define("LastActivityDate", "Last Activity", "date", **SYSTEM),
        *views(),
        define("Jigsaw", "Data.com Key", "string", length=20),
        jigsaw_id("Contact"),
        clean_status(),
        define("CompanyDunsNumber", "Company D-U-N-S Number", "string", length=9),
        lookup("DandbCompanyId", "D&B Company ID", "DandBCompany", "DandbCompany", prefilterable=True),
        define(
            "EmailBouncedReason",
            "Email Bounced Reason",
            "string",
            length=255,
            createable=False,
            permissionable=False,
        ),
        define("EmailBouncedDate", "Email Bounced Date", "datetime", createable=False, permissionable=False),
        individual(),
    ]
    return sobject(
        "Lead",
        "00Q",
        "Lead",
        "Leads",
        fields,
        mergeable=True,
        scopes=(
            ("everything", "All leads"),
            ("mine", "My leads"),
            ("queue_owned", "Queue owned leads"),
            ("scopingRule", "Filter by scope"),
            ("team", "My team's leads"),
            ("user_owned", "User owned leads"),
        ),
    )
