"""The Campaign, its members, and the statuses that members may have."""

from __future__ import annotations

from sandbox.metadata.field import (
    ROW,
    SYSTEM,
    Field,
    changed,
    define,
    lookup,
    parent_alias,
    picked,
    system_head,
    system_stamps,
)
from sandbox.metadata.parts import LEAD_SOURCES, owner, views
from sandbox.metadata.sobject import SObject, sobject

TYPES = ["Conference", "Webinar", "Trade Show", "Public Relations", "Partners", "Referral Program"]
TYPES += ["Advertisement", "Banner Ads", "Direct Mail", "Email", "Telemarketing", "Other"]
STATUSES = ["Planned", "In Progress", "Completed", "Aborted"]
COUNTS = {
    "NumberOfLeads": "Leads in Campaign",
    "NumberOfConvertedLeads": "Converted Leads in Campaign",
    "NumberOfContacts": "Contacts in Campaign",
    "NumberOfResponses": "Responses in Campaign",
    "NumberOfOpportunities": "Opportunities in Campaign",
    "NumberOfWonOpportunities": "Won Opportunities in Campaign",
}
MIRRORED = {part: f"Mailing{part}" for part in ("Street", "City", "State", "PostalCode", "Country")}
"""What a member shows of its contact under another name than its own; the lead's names are the member's."""


def mirrored(found: Field) -> Field:
    """A member's field that is read from the contact, or from the lead where there is none."""
    contact = f'{parent_alias("Contact")}."{MIRRORED.get(found.name, found.name)}"'
    lead = f'{parent_alias("Lead")}."{found.name}"'
    if found.name == "CompanyOrAccount":
        contact, lead = f'{parent_alias("Contact.Account")}."Name"', f'{parent_alias("Lead")}."Company"'
    expression = f'(CASE WHEN {ROW}."ContactId" IS NOT NULL THEN {contact} ELSE {lead} END)'
    return changed(found, expression=expression)


def campaign() -> SObject:
    """A marketing effort. The counts are rolled up from members and opportunities."""
    rolled = {"nillable": False, "defaulted": True, **SYSTEM}
    fields = [
        *system_head("Campaign ID"),
        define("Name", "Name", "string", length=80, nillable=False, name_field=True),
        lookup("ParentId", "Parent Campaign ID", "Campaign", "Parent", prefilterable=True),
        picked("Type", "Type", TYPES, 40),
        picked("Status", "Status", STATUSES, 40),
        define("StartDate", "Start Date", "date"),
        define("EndDate", "End Date", "date"),
        define("ExpectedRevenue", "Expected Revenue in Campaign", "currency", precision=18),
        define("BudgetedCost", "Budgeted Cost in Campaign", "currency", precision=18),
        define("ActualCost", "Actual Cost in Campaign", "currency", precision=18),
        define("ExpectedResponse", "Expected Response (%)", "percent", precision=10, scale=2),
        define("NumberSent", "Num Sent in Campaign", "double", precision=18),
        define("IsActive", "Active", "boolean", defaulted=True, permissionable=True),
        define("Description", "Description", "textarea", length=32000),
        *(define(name, label, "int", digits=9, default=0, **rolled) for name, label in COUNTS.items()),
        define(
            "AmountAllOpportunities",
            "Value Opportunities in Campaign",
            "currency",
            precision=18,
            default=0,
            **rolled,
        ),
        define(
            "AmountWonOpportunities",
            "Value Won Opportunities in Campaign",
            "currency",
            precision=18,
            default=0,
            **rolled,
        ),
        owner("User"),
        *system_stamps(),
        define("LastActivityDate", "Last Activity", "date", **SYSTEM),
        *views(),
        lookup(
            "CampaignMemberRecordTypeId",
            "Record Type ID",
            "RecordType",
            "CampaignMemberRecordType",
            permissionable=False,
        ),
    ]
    return sobject("Campaign", "701", "Campaign", "Campaigns", fields)


def member() -> SObject:
    """A lead or a contact in a campaign."""
    once = {"updateable": False, "permissionable": False}
    fields: list[Field] = [
        *system_head("Campaign Member ID"),
        lookup(
            "CampaignId", "Campaign ID", "Campaign", "Campaign", nillable=False, master_detail=True, **once
        ),
        lookup("LeadId", "Lead ID", "Lead", "Lead", **once),
        lookup("ContactId", "Contact ID", "Contact", "Contact", **once),
        picked("Status", "Status", ["Sent", "Responded"], 40),
        define("HasResponded", "Responded", "boolean", defaulted=True, **SYSTEM),
        *system_stamps(),
        define("FirstRespondedDate", "First Responded Date", "date", **SYSTEM),
        mirrored(picked("Salutation", "Salutation", ["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."], 40, **SYSTEM)),
        mirrored(define("Name", "Name", "string", length=121, name_field=True, **SYSTEM)),
        mirrored(define("FirstName", "First Name", "string", length=40, **SYSTEM)),
        mirrored(define("LastName", "Last Name", "string", length=80, **SYSTEM)),
        mirrored(define("Title", "Title", "string", length=128, **SYSTEM)),
        mirrored(define("Street", "Street", "string", length=255, **SYSTEM)),
        mirrored(define("City", "City", "string", length=40, **SYSTEM)),
        mirrored(define("State", "State/Province", "string", length=80, **SYSTEM)),
        mirrored(define("PostalCode", "Zip/Postal Code", "string", length=20, **SYSTEM)),
        mirrored(define("Country", "Country", "string", length=80, **SYSTEM)),
        mirrored(define("Email", "Email", "email", length=80, **SYSTEM)),
        mirrored(define("Phone", "Phone", "phone", length=40, **SYSTEM)),
        mirrored(define("Fax", "Fax", "phone", length=40, **SYSTEM)),
        mirrored(define("MobilePhone", "Mobile", "phone", length=40, **SYSTEM)),
        mirrored(define("Description", "Description", "textarea", length=32000, **SYSTEM)),
        define("DoNotCall", "Do Not Call", "boolean", defaulted=True, **SYSTEM),
        mirrored(define("HasOptedOutOfEmail", "Email Opt Out", "boolean", defaulted=True, **SYSTEM)),
        define("HasOptedOutOfFax", "Fax Opt Out", "boolean", defaulted=True, **SYSTEM),
        mirrored(picked("LeadSource", "Lead Source", LEAD_SOURCES, **SYSTEM)),
        mirrored(define("CompanyOrAccount", "Company (Account)", "string", length=255, **SYSTEM)),
        define("Type", "Type", "string", length=40, **SYSTEM),
        lookup("LeadOrContactId", "Related Record ID", ["Contact", "Lead"], "LeadOrContact", **SYSTEM),
        lookup(
            "LeadOrContactOwnerId",
            "Related Record Owner ID",
            ["Group", "User"],
            "LeadOrContactOwner",
            **SYSTEM,
        ),
    ]
    return sobject("CampaignMember", "00v", "Campaign Member", "Campaign Members", fields, undeletable=False)


def member_status() -> SObject:
    """A status that members of one campaign may have."""
    fields = [
        *system_head("Campaign Member Status ID"),
        lookup(
            "CampaignId",
            "Campaign ID",
            "Campaign",
            "Campaign",
            nillable=False,
            updateable=False,
            permissionable=False,
            master_detail=True,
        ),
        define("Label", "Member Status", "string", length=765, nillable=False, name_field=True),
        define("SortOrder", "Sort Order", "int", digits=8, permissionable=False),
        define("IsDefault", "Is Default", "boolean", defaulted=True),
        define("HasResponded", "Responded", "boolean", defaulted=True),
        *system_stamps(),
    ]
    return sobject(
        "CampaignMemberStatus",
        "01Y",
        "Campaign Member Status",
        "Campaign Member Statuses",
        fields,
        undeletable=False,
        searchable=False,
    )
