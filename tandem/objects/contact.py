"""Contact: goes both ways; when both sides change one field, Salesforce wins (section 6)."""

from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.marketing_owned import MARKETING_OWNED
from tandem.objects.sales_insight import SALES_INSIGHT

CONTACT = SyncedObject(
    name="Contact",
    table="person",
    direction=Direction.BOTH,
    winner=Winner.SALESFORCE,
    person_type="contact",
    fields=MARKETING_OWNED
    | SALES_INSIGHT
    | {  # 3.24
        "Birthdate": "date_of_birth",
        "CreatedDate": "sfdc_created_date",
        "Description": "person_notes",
        "Email": "email_address",
        "Fax": "fax_number",
        "FirstName": "first_name",
        "HasOptedOutOfEmail": "unsubscribed",
        "IsDeleted": "sfdc_is_deleted",
        "LastName": "last_name",
        "LeadSource": "source",
        "MailingCity": "city",
        "MailingCountry": "country",
        "MailingPostalCode": "postal_code",
        "MailingState": "state",
        "MailingStreet": "address",
        "MobilePhone": "mobile_phone_number",
        "Phone": "phone_number",
        "Salutation": "salutation",
        "Title": "job_title",
    },
    required=(
        *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId"),
        *("AccountId", "Name", "Email"),
    ),
    drivers=(
        *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId"),
        "AccountId",
    ),
    system=frozenset({"CreatedDate", "IsDeleted"}),
    ignored=frozenset(  # 3.21, less the Mailing* fields (section 30, Q7)
        {
            *("Name", "AssistantName", "AssistantPhone", "HomePhone", "ReportsToId"),
            *("LastCURequestDate", "LastCUUpdateDate"),
            *("OtherCity", "OtherCountry", "OtherPhone", "OtherPostalCode", "OtherState", "OtherStreet"),
        }
    ),
)
