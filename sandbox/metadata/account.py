"""The Account."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
    address,
    clean_status,
    jigsaw_id,
    owner,
    photo,
    views,
)
from sandbox.metadata.sobject import SObject, sobject

TYPES = [
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Channel Partner / Reseller",
    "Installation Partner",
    "Technology Partner",
    "Other",
]


def account() -> SObject:
    """A company."""
    portal = {"createable": False, "defaulted": True, "permissionable": False}
    channel = {
        "filterable": False,
        "sortable": False,
        **SYSTEM,
    }
    fields = [
        *system_head("Account ID", master="Account"),
        define(
            "Name",
            "Account Name",
            "string",
            length=255,
            nillable=False,
            compound="Name",
            extra="switchablepersonname",
            name_field=True,
        ),
        picked("Type", "Account Type", TYPES, 40),
        lookup("ParentId", "Parent Account ID", "Account", "Parent", prefilterable=True),
        *address("Billing"),
        *address("Shipping"),
        define("Phone", "Account Phone", "phone", length=40),
        define("Fax", "Account Fax", "phone", length=40),
        define("AccountNumber", "Account Number", "string", length=40),
        define("Website", "Website", "url", length=255),
        photo(),
        define("Sic", "SIC Code", "string", length=20),
        picked("Industry", "Industry", INDUSTRIES, 40),
        define("AnnualRevenue", "Annual Revenue", "currency", precision=18),
        define("NumberOfEmployees", "Employees", "int", digits=8),
        picked("Ownership", "Ownership", ["Public", "Private", "Subsidiary", "Other"], 40),
        define("TickerSymbol", "Ticker Symbol", "string", length=20),
        define("Description", "Account Description", "textarea", length=32000),
        picked("Rating", "Account Rating", RATINGS, 40),
        define("Site", "Account Site", "string", length=80),
        owner("User"),
        *system_stamps(),
        define("LastActivityDate", "Last Activity", "date", **SYSTEM),
        *views(),
        define("IsPartner", "Partner Account", "boolean", **portal),
        define("IsCustomerPortal", "Customer Portal Account", "boolean", **portal),
        define("ChannelProgramName", "Channel Program Name", "string", length=255, **channel),
        define("ChannelProgramLevelName", "Channel Program Level Name", "string", length=255, **channel),
        define("Jigsaw", "Data.com Key", "string", length=20),
        jigsaw_id("Company"),
        clean_status(),
        picked("AccountSource", "Account Source", LEAD_SOURCES, 40),
        define("DunsNumber", "D-U-N-S Number", "string", length=9),
        define("Tradestyle", "Tradestyle", "string", length=255),
        define("NaicsCode", "NAICS Code", "string", length=8),
        define("NaicsDesc", "NAICS Description", "string", length=120),
        define("YearStarted", "Year Started", "string", length=4),
        define("SicDesc", "SIC Description", "string", length=80),
        lookup("DandbCompanyId", "D&B Company ID", "DandBCompany", "DandbCompany", prefilterable=True),
        lookup(
            "OperatingHoursId", "Operating Hour ID", "OperatingHours", "OperatingHours", prefilterable=True
        ),
    ]
    return sobject(
        "Account",
        "001",
        "Account",
        "Accounts",
        fields,
        mergeable=True,
        scopes=(
            ("everything", "All accounts"),
            ("mine", "My accounts"),
            ("team", "My team's accounts"),
        ),
    )
