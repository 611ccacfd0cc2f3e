"""Error codes in plain words, for people who do not read Salesforce's API documentation."""

from __future__ import annotations

from tandem.errors import DEFECT
from tandem.salesforce.errors import ErrorClass, advice, classify

_MEANINGS = {
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule of the org does not accept the value.",
    "REQUIRED_FIELD_MISSING": "The org wants a field that has no value; not always one that we write.",
    "DUPLICATES_DETECTED": "A duplicate rule of the org takes the record for one that is there already.",
    "DUPLICATE_VALUE": "Another record has this value in a field that must be unique.",
    "UNABLE_TO_LOCK_ROW": "Somebody else was writing the record, or one it hangs on, at the same moment.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "The value is not on the field's picklist.",
    "STRING_TOO_LONG": "The text is longer than the field in Salesforce. It is never cut short.",
    "INVALID_EMAIL_ADDRESS": "Salesforce does not take the value for an e-mail address.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The sync user may see the record, but not change it.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The sync user may not use a record it names.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "The sync user may not write this field.",
    "FIELD_INTEGRITY_EXCEPTION": "The value does not fit the field or its related record.",
    "ENTITY_IS_LOCKED": "The record is locked, as a rule by an approval process.",
    "ENTITY_IS_DELETED": "The record has been deleted in Salesforce.",
    "CANNOT_UPDATE_CONVERTED_LEAD": "The lead was converted: it is a contact now.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "A trigger or flow of the org failed while saving the record.",
    "REQUEST_LIMIT_EXCEEDED": "The org's API calls are used up, or too many requests run at once.",
    "QUERY_TIMEOUT": "Salesforce gave up on the query after two minutes.",
    "INVALID_TYPE": "The org has no such object, or the sync user may not see it.",
    "INVALID_FIELD": "The org has no such field, or the sync user may not see it.",
    "API_DISABLED_FOR_ORG": "The org's edition or the sync user has no API access.",
    "CONNECTION_LOST": "The line broke while Salesforce was answering.",
    "UNREACHABLE": "No connection to the org came about.",
    "TIMEOUT": "Salesforce did not answer in time.",
    "TRUNCATED": "An answer came in part only; nothing of it was used.",
    "BudgetExhausted": "The API calls that Tandem may use are used up. Nothing was applied half.",
    "SuiteFailed": "The batch did not look right as a whole, so nothing of it was applied.",
    "MISSING_FIELDS": "The sync user does not see the object, or a field that its step needs.",
    "BULK_JOB_FAILED": "Salesforce gave up on a Bulk job.",
    "UNSENDABLE_VALUE": "The value cannot be written as Salesforce wants it.",
    DEFECT: "Something in Tandem broke: this is a defect of ours.",
    "CONVERTED_OUT_OF_SIGHT": "The lead is a contact now that the sync user cannot see.",
    "LeaseTaken": "Another run was at work.",
    "DatabaseError": "The marketing database could not be opened or written.",
}
_MEANINGS_BY_CLASS = {
    ErrorClass.AUTHENTICATION: "Salesforce did not accept the login.",
    ErrorClass.ACCESS: "Salesforce refused the record or field as it is.",
    ErrorClass.INTERMITTENT: "Something passing: a time-out, a lock, maintenance.",
    ErrorClass.OTHER: "An error without a known meaning.",
}


_ACTIONS = {
    "MISSING_FIELDS": "Give the sync user read access, or take the object out of sync.objects.",
    "BULK_JOB_FAILED": "Salesforce's words say why; the next run starts another.",
    "UNSENDABLE_VALUE": "Put the value right here.",
    "CONVERTED_OUT_OF_SIGHT": "Let the sync user see the contact.",
    DEFECT: "Please report it, with the log of the run.",
}


def meaning(code: str) -> str:
    """Return what an error code means, in one sentence."""
    if known := _MEANINGS.get(code):
        return known
    return "Tandem could not do what was asked for." if _is_ours(code) else _MEANINGS_BY_CLASS[classify(code)]


def action(code: str) -> str:
    """Return what to do about an error code, in one sentence."""
    return _ACTIONS.get(code) or ("What it says tells what to do." if _is_ours(code) else advice(code))


def _is_ours(code: str) -> bool:
    """Salesforce's codes are in capitals, ours the names of exceptions."""
    return not code.isupper()
