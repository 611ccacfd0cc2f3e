"""Describe and changes: what one composite call brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tandem.errors import BudgetExhausted, SalesforceError
from tandem.salesforce.changes import ChangeQuery, read_changes, soql
from tandem.salesforce.describe import describe_objects
from tandem.salesforce.description import FieldDescribe, ObjectDescribe

SINCE = datetime(2026, 5, 1, 7, 25, 37, 999999)


def composite(
    answer: Any, bodies: list[tuple[int, Any]] | None = None, headers: Mapping[str, str] = {}
) -> Any:
    """Answer a composite request's questions in order."""

    def reply(request: Any) -> Any:
        asked = request.json["compositeRequest"]
        given = bodies or [(200, page([]))] * len(asked)
        return answer(
            body={
                "compositeResponse": [
                    {
                        "body": body,
                        "httpHeaders": dict(headers),
                        "httpStatusCode": status,
                        "referenceId": question["referenceId"],
                    }
                    for question, (status, body) in zip(asked, given, strict=True)
                ]
            }
        )

    return reply


def page(records: list[Any], total: int | None = None, following: str | None = None) -> dict[str, Any]:
    told = {
        "totalSize": len(records) if total is None else total,
        "done": following is None,
        "records": records,
    }
    return told if following is None else {**told, "nextRecordsUrl": following}


def row(number: int) -> dict[str, Any]:
    return {"attributes": {"type": "Lead", "url": "/x"}, "Id": f"00Q{number}"}


def error(code: str, message: str = "No.") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


LEAD = {
    "name": "Lead",
    "label": "Lead",
    "createable": True,
    "updateable": True,
    "queryable": True,
    "fields": [
        {"name": "Id", "label": "Lead ID", "type": "id", "nillable": False, "defaultedOnCreate": True},
        {
            "name": "Company",
            "label": "Company",
            "type": "string",
            "length": 255,
            "nillable": False,
            "createable": True,
            "updateable": True,
        },
        {
            "name": "Rating",
            "label": "Rating",
            "type": "picklist",
            "nillable": True,
            "createable": True,
            "picklistValues": [{"value": "Hot", "active": True}, {"value": "Old", "active": False}],
            "compoundFieldName": None,
            "referenceTo": [],
        },
    ],
}


def test_describing_is_one_call_and_conditional(org: Any, answer: Any) -> None:
    stamp = "Fri, 01 May 2026 07:00:00 GMT"
    bodies = [(200, LEAD), (304, None), (404, error("NOT_FOUND"))]
    org.script = [composite(answer, bodies, {"Last-Modified": stamp})]
    found = describe_objects(org.connect(), ["Lead", "Contact", "Secret__c"], {"Contact": stamp})
    assert set(found) == {"Lead", "Contact"}
    assert found["Contact"] is None
    lead = found["Lead"]
    assert lead is not None
    assert lead.last_modified == stamp
    assert list(lead.fields) == ["Id", "Company", "Rating"]
    assert lead.fields["Company"].required_on_create
    assert not lead.fields["Id"].required_on_create
    assert lead.fields["Rating"].picklist_values == ("Hot",)
    asked = org.requests[0].json["compositeRequest"]
    assert [question.get("httpHeaders") for question in asked] == [None, {"If-Modified-Since": stamp}, None]
    assert asked[0]["url"] == "/services/data/v62.0/sobjects/Lead/describe"


def test_describing_more_than_25_takes_two_calls(org: Any, answer: Any) -> None:
    org.script = [
        lambda request: composite(
            answer, [(404, error("NOT_FOUND"))] * len(request.json["compositeRequest"])
        )(request)
    ]
    assert describe_objects(org.connect(), [f"O{number}__c" for number in range(30)]) == {}
    assert [len(request.json["compositeRequest"]) for request in org.requests] == [25, 5]


def test_a_describe_that_fails_is_not_taken_for_invisible(org: Any, answer: Any) -> None:
    org.script = [composite(answer, [(500, error("UNKNOWN_EXCEPTION"))])]
    with pytest.raises(SalesforceError, match="describe of Lead"):
        describe_objects(org.connect(), ["Lead"])


def test_a_description_survives_being_written_down() -> None:
    described = ObjectDescribe(
        "Lead",
        "Lead",
        {
            "A": FieldDescribe("A", "a", "reference", reference_to=("User", "Group"), picklist_values=("x",)),
            "B": FieldDescribe("B", "b", "double", precision=18, scale=2, nillable=False),
        },
        "Fri, 01 May 2026 07:00:00 GMT",
        True,
        False,
    )
    assert ObjectDescribe.from_json(described.to_json()) == described


def test_the_query_reaches_back_whole_seconds_in_a_total_order() -> None:
    query = ChangeQuery("Lead", ("Id", "Name"), SINCE, "Type = 'Queue' OR Type = 'x'")
    assert soql(query) == (
        "SELECT Id, Name FROM Lead WHERE SystemModstamp >= 2026-05-01T07:25:37Z "
        "AND (Type = 'Queue' OR Type = 'x') ORDER BY SystemModstamp, Id"
    )
    assert soql(ChangeQuery("Lead", ("Id",), None), order=False) == "SELECT Id FROM Lead"
    elsewhere = datetime(2026, 5, 1, 9, 25, 37, tzinfo=timezone(timedelta(hours=2)))
    assert "2026-05-01T07:25:37Z" in soql(ChangeQuery("Lead", ("Id",), elsewhere))


def test_five_objects_are_one_call(org: Any, answer: Any) -> None:
    org.script = [composite(answer)]
    names = ["User", "Group", "Account", "Lead", "Contact"]
    connection = org.connect()
    found = read_changes(connection, [ChangeQuery(name, ("Id",), SINCE) for name in names], 2000)
    assert list(found) == names
    assert all(changes.rows == [] and changes.error is None for changes in found.values())
    assert found["Lead"].server_time == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    assert connection.meter.count == 1
    url = urlsplit(org.requests[0].json["compositeRequest"][3]["url"])
    assert url.path == "/services/data/v62.0/queryAll"
    assert parse_qs(url.query)["q"] == [soql(ChangeQuery("Lead", ("Id",), SINCE))]
    assert " " not in url.query
    assert org.requests[0].json["allOrNone"] is False


def test_seven_objects_are_two_calls(org: Any, answer: Any) -> None:
    org.script = [composite(answer)]
    found = read_changes(org.connect(), [ChangeQuery(f"O{n}__c", ("Id",), SINCE) for n in range(7)], 2000)
    assert len(found) == 7
    assert [len(request.json["compositeRequest"]) for request in org.requests] == [5, 2]


def test_pages_are_followed_until_done_however_short(org: Any, answer: Any) -> None:
    following = "/services/data/v62.0/query/0r8xx-"
    org.script = [
        composite(answer, [(200, page([row(1)], 4, following + "1"))]),
        answer(body=page([row(2), row(3)], 4, following + "3")),
        answer(body=page([row(4)], 4)),
    ]
    changes = read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)["Lead"]
    assert changes.rows == [{"Id": f"00Q{number}"} for number in (1, 2, 3, 4)]
    assert changes.total == 4
    assert [request.path for request in org.requests[1:]] == [following + "1", following + "3"]


def test_too_many_rows_are_left_to_bulk(org: Any, answer: Any) -> None:
    org.script = [composite(answer, [(200, page([row(1)], 2001, "/services/data/v62.0/query/x-1"))])]
    changes = read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)["Lead"]
    assert changes.rows is None
    assert changes.error is None
    assert changes.total == 2001
    assert len(org.requests) == 1


def test_one_objects_error_is_its_own(org: Any, answer: Any) -> None:
    bodies = [(200, page([row(1)])), (400, error("INVALID_FIELD", "\nSELECT x\n ^\nNo such column 'x'"))]
    org.script = [composite(answer, bodies)]
    queries = [ChangeQuery("Lead", ("Id",), SINCE), ChangeQuery("Contact", ("x",), SINCE)]
    found = read_changes(org.connect(), queries, 2000)
    assert found["Lead"].rows == [{"Id": "00Q1"}]
    assert found["Contact"].rows is None
    assert found["Contact"].error is not None
    assert found["Contact"].error.code == "INVALID_FIELD"
    assert len(org.requests) == 1


def test_what_passes_by_itself_is_asked_again_alone(org: Any, answer: Any) -> None:
    org.script = [
        composite(answer, [(200, page([row(1)])), (400, error("QUERY_TIMEOUT"))]),
        composite(answer, [(200, page([row(2)]))]),
    ]
    queries = [ChangeQuery("Lead", ("Id",), SINCE), ChangeQuery("Contact", ("Id",), SINCE)]
    found = read_changes(org.connect(), queries, 2000)
    assert found["Contact"].rows == [{"Id": "00Q2"}]
    assert len(org.requests) == 2


def test_a_lost_cursor_starts_the_query_anew(org: Any, answer: Any, refuse: Any) -> None:
    following = "/services/data/v62.0/query/0r8xx-1"
    org.script = [
        composite(answer, [(200, page([row(1)], 2, following))]),
        refuse("INVALID_QUERY_LOCATOR", 400),
        composite(answer, [(200, page([row(1), row(2)]))]),
    ]
    changes = read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)["Lead"]
    assert changes.rows == [{"Id": "00Q1"}, {"Id": "00Q2"}]


def test_fewer_rows_than_promised_are_an_error(org: Any, answer: Any) -> None:
    org.script = [composite(answer, [(200, page([row(1)], 2))])]
    changes = read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)["Lead"]
    assert changes.error is not None
    assert changes.error.code == "TRUNCATED"
    assert changes.rows is None


def test_the_daily_limit_inside_a_call_stops_everything(org: Any, answer: Any) -> None:
    org.script = [
        composite(answer, [(403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))])
    ]
    with pytest.raises(BudgetExhausted):
        read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)


def test_an_unanswered_question_is_an_error(org: Any, answer: Any) -> None:
    org.script = [answer(body={"compositeResponse": []})]
    with pytest.raises(SalesforceError, match="0 of 1 questions"):
        read_changes(org.connect(), [ChangeQuery("Lead", ("Id",), SINCE)], 2000)
