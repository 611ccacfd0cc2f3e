"""The custom fields of the demo org: a marketing score and its companions, and pairs on lead and contact."""

from __future__ import annotations

from sandbox.metadata.field import Field, define, picked

_SCORED = ["Lead", "Contact"]
_TEXTS = [
    "Original Referrer",
    "Original Search Engine",
    "Original Search Phrase",
    "Original Source Info",
    "Original Source Type",
    "Inferred City",
    "Inferred Company",
    "Inferred Country",
    "Inferred Metropolitan Area",
    "Inferred Phone Area Code",
    "Inferred Postal Code",
    "Inferred State Region",
]


def score_fields() -> list[Field]:
    """The fields that a marketing tool keeps on people: a score, where they came from, what was inferred."""
    own = {"custom": True}
    return [
        define("mkto71_Lead_Score__c", "Lead Score", "double", precision=10, **own),
        define("mkto71_Acquisition_Date__c", "Acquisition Date", "datetime", **own),
        define("mkto71_Acquisition_Program__c", "Acquisition Program", "string", length=255, **own),
        define("mkto71_Acquisition_Program_Id__c", "Acquisition Program Id", "double", precision=18, **own),
        *(
            define(f"mkto71_{label.replace(' ', '_')}__c", label, "string", length=255, **own)
            for label in _TEXTS
        ),
    ]


def pair_fields() -> list[Field]:
    """Fields of the same name on lead and contact, and the external id that another system writes."""
    own = {"custom": True}
    return [
        define(
            "Tandem_Id__c",
            "Tandem Id",
            "string",
            length=36,
            external_id=True,
            unique=True,
            id_lookup=True,
            **own,
        ),
        picked(
            "Favorite_Color__c", "Favorite Color", ["Red", "Green", "Blue", "Yellow"], restricted=True, **own
        ),
        picked(
            "Interests__c",
            "Interests",
            ["Analytics", "Email", "Events", "Mobile", "Web"],
            4099,
            kind="multipicklist",
            precision=4,
            **own,
        ),
        define("Newsletter__c", "Newsletter", "boolean", custom=True, defaulted=True, permissionable=True),
        define("Satisfaction__c", "Satisfaction", "double", precision=5, scale=2, **own),
        define("Last_Survey__c", "Last Survey", "date", **own),
        define("Notes__c", "Notes", "textarea", length=131072, **own),
    ]


def lead_only() -> list[Field]:
    """A custom field that contacts do not have."""
    return [define("Product_Interest__c", "Product Interest", "string", length=120, custom=True)]


def account_only() -> list[Field]:
    """Custom fields of companies."""
    return [
        define(
            "Customer_Number__c",
            "Customer Number",
            "string",
            length=20,
            custom=True,
            external_id=True,
            unique=True,
            case_sensitive=True,
            id_lookup=True,
        ),
        define("Health_Score__c", "Health Score", "percent", precision=5, scale=2, custom=True),
    ]


def demo_fields(name: str) -> list[Field]:
    """The custom fields that the demo org puts on an object."""
    fields = [*score_fields(), *pair_fields()] if name in _SCORED else []
    if name == "Lead":
        fields += lead_only()
    if name == "Account":
        fields += account_only()
    return fields
