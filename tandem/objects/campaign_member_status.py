"""CampaignMemberStatus: comes in; the statuses that members of one campaign may have (section 10)."""

from tandem.objects.declaration import Direction, SyncedObject

CAMPAIGN_MEMBER_STATUS = SyncedObject(
    name="CampaignMemberStatus",
    table="campaign_status",
    direction=Direction.IN,
    fields={
        "HasResponded": "has_responded",
        "IsDefault": "is_default",
        "IsDeleted": "sfdc_is_deleted",
        "Label": "label",
        "SortOrder": "sort_order",
    },
    required=("Id", "IsDeleted", "SystemModstamp", "CampaignId", "Label"),
    drivers=("Id", "IsDeleted", "SystemModstamp", "CampaignId"),
    system=frozenset({"IsDeleted"}),
    only_declared=True,
)
