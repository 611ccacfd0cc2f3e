"""Event: comes in only, if it is about a lead or a contact (13.1)."""

from tandem.objects.declaration import Direction, SyncedObject

EVENT = SyncedObject(
    name="Event",
    table="event",
    direction=Direction.IN,
    fields={
        "AccountId": "sfdc_account_id",
        "CreatedDate": "sfdc_created_date",
        "IsDeleted": "sfdc_is_deleted",
        "OwnerId": "sfdc_owner_id",
        "WhatId": "sfdc_what_id",
        "WhoId": "sfdc_who_id",
    },
    required=("Id", "IsDeleted", "SystemModstamp", "Subject", "WhoId"),
    drivers=("Id", "IsDeleted", "SystemModstamp"),
    system=frozenset({"IsDeleted", "CreatedDate"}),
    condition="WhoId != null",
)
