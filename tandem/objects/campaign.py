"""Campaign: comes in; of a linked one, type and cost are the program's and go out (section 10)."""

from tandem.objects.declaration import Direction, SyncedObject

CAMPAIGN = SyncedObject(
    name="Campaign",
    table="campaign",
    direction=Direction.IN,
    fields={
        "ActualCost": "actual_cost",
        "CreatedDate": "sfdc_created_date",
        "Description": "description",
        "EndDate": "end_date",
        "IsActive": "is_active",
        "IsDeleted": "sfdc_is_deleted",
        "Name": "name",
        "StartDate": "start_date",
        "Status": "status",
        "Type": "type",
    },
    required=(  # 2.18
        *("Id", "IsDeleted", "SystemModstamp", "CampaignMemberRecordTypeId", "CreatedDate", "IsActive"),
        *("Name", "OwnerId", "ParentId", "Status", "Type"),
    ),
    drivers=(
        *("Id", "IsDeleted", "SystemModstamp", "CreatedDate"),
        *("OwnerId", "ParentId", "CampaignMemberRecordTypeId"),
    ),
    system=frozenset({"CreatedDate", "IsDeleted"}),
    ignored=frozenset(  # rolled up from members and opportunities: they move with every member
        {
            *("NumberOfLeads", "NumberOfConvertedLeads", "NumberOfContacts", "NumberOfResponses"),
            *("NumberOfOpportunities", "NumberOfWonOpportunities"),
            *("AmountAllOpportunities", "AmountWonOpportunities"),
        }
    ),
    sent=frozenset({"ActualCost", "Type"}),
)
