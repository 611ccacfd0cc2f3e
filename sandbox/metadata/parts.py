"""Groups of fields and picklists that several objects share."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, Field, define, lookup, picked

INDUSTRIES = [
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
]
LEAD_SOURCES = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]
RATINGS = ["Hot", "Warm", "Cold"]
ACCURACIES = [
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
]
CLEAN_STATUSES = {
    "Matched": "In Sync",
    "Different": "Different",
    "Acknowledged": "Reviewed",
    "NotFound": "Not Found",
    "Inactive": "Inactive",
    "Pending": "Not Compared",
    "SelectMatch": "Select Match",
    "Skipped": "Skipped",
}


def person_name(salutations: list[str]) -> list[Field]:
    """Last, first, salutation, and the read-only full name (facts 5.8)."""
    part = {"compound": "Name", "extra": "personname"}
    return [
        define("LastName", "Last Name", "string", length=80, nillable=False, **part),
        define("FirstName", "First Name", "string", length=40, **part),
        picked("Salutation", "Salutation", salutations, 40, **part),
        full_name(),
    ]


def full_name() -> Field:
    """The name put together from its parts, which only the org writes."""
    return define(
        "Name",
        "Full Name",
        "string",
        length=121,
        nillable=False,
        extra="personname",
        name_field=True,
        **SYSTEM,
    )


def address(prefix: str = "") -> list[Field]:
    """The eight parts of an address and the compound that shows them."""
    whole = f"{prefix}Address"
    lead = f"{prefix} " if prefix else ""
    part = {"compound": whole}
    return [
        define(f"{prefix}Street", f"{lead}Street", "textarea", length=255, **part),
        define(f"{prefix}City", f"{lead}City", "string", length=40, **part),
        define(f"{prefix}State", f"{lead}State/Province", "string", length=80, **part),
        define(f"{prefix}PostalCode", f"{lead}Zip/Postal Code", "string", length=20, **part),
        define(f"{prefix}Country", f"{lead}Country", "string", length=80, **part),
        define(f"{prefix}Latitude", f"{lead}Latitude", "double", precision=18, scale=15, **part),
        define(f"{prefix}Longitude", f"{lead}Longitude", "double", precision=18, scale=15, **part),
        picked(
            f"{prefix}GeocodeAccuracy", f"{lead}Geocode Accuracy", ACCURACIES, 40, restricted=True, **part
        ),
        define(whole, f"{lead}Address", "address"),
    ]


def views() -> list[Field]:
    """When somebody last looked at the record."""
    return [
        define("LastViewedDate", "Last Viewed Date", "datetime", **SYSTEM),
        define("LastReferencedDate", "Last Referenced Date", "datetime", **SYSTEM),
    ]


def photo() -> Field:
    """The path of the record's picture."""
    return define("PhotoUrl", "Photo URL", "url", length=255, extra="imageurl", **SYSTEM)


def clean_status() -> Field:
    """What Data.com made of the record."""
    return picked("CleanStatus", "Clean Status", CLEAN_STATUSES, 40, restricted=True)


def jigsaw_id(kind: str) -> Field:
    """The Data.com record behind this one: text, although it bears a relationship name."""
    return define(
        f"Jigsaw{kind}Id",
        f"Jigsaw {kind} ID",
        "string",
        length=20,
        relationship=f"Jigsaw{kind}",
        **SYSTEM,
    )


def individual() -> Field:
    """The privacy record that stands for the same person."""
    return lookup(
        "IndividualId", "Individual ID", "Individual", "Individual", prefilterable=True, permissionable=False
    )


def owner(*kinds: str) -> Field:
    """Who owns the record: a user, for some objects a queue as well."""
    return lookup(
        "OwnerId",
        "Owner ID",
        kinds,
        "Owner",
        nillable=False,
        defaulted=True,
        permissionable=False,
        name_pointing=len(kinds) > 1,
    )
