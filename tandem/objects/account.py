"""Account: comes in only, becomes a company, and shows on each of its contacts (section 7)."""

from collections.abc import Collection

from tandem.objects.declaration import Direction, SyncedObject

ACCOUNT = SyncedObject(
    name="Account",
    table="company",
    direction=Direction.IN,
    fields={  # 3.25
        "AnnualRevenue": "annual_revenue",
        "BillingCity": "billing_city",
        "BillingCountry": "billing_country",
        "BillingPostalCode": "billing_postal_code",
        "BillingState": "billing_state",
        "BillingStreet": "billing_address",
        "Description": "company_notes",
        "Industry": "industry",
        "IsDeleted": "sfdc_is_deleted",
        "Name": "company_name",
        "NumberOfEmployees": "num_employees",
        "Phone": "main_phone",
        "Sic": "sic_code",
        "Site": "site",
        "Type": "type",  # a field of the company, not the lead or contact marker (section 30, Q8)
        "Website": "website",
        "CreatedDate": "sfdc_created_date",
    },
    required=(
        *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate"),
        *("OwnerId", "ParentId", "Name"),
    ),
    drivers=("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId", "ParentId"),
    system=frozenset({"IsDeleted", "CreatedDate"}),
    ignored=frozenset(  # 3.21
        {
            *("Fax", "Ownership", "Rating", "TickerSymbol"),
            *("ShippingCity", "ShippingCountry", "ShippingPostalCode", "ShippingState", "ShippingStreet"),
            # A person account's contact has these, under its own names: Email, not PersonEmail (19.4).
            *("FirstName", "LastName", "Salutation", "PersonContactId", "PersonIndividualId"),
            *(
                "PersonEmail",
                "PersonEmailBouncedDate",
                "PersonEmailBouncedReason",
                "PersonHasOptedOutOfEmail",
            ),
            *("PersonHasOptedOutOfFax", "PersonDoNotCall", "PersonLeadSource", "PersonBirthdate"),
            *("PersonTitle", "PersonDepartment", "PersonPronouns", "PersonGenderIdentity"),
            *("PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone"),
            *("PersonAssistantName", "PersonAssistantPhone"),
            *("PersonLastCURequestDate", "PersonLastCUUpdateDate"),
            *(
                f"Person{kind}{part}"
                for kind in ("Mailing", "Other")
                for part in ("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode")
            ),
            *(
                f"Person{kind}{part}"
                for kind in ("Mailing", "Other")
                for part in ("Latitude", "Longitude", "GeocodeAccuracy")
            ),
        }
    ),
)

#: Columns that a contact's person shares with its company: they show the account's values (7.2).
COMPANY_COLUMNS_OF_PERSON = ("annual_revenue", "company_name", "industry", "num_employees", "website")


def person_account_field(contact_field: str, account_fields: Collection[str]) -> str | None:
    """Return the account's name for a field of a person account's contact; ``None``: the account has none.

    >>> person_account_field("Email", {"PersonEmail", "Phone"}), person_account_field("Shoe__c", {"Shoe__pc"})
    ('PersonEmail', 'Shoe__pc')
    """
    own = contact_field.removesuffix("__c") + "__pc" if contact_field.endswith("__c") else contact_field
    return next((name for name in (f"Person{contact_field}", own) if name in account_fields), None)
