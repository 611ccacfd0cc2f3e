"""OpportunityContactRole: comes in only; it is what ties an opportunity to a person (9.2)."""

from tandem.objects.declaration import Direction, SyncedObject

OPPORTUNITY_CONTACT_ROLE = SyncedObject(
    name="OpportunityContactRole",
    table="opportunity_role",
    direction=Direction.IN,
    fields={
        "ContactId": "sfdc_contact_id",
        "CreatedDate": "sfdc_created_date",
        "IsDeleted": "sfdc_is_deleted",
        "OpportunityId": "sfdc_opportunity_id",
    },
    required=(  # 2.18
        *("Id", "IsDeleted", "SystemModstamp", "ContactId", "CreatedDate", "IsPrimary", "OpportunityId"),
    ),
    drivers=("Id", "IsDeleted", "SystemModstamp"),
    system=frozenset({"IsDeleted", "CreatedDate"}),
)
