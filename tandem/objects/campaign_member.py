"""CampaignMember: goes both ways; when both sides change one field, marketing wins (section 10).

Marketing's side of a member of a linked campaign is the program member. What a member shows of its lead or
contact is read from there, not here.
"""

from tandem.objects.declaration import Direction, SyncedObject, Winner

CAMPAIGN_MEMBER = SyncedObject(
    name="CampaignMember",
    table="campaign_member",
    direction=Direction.BOTH,
    winner=Winner.MARKETING,
    fields={  # 10.11
        "CreatedDate": "sfdc_created_date",
        "FirstRespondedDate": "first_responded_date",
        "HasResponded": "has_responded",
        "IsDeleted": "sfdc_is_deleted",
        "Status": "status",
    },
    required=(
        *("Id", "IsDeleted", "SystemModstamp", "CreatedDate"),
        *("CampaignId", "LeadId", "ContactId", "Status"),
    ),
    drivers=("Id", "IsDeleted", "SystemModstamp", "CreatedDate", "CampaignId", "LeadId", "ContactId"),
    system=frozenset({"CreatedDate", "FirstRespondedDate", "HasResponded", "IsDeleted"}),
    ignored=frozenset(
        {
            *("City", "CompanyOrAccount", "Country", "Description", "DoNotCall", "Email", "Fax", "FirstName"),
            *(
                "HasOptedOutOfEmail",
                "HasOptedOutOfFax",
                "LastName",
                "LeadOrContactId",
                "LeadOrContactOwnerId",
            ),
            *("LeadSource", "MobilePhone", "Name", "Phone", "PostalCode", "Salutation", "State", "Street"),
            *("Title", "Type"),
        }
    ),
)
