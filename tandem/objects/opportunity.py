"""Opportunity: comes in only; people share in it through their contact roles (section 9)."""

from tandem.objects.declaration import Direction, SyncedObject

OPPORTUNITY = SyncedObject(
    name="Opportunity",
    table="opportunity",
    direction=Direction.IN,
    fields={
        "AccountId": "sfdc_account_id",
        "CampaignId": "sfdc_campaign_id",
        "CreatedDate": "sfdc_created_date",
        "IsDeleted": "sfdc_is_deleted",
        "OwnerId": "sfdc_owner_id",
        "StageName": "stage",
    },
    required=(  # 2.18
        *("Id", "IsDeleted", "SystemModstamp", "AccountId", "CampaignId", "CreatedDate", "IsClosed"),
        *("IsPrivate", "IsWon", "Name", "OwnerId", "Probability", "StageName"),
    ),
    drivers=("Id", "IsDeleted", "SystemModstamp"),
    system=frozenset({"IsDeleted", "CreatedDate"}),
    ignored=frozenset(
        {
            "ContactId",  # only for creating the first role along with the opportunity
            # Salesforce's own bookkeeping: it moves with every change, or without any.
            *("LastAmountChangedHistoryId", "LastCloseDateChangedHistoryId", "LastStageChangeDate"),
            *("HasOpenActivity", "HasOverdueTask"),
        }
    ),
)
