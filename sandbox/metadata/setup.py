"""The objects that say who is who in the org: Organization, User, Profile, Group and the queues' objects."""

from __future__ import annotations

from sandbox.metadata.field import SYSTEM, define, lookup, picked, system_head, system_stamps
from sandbox.metadata.parts import ACCURACIES, address, full_name, views
from sandbox.metadata.permission import permission_fields
from sandbox.metadata.sobject import SObject, sobject

_FIXED = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}
ZONES = ["Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "GMT"]
LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "ja_JP"]


def user() -> SObject:
    """Somebody who may log in."""
    needed = {"nillable": False, "permissionable": False}
    flag = {"defaulted": True}
    fields = [
        *system_head("User ID", deletable=False),
        define("Username", "Username", "string", length=80, id_lookup=True, **needed),
        define(
            "LastName", "Last Name", "string", length=80, compound="Name", extra="personname", nillable=False
        ),
        define("FirstName", "First Name", "string", length=40, compound="Name", extra="personname"),
        full_name(),
        define("CompanyName", "Company Name", "string", length=80),
        define("Division", "Division", "string", length=80),
        define("Department", "Department", "string", length=80),
        define("Title", "Title", "string", length=80),
        *address(),
        define("Email", "Email", "email", length=128, id_lookup=True, **needed),
        define("Phone", "Phone", "phone", length=40),
        define("Fax", "Fax", "phone", length=40),
        define("MobilePhone", "Mobile", "phone", length=40),
        define("Alias", "Alias", "string", length=8, **needed),
        define("CommunityNickname", "Nickname", "string", length=40, unique=True, **needed),
        define("IsActive", "Active", "boolean", **flag),
        picked("TimeZoneSidKey", "Time Zone", ZONES, 40, restricted=True, **needed),
        lookup("UserRoleId", "Role ID", "UserRole", "UserRole", permissionable=False),
        picked("LocaleSidKey", "Locale", LOCALES, 40, restricted=True, **needed),
        define("ReceivesInfoEmails", "Info Emails", "boolean", **flag),
        define("ReceivesAdminInfoEmails", "Admin Info Emails", "boolean", **flag),
        picked("EmailEncodingKey", "Email Encoding", ["UTF-8", "ISO-8859-1"], 40, restricted=True, **needed),
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **needed),
        picked(
            "UserType", "User Type", ["Standard", "Guest", "AutomatedProcess"], 40, restricted=True, **SYSTEM
        ),
        picked("LanguageLocaleKey", "Language", ["en_US", "de", "fr", "ja"], 40, restricted=True, **needed),
        define("EmployeeNumber", "Employee Number", "string", length=20),
        lookup("DelegatedApproverId", "Delegated Approver ID", ["Group", "User"], None),
        lookup("ManagerId", "Manager ID", "User", "Manager"),
        define("LastLoginDate", "Last Login", "datetime", **SYSTEM),
        *system_stamps(),
        define("UserPermissionsMarketingUser", "Marketing User", "boolean", **flag),
        define("ForecastEnabled", "Allow Forecasting", "boolean", **flag),
        lookup("ContactId", "Contact ID", "Contact", "Contact", permissionable=False),
        lookup("AccountId", "Account ID", "Account", "Account", **SYSTEM),
        define("FederationIdentifier", "SAML Federation ID", "string", length=512),
        *views(),
    ]
    return sobject("User", "005", "User", "Users", fields, deletable=False, undeletable=False)


def organization() -> SObject:
    """The org itself: always one row."""
    only = {"createable": False, "permissionable": False}
    flat = [
        define("Id", "Organization ID", "id", nillable=False, defaulted=True, **SYSTEM),
        define("Name", "Name", "string", length=80, nillable=False, name_field=True, **only),
        define("Division", "Division", "string", length=80, **only),
        define("Street", "Street", "textarea", length=255, compound="Address", **only),
        define("City", "City", "string", length=40, compound="Address", **only),
        define("State", "State/Province", "string", length=80, compound="Address", **only),
        define("PostalCode", "Zip/Postal Code", "string", length=20, compound="Address", **only),
        define("Country", "Country", "string", length=80, compound="Address", **SYSTEM),
        define("Latitude", "Latitude", "double", precision=18, scale=15, compound="Address", **only),
        define("Longitude", "Longitude", "double", precision=18, scale=15, compound="Address", **only),
        picked(
            "GeocodeAccuracy", "Geocode Accuracy", ACCURACIES, 40, compound="Address", restricted=True, **only
        ),
        define("Address", "Address", "address", permissionable=False),
        define("Phone", "Phone", "phone", length=40, **only),
        define("PrimaryContact", "Primary Contact", "string", length=80, **only),
        picked("DefaultLocaleSidKey", "Locale", LOCALES, 40, restricted=True, nillable=False, **only),
        picked("TimeZoneSidKey", "Time Zone", ZONES, 40, restricted=True, nillable=False, **only),
        picked("LanguageLocaleKey", "Language", ["en_US", "de", "fr", "ja"], 40, nillable=False, **only),
        define("FiscalYearStartMonth", "Fiscal Year Starts In", "int", digits=4, **SYSTEM),
        picked(
            "OrganizationType",
            "Edition",
            ["Developer Edition", "Enterprise Edition", "Unlimited Edition"],
            40,
            **SYSTEM,
        ),
        define("NamespacePrefix", "Namespace Prefix", "string", length=15, **SYSTEM),
        define("InstanceName", "Instance Name", "string", length=5, **SYSTEM),
        define("IsSandbox", "Is Sandbox", "boolean", defaulted=True, **SYSTEM),
        define("IsReadOnly", "Is Read Only", "boolean", defaulted=True, **SYSTEM),
        define("TrialExpirationDate", "Trial Expiration Date", "datetime", **SYSTEM),
        *system_stamps(),
    ]
    return sobject("Organization", "00D", "Organization", "Organizations", flat, **_FIXED)


def profile() -> SObject:
    """What a kind of user may do, as far as clients read it."""
    fields = [
        *system_head("Profile ID", deletable=False),
        define("Name", "Name", "string", length=255, nillable=False, name_field=True, **SYSTEM),
        picked("UserType", "User Type", ["Standard", "Guest"], 40, restricted=True, **SYSTEM),
        define("Description", "Description", "string", length=255, **SYSTEM),
        *permission_fields(),
        *system_stamps(),
    ]
    return sobject("Profile", "00e", "Profile", "Profiles", fields, **_FIXED)


def user_role() -> SObject:
    """A place in the hierarchy: whoever is above sees what those below see."""
    own = {"permissionable": False}
    fields = [
        *system_head("Role ID", deletable=False),
        define("Name", "Name", "string", length=80, nillable=False, name_field=True, **own),
        lookup("ParentRoleId", "Parent Role ID", "UserRole", None, **own),
        define("RollupDescription", "Description", "string", length=80, **own),
        define("DeveloperName", "Developer Name", "string", length=80, **own),
        picked("PortalType", "Portal Type", ["None"], 40, default="None", defaulted=True, **SYSTEM),
        *system_stamps()[2:],
    ]
    return sobject("UserRole", "00E", "Role", "Role", fields, undeletable=False, searchable=False)


def group() -> SObject:
    """Sets of users; `Type = 'Queue'` makes one an owner of leads and cases."""
    kinds = ["Regular", "Role", "RoleAndSubordinates", "Organization", "Queue"]
    fields = [
        *system_head("Group ID", deletable=False),
        define("Name", "Name", "string", length=40, nillable=False, name_field=True, permissionable=False),
        define("DeveloperName", "Developer Name", "string", length=80, permissionable=False),
        lookup("RelatedId", "Related ID", ["User", "UserRole"], "Related", **SYSTEM),
        picked(
            "Type", "Type", kinds, 40, restricted=True, nillable=False, updateable=False, permissionable=False
        ),
        define("Email", "Email", "email", length=255, permissionable=False),
        lookup("OwnerId", "Owner ID", ["Organization", "User"], "Owner", nillable=False, **SYSTEM),
        define("DoesSendEmailToMembers", "Send Email to Members", "boolean", defaulted=True),
        define("DoesIncludeBosses", "Include Bosses", "boolean", defaulted=True),
        define("Description", "Description", "textarea", length=1000, permissionable=False),
        *system_stamps(),
    ]
    return sobject("Group", "00G", "Group", "Groups", fields, undeletable=False)


def group_member() -> SObject:
    """Who is in a group or a queue."""
    fields = [
        *system_head("Group Member ID", deletable=False),
        lookup("GroupId", "Group ID", "Group", "Group", nillable=False, updateable=False),
        lookup("UserOrGroupId", "User/Group ID", ["Group", "User"], None, nillable=False, updateable=False),
        define("SystemModstamp", "System Modstamp", "datetime", nillable=False, defaulted=True, **SYSTEM),
    ]
    return sobject("GroupMember", "011", "Group Member", "Group Member", fields, undeletable=False)


def queue_sobject() -> SObject:
    """Which objects a queue may own."""
    fields = [
        *system_head("Queue Sobject ID", deletable=False),
        lookup("QueueId", "Group ID", "Group", "Queue", nillable=False),
        picked(
            "SobjectType",
            "Sobject Type",
            ["Lead", "Case"],
            40,
            nillable=False,
            permissionable=False,
        ),
        lookup("CreatedById", "Created By ID", "User", "CreatedBy", nillable=False, defaulted=True, **SYSTEM),
        define("SystemModstamp", "System Modstamp", "datetime", nillable=False, defaulted=True, **SYSTEM),
    ]
    return sobject("QueueSobject", "03g", "Queue Sobject", "Queue Sobject", fields, undeletable=False)


def record_type() -> SObject:
    """Kinds of records of one object."""
    fields = [
        *system_head("Record Type ID", deletable=False),
        define("Name", "Name", "string", length=80, nillable=False, name_field=True, permissionable=False),
        define(
            "DeveloperName", "Record Type Name", "string", length=80, nillable=False, permissionable=False
        ),
        define("NamespacePrefix", "Namespace Prefix", "string", length=15, **SYSTEM),
        define("Description", "Description", "string", length=255, permissionable=False),
        lookup("BusinessProcessId", "Business Process ID", "BusinessProcess", None, permissionable=False),
        picked(
            "SobjectType",
            "SObject Type Name",
            ["Account", "Contact", "Lead", "Opportunity", "Campaign", "Case", "Task", "Event"],
            40,
            nillable=False,
            updateable=False,
            permissionable=False,
        ),
        define("IsActive", "Active", "boolean", createable=False, defaulted=True),
        *system_stamps(),
    ]
    return sobject(
        "RecordType", "012", "Record Type", "Record Types", fields, deletable=False, undeletable=False
    )


def lead_status() -> SObject:
    """The statuses of leads, and which of them means converted (facts 5.7)."""
    fields = [
        *system_head("Lead Status Value ID", deletable=False),
        define("MasterLabel", "Master Label", "string", length=255, name_field=True, **SYSTEM),
        define("ApiName", "Api Name", "string", length=255, nillable=False, **SYSTEM),
        define("SortOrder", "Sort Order", "int", digits=8, **SYSTEM),
        define("IsDefault", "Is Default", "boolean", defaulted=True, **SYSTEM),
        define("IsConverted", "Is Converted", "boolean", defaulted=True, **SYSTEM),
        *system_stamps(),
    ]
    return sobject("LeadStatus", "01J", "Lead Status Value", "Lead Status Value", fields, **_FIXED)
