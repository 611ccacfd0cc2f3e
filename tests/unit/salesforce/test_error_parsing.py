"""Salesforce's errors in all their shapes."""

from __future__ import annotations

import pytest

from tandem.salesforce.errors import (
    ErrorClass,
    RowError,
    classify,
    from_bulk,
    from_rest,
    from_rows,
    may_have_happened,
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INACTIVE_USER", ErrorClass.AUTHENTICATION),
        ("invalid_grant", ErrorClass.AUTHENTICATION),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ErrorClass.ACCESS),
        ("STRING_TOO_LONG", ErrorClass.ACCESS),
        ("UNABLE_TO_LOCK_ROW", ErrorClass.INTERMITTENT),
        ("TIMEOUT", ErrorClass.INTERMITTENT),
        ("HTTP_503", ErrorClass.INTERMITTENT),
        ("UNKNOWN_EXCEPTION", ErrorClass.OTHER),
        ("SOMETHING_NEW_IN_2027", ErrorClass.OTHER),
    ],
)
def test_codes_are_sorted_by_what_to_do(code: str, kind: ErrorClass) -> None:
    assert classify(code) is kind


def test_rest_errors_are_read_on_one_line() -> None:
    body = (
        b'[{"message":"\\nselect x from Lead\\n       ^\\nERROR at Row:1:Column:8",'
        b'"errorCode":"INVALID_FIELD"},'
        b'{"message":"b","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName","Company"]}]'
    )
    assert from_rest(body, 400) == [
        RowError("INVALID_FIELD", "select x from Lead ^ ERROR at Row:1:Column:8"),
        RowError("REQUIRED_FIELD_MISSING", "b", ("LastName", "Company")),
    ]


def test_oauth_errors_are_read() -> None:
    body = b'{"error":"invalid_client","error_description":"invalid client credentials"}'
    assert from_rest(body, 400) == [RowError("INVALID_CLIENT", "invalid client credentials")]


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"null", b"[]", b'["x"]', b'{"a":1}', b"\xff"]
)
def test_what_salesforce_did_not_say_gets_the_status_as_code(body: bytes) -> None:
    assert [error.code for error in from_rest(body, 502)] == ["HTTP_502"]


def test_collection_rows_call_the_code_status_code() -> None:
    errors = [{"statusCode": "STRING_TOO_LONG", "message": "too long", "fields": ["Title"]}]
    assert from_rows(errors) == (RowError("STRING_TOO_LONG", "too long", ("Title",)),)
    assert from_rows([])[0].code == "UNKNOWN_EXCEPTION"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName, Company]:LastName,Company --",
            RowError(
                "REQUIRED_FIELD_MISSING",
                "Required fields are missing: [LastName, Company]",
                ("LastName", "Company"),
            ),
        ),
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain: 001X:--",
            RowError("UNABLE_TO_LOCK_ROW", "unable to obtain: 001X"),
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION:At 10:30: no:Website --",
            RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "At 10:30: no", ("Website",)),
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION:Say why: it is full of spaces --",
            RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why: it is full of spaces"),
        ),
        ("INVALID_X:", RowError("INVALID_X", "")),
        ("no code here", RowError("UNKNOWN_EXCEPTION", "no code here")),
        ("", RowError("UNKNOWN_EXCEPTION", "Salesforce refused the record without a reason")),
    ],
)
def test_bulk_errors_are_taken_apart(text: str, error: RowError) -> None:
    assert from_bulk(text) == (error,)


def test_only_a_silence_or_a_gateway_leaves_doubt() -> None:
    assert may_have_happened("CONNECTION_LOST")
    assert may_have_happened("HTTP_503")
    assert not may_have_happened("UNREACHABLE")
    assert not may_have_happened("SERVER_UNAVAILABLE")
