"""Fields that marketing owns and Salesforce shows, to be created there on Lead and Contact; all optional (2.15)."""

from __future__ import annotations

_COLUMNS = (
    *("acquisition_date", "acquisition_program", "acquisition_program_id"),
    *("original_referrer", "original_search_engine", "original_search_phrase", "original_source_info"),
    *("inferred_city", "inferred_company", "inferred_country", "inferred_metropolitan_area"),
    *("inferred_phone_area_code", "inferred_postal_code", "inferred_state_region"),
)

#: Field to column of ``person``. The original source type is not among them: for who comes from Salesforce it
#: says no more than that.
MARKETING_OWNED = {
    "mkto71_Lead_Score__c": "score",
    **{f"mkto71_{column.title()}__c": column for column in _COLUMNS},
}
