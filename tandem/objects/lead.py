"""Lead: goes both ways; when both sides change one field, marketing wins (section 5)."""

from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.marketing_owned import MARKETING_OWNED
from tandem.objects.sales_insight import SALES_INSIGHT

LEAD = SyncedObject(
    name="Lead",
    table="person",
    direction=Direction.BOTH,
    winner=Winner.MARKETING,
    person_type="lead",
    fields=MARKETING_OWNED
    | SALES_INSIGHT
    | {  # 3.23
        "AnnualRevenue": "annual_revenue",
        "City": "city",
        "Company": "company_name",
        "ConvertedDate": "sfdc_converted_date",
        "Country": "country",
        "CreatedDate": "sfdc_created_date",
        "Description": "person_notes",
        "Email": "email_address",
        "Fax": "fax_number",
        "FirstName": "first_name",
        "HasOptedOutOfEmail": "unsubscribed",
        "Industry": "industry",
        "IsConverted": "sfdc_is_converted",
        "IsDeleted": "sfdc_is_deleted",
        "LastName": "last_name",
        "LeadSource": "source",
        "MobilePhone": "mobile_phone_number",
        "NumberOfEmployees": "num_employees",
        "Phone": "phone_number",
        "PostalCode": "postal_code",
        "Rating": "rating",
        "Salutation": "salutation",
        "State": "state",
        "Status": "status",
        "Street": "address",
        "Title": "job_title",
        "Website": "website",
    },
    required=(
        *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId", "Status"),
        *("IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"),
        *("ConvertedOpportunityId", "Name", "Email", "Company"),
    ),
    drivers=(
        *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId"),
        *("IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"),
        "ConvertedOpportunityId",
    ),
    system=frozenset({"CreatedDate", "IsDeleted", "IsConverted", "ConvertedDate"}),
)
