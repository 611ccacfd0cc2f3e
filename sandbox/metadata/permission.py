"""Permission sets and who has them, as far as clients read them."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, Field, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.sobject import SObject, sobject

PERMISSIONS = {
    "ApiEnabled": "API Enabled",
    "ViewAllData": "View All Data",
    "ModifyAllData": "Modify All Data",
    "ConvertLeads": "Convert Leads",
    "EditTask": "Edit Tasks",
    "EditEvent": "Edit Events",
    "ViewSetup": "View Setup and Configuration",
}
"""User permissions that profiles and permission sets show, by API name."""
KNOWN = frozenset([*PERMISSIONS, "BulkApiHardDelete", "ViewAndEditConvertedLeads"])
"""Those and the ones that are asked for without being shown."""
_FIXED = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}


def permission_fields() -> list[Field]:
    """One checkbox for each permission."""
    return [
        define(f"Permissions{name}", label, "boolean", defaulted=True, **SYSTEM)
        for name, label in PERMISSIONS.items()
    ]


def permission_set() -> SObject:
    """A set of permissions; every profile has one of its own behind it."""
    fields = [
        *system_head("Permission Set ID", deletable=False),
        define("Name", "Permission Set Name", "string", length=80, nillable=False, name_field=True, **SYSTEM),
        define("Label", "Permission Set Label", "string", length=80, nillable=False, **SYSTEM),
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **SYSTEM),
        define("IsOwnedByProfile", "Is Owned By Profile", "boolean", defaulted=True, **SYSTEM),
        define("IsCustom", "Custom", "boolean", defaulted=True, **SYSTEM),
        *permission_fields(),
        define("Description", "Description", "string", length=255, **SYSTEM),
        *system_stamps(),
        define("NamespacePrefix", "Namespace Prefix", "string", length=15, **SYSTEM),
        picked("Type", "Type", ["Regular", "Standard", "Session"], 40, restricted=True, **SYSTEM),
    ]
    return sobject("PermissionSet", "0PS", "Permission Set", "Permission Sets", fields, **_FIXED)


def assignment() -> SObject:
    """Who has which permission set."""
    fields = [
        *system_head("PermissionSetAssignment ID", deletable=False),
        lookup(
            "PermissionSetId", "PermissionSet ID", "PermissionSet", "PermissionSet", nillable=False, **SYSTEM
        ),
        lookup("AssigneeId", "Assignee ID", "User", "Assignee", nillable=False, **SYSTEM),
        define("SystemModstamp", "Date Assigned", "datetime", nillable=False, defaulted=True, **SYSTEM),
        define("IsActive", "Is Active", "boolean", defaulted=True, **SYSTEM),
    ]
    return sobject(
        "PermissionSetAssignment",
        "0Pa",
        "Permission Set Assignment",
        "Permission Set Assignments",
        fields,
        **_FIXED,
    )
