"""The Opportunity, its stages, and the contacts' roles in it."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import LEAD_SOURCES, owner, views
from sandbox.metadata.sobject import SObject, sobject

STAGES: dict[str, tuple[float, bool, bool, str, str]] = {
    "Prospecting": (10, False, False, "Pipeline", "Pipeline"),
    "Qualification": (10, False, False, "Pipeline", "Pipeline"),
    "Needs Analysis": (20, False, False, "Pipeline", "Pipeline"),
    "Value Proposition": (50, False, False, "Pipeline", "Pipeline"),
    "Id. Decision Makers": (60, False, False, "Pipeline", "Pipeline"),
    "Perception Analysis": (70, False, False, "Pipeline", "Pipeline"),
    "Proposal/Price Quote": (75, False, False, "Pipeline", "Pipeline"),
    "Negotiation/Review": (90, False, False, "Pipeline", "Pipeline"),
    "Closed Won": (100, True, True, "Closed", "Closed"),
    "Closed Lost": (0, True, False, "Omitted", "Omitted"),
}
"""Probability, closed, won, forecast category and its name, by stage."""
ROLES = ["Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator"]
ROLES += ["Executive Sponsor", "Influencer", "Technical Buyer", "Other"]
TYPES = [
    "Existing Customer - Upgrade",
    "Existing Customer - Replacement",
    "Existing Customer - Downgrade",
    "New Customer",
]
CATEGORIES = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "MostLikely": "Most Likely",
    "Forecast": "Commit",
    "Closed": "Closed",
}
CATEGORY_NAMES = ["Omitted", "Pipeline", "Best Case", "Commit", "Closed"]


def opportunity() -> SObject:
    """A deal. Stage decides probability, closed and won."""
    made = {"defaulted": True, **SYSTEM}
    shown = {**SYSTEM, "permissionable": True}
    history = {"prefilterable": True, **SYSTEM}
    open_flag = {"filterable": False, "sortable": False, **made}
    fields = [
        *system_head("Opportunity ID"),
        lookup("AccountId", "Account ID", "Account", "Account", prefilterable=True),
        define("IsPrivate", "Private", "boolean", defaulted=True, permissionable=True),
        define("Name", "Name", "string", length=120, nillable=False, name_field=True, id_lookup=True),
        define("Description", "Description", "textarea", length=32000),
        picked("StageName", "Stage", list(STAGES), nillable=False),
        define("Amount", "Amount", "currency", precision=18, scale=2),
        define("Probability", "Probability (%)", "percent", precision=3, defaulted=True),
        define("ExpectedRevenue", "Expected Amount", "currency", precision=18, scale=2, **shown),
        define("TotalOpportunityQuantity", "Quantity", "double", precision=18, scale=2),
        define("CloseDate", "Close Date", "date", nillable=False),
        picked("Type", "Opportunity Type", TYPES),
        define("NextStep", "Next Step", "string", length=255),
        picked("LeadSource", "Lead Source", LEAD_SOURCES),
        define("IsClosed", "Closed", "boolean", **made),
        define("IsWon", "Won", "boolean", **made),
        picked(
            "ForecastCategory", "Forecast Category", CATEGORIES, 40, nillable=False, restricted=True, **SYSTEM
        ),
        picked(
            "ForecastCategoryName",
            "Forecast Category",
            CATEGORY_NAMES,
            restricted=True,
            defaulted=True,
            permissionable=False,
        ),
        lookup("CampaignId", "Campaign ID", "Campaign", "Campaign", prefilterable=True),
        define("HasOpportunityLineItem", "Has Line Item", "boolean", **made),
        lookup(
            "Pricebook2Id",
            "Price Book ID",
            "Pricebook2",
            "Pricebook2",
            defaulted=True,
            prefilterable=True,
            permissionable=False,
        ),
        owner("User"),
        *system_stamps(),
        define("LastActivityDate", "Last Activity", "date", **SYSTEM),
        define("LastStageChangeDate", "Last Stage Change Date", "datetime", **SYSTEM),
        define("FiscalQuarter", "Fiscal Quarter", "int", digits=8, compound="Fiscal", **SYSTEM),
        define("FiscalYear", "Fiscal Year", "int", digits=8, compound="Fiscal", **SYSTEM),
        define("Fiscal", "Fiscal Period", "string", length=6, ascii_only=True, **SYSTEM),
        lookup("ContactId", "Contact ID", "Contact", None, updateable=False, permissionable=False),
        *views(),
        define("HasOpenActivity", "Has Open Activity", "boolean", **open_flag),
        define("HasOverdueTask", "Has Overdue Task", "boolean", **open_flag),
        lookup(
            "LastAmountChangedHistoryId",
            "Opportunity History ID",
            "OpportunityHistory",
            "LastAmountChangedHistory",
            **history,
        ),
        lookup(
            "LastCloseDateChangedHistoryId",
            "Opportunity History ID",
            "OpportunityHistory",
            "LastCloseDateChangedHistory",
            **history,
        ),
    ]
    scopes = (
        ("everything", "All opportunities"),
        ("mine", "My opportunities"),
        ("scopingRule", "Filter by scope"),
        ("team", "My team's opportunities"),
    )
    return sobject("Opportunity", "006", "Opportunity", "Opportunities", fields, scopes=scopes)


def contact_role() -> SObject:
    """A contact's part in a deal."""
    head, deleted = system_head("Contact Role ID")
    fields = [
        head,
        lookup(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            nillable=False,
            updateable=False,
            permissionable=False,
        ),
        lookup("ContactId", "Contact ID", "Contact", "Contact", nillable=False, permissionable=False),
        picked("Role", "Role", ROLES, 40, permissionable=False),
        define("IsPrimary", "Primary", "boolean", defaulted=True),
        *system_stamps(),
        deleted,
    ]
    return sobject(
        "OpportunityContactRole",
        "00K",
        "Opportunity Contact Role",
        "Opportunity Contact Role",
        fields,
        undeletable=False,
        searchable=False,
        scopes=(("everything", "All opportunity contact role"),),
    )


def stage() -> SObject:
    """The stages as records, as clients list them."""
    fixed = {"nillable": False, **SYSTEM}
    fields = [
        *system_head("Opportunity Stage ID", deletable=False),
        define("MasterLabel", "Master Label", "string", length=255, name_field=True, **SYSTEM),
        define("ApiName", "Api Name", "string", length=255, **fixed),
        define("IsActive", "Is Active", "boolean", **SYSTEM),
        define("SortOrder", "Sort Order", "int", digits=8, **SYSTEM),
        define("IsClosed", "Closed", "boolean", **SYSTEM),
        define("IsWon", "Won", "boolean", **SYSTEM),
        picked("ForecastCategory", "Forecast Category", CATEGORIES, 40, restricted=True, **fixed),
        picked("ForecastCategoryName", "Forecast Category Name", CATEGORY_NAMES, restricted=True, **fixed),
        define("DefaultProbability", "Probability (%)", "percent", precision=3, **SYSTEM),
        define("Description", "Description", "string", length=255, **SYSTEM),
        *system_stamps(),
    ]
    return sobject(
        "OpportunityStage",
        "0DK",
        "Opportunity Stage",
        "Opportunity Stage",
        fields,
        createable=False,
        updateable=False,
        deletable=False,
        undeletable=False,
    )
