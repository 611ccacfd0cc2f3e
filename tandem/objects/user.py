"""User: comes in only; feeds the sales-owner fields of people (section 8)."""

from tandem.objects.declaration import Direction, SyncedObject

USER = SyncedObject(
    name="User",
    table="sales_user",
    direction=Direction.IN,
    fields={
        "FirstName": "first_name",
        "LastName": "last_name",
        "Title": "title",
        "Phone": "phone_number",
        "Email": "email_address",
        "IsActive": "is_active",
        "UserType": "user_type",
        "CreatedDate": "sfdc_created_date",
    },
    required=("Id", "SystemModstamp", "CreatedDate", "Email", "ManagerId", "UserType"),
    drivers=("Id", "SystemModstamp", "ManagerId", "UserPermissionsMarketingUser"),
    only_declared=True,
)

#: Column of a person <- column of the user who owns the record (8.2).
SALES_OWNER_FIELDS = {
    "sales_owner_first_name": "first_name",
    "sales_owner_last_name": "last_name",
    "sales_owner_title": "title",
    "sales_owner_phone_number": "phone_number",
    "sales_owner_email_address": "email_address",
}

#: Column of a contact's person <- column of the user who owns its account (8.3).
ACCOUNT_OWNER_FIELDS = {
    "account_owner_first_name": "first_name",
    "account_owner_last_name": "last_name",
    "account_owner_email_address": "email_address",
}
