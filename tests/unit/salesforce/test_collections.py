"""Collections: chunks, poison rows, locks and lost answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tandem.errors import BudgetExhausted, SalesforceError
from tandem.salesforce.results import RowResult
from tandem.salesforce.write import send
from tandem.settings import ApiBudget


def flat(chunks: list[list[RowResult]]) -> list[RowResult]:
    return sorted((result for chunk in chunks for result in chunk), key=lambda result: result.index)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"Id": f"00Q{number:015d}", "Title": f"t{number}"} for number in range(count)]


def accept(answer: Any) -> Callable[[Any], Any]:
    """An org that takes every row."""

    def take(request: Any) -> Any:
        records = request.json["records"]
        return answer(
            body=[{"id": record.get("id", "new"), "success": True, "errors": []} for record in records]
        )

    return take


def picky(answer: Any, refuse: Any, poison: Callable[[dict[str, Any]], bool]) -> Callable[[Any], Any]:
    """An org that refuses a request as a whole when it holds a poison row, as for JSON of the wrong type."""
    take = accept(answer)

    def judge(request: Any) -> Any:
        if any(poison(record) for record in request.json["records"]):
            return refuse("JSON_PARSER_ERROR", 400, "Cannot deserialize")
        return take(request)

    return judge


def test_chunks_go_out_one_after_the_other(org: Any, answer: Any) -> None:
    org.script = [accept(answer)]
    sending = send(org.connect(), "Lead", "update", rows(450))
    sizes = []
    for number, chunk in enumerate(sending, 1):
        assert len(org.requests) == number, "a chunk went out before the one before it was settled"
        assert all(result.success and not result.created for result in chunk)
        sizes.append(len(chunk))
    assert sizes == [200, 200, 50]
    record = org.requests[0].json["records"][0]
    assert record == {"attributes": {"type": "Lead"}, "id": "00Q000000000000000", "Title": "t0"}
    assert org.requests[0].json["allOrNone"] is False


def test_every_row_has_one_result_with_its_own_words(org: Any, answer: Any) -> None:
    body = [
        {"id": "00Q1", "success": True, "errors": []},
        {
            "id": "00Q2",
            "success": False,
            "errors": [{"statusCode": "STRING_TOO_LONG", "message": "Title: too large", "fields": ["Title"]}],
        },
    ]
    org.script = [answer(body=body)]
    first, second = flat(list(send(org.connect(), "Lead", "update", rows(2))))
    assert first.success
    assert not second.success
    assert (second.errors[0].code, second.errors[0].fields) == ("STRING_TOO_LONG", ("Title",))


@pytest.mark.parametrize(
    "poison", [{0}, {199}, {57}, {3, 77, 78, 150}, set(range(8)), {0, 25, 50, 75, 100, 125, 150}]
)
def test_poison_rows_are_found_and_the_others_pass(
    org: Any, answer: Any, refuse: Any, poison: set[int]
) -> None:
    names = {f"t{number}" for number in poison}
    org.script = [picky(answer, refuse, lambda record: record["Title"] in names)]
    results = flat(list(send(org.connect(), "Lead", "create", [{"Title": f"t{n}"} for n in range(200)])))
    assert [result.index for result in results] == list(range(200))
    assert {result.index for result in results if not result.success} == poison
    assert {error.message for result in results for error in result.errors} == {"Cannot deserialize"}
    passed = [
        record["Title"]
        for request in org.requests
        for record in request.json["records"]
        if not any(each["Title"] in names for each in request.json["records"])
    ]
    assert len(passed) == len(set(passed)), "a row was created twice"
    assert len(org.requests) <= 12 + 16 * len(poison)


def test_a_refusal_of_everything_does_not_cost_a_call_per_row(org: Any, refuse: Any) -> None:
    org.script = [refuse("INVALID_FIELD", 400, "No such column 'Titel' on sobject of type Lead")]
    results = flat(list(send(org.connect(), "Lead", "update", rows(1000))))
    assert len(results) == 1000
    assert {error.code for result in results for error in result.errors} == {"INVALID_FIELD"}
    assert len(org.requests) == 5 + 8


def test_an_object_refused_as_a_whole_is_an_error(org: Any, refuse: Any) -> None:
    org.script = [refuse("NOT_FOUND", 404, "The requested resource does not exist")]
    with pytest.raises(SalesforceError, match="update of Leed"):
        list(send(org.connect(), "Leed", "update", rows(1)))


def test_locked_rows_are_sent_again_after_the_others_are_settled(org: Any, answer: Any) -> None:
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}
    fine = {"id": "1", "success": True, "errors": []}
    org.script = [
        answer(body=[fine, {"id": "2", **locked}, fine]),
        answer(body=[{"id": "2", **locked}]),
        answer(body=[fine]),
    ]
    chunks = list(send(org.connect(), "Lead", "update", rows(3)))
    assert [[result.index for result in chunk] for chunk in chunks] == [[0, 2], [1]]
    assert all(result.success for result in flat(chunks))


def test_a_lock_that_stays_is_an_error_of_its_row(org: Any, answer: Any) -> None:
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}
    org.script = [answer(body=[locked])]
    (result,) = flat(list(send(org.connect(max_attempts=3), "Lead", "update", rows(1))))
    assert result.errors[0].code == "UNABLE_TO_LOCK_ROW"
    assert len(org.requests) == 3


@pytest.mark.parametrize("first", [{"drop": True}, {"body": [1, 2], "cut": 2}, {"status": 503, "body": b""}])
def test_a_create_whose_answer_is_lost_is_never_sent_again(
    org: Any, answer: Any, first: dict[str, Any]
) -> None:
    org.script = [answer(**first), accept(answer)]
    chunks = list(send(org.connect(), "Lead", "create", [{"LastName": str(n)} for n in range(201)]))
    assert [len(chunk) for chunk in chunks] == [200, 1]
    assert all(result.lost and not result.success for result in chunks[0])
    assert chunks[1][0] == RowResult(200, "new", True, created=True)
    assert len(org.requests) == 2


@pytest.mark.parametrize("operation", ["update", "upsert"])
def test_an_update_whose_answer_is_lost_is_sent_again(org: Any, answer: Any, operation: Any) -> None:
    org.script = [answer(drop=True), accept(answer)]
    results = flat(list(send(org.connect(), "Lead", operation, rows(2), external_id="Key__c")))
    assert all(result.success for result in results)
    assert len(org.requests) == 2


def test_an_upsert_goes_by_its_field(org: Any, answer: Any) -> None:
    body = [{"id": "1", "success": True, "created": True}, {"id": "2", "success": True, "created": False}]
    org.script = [answer(body=body)]
    given = [{"Key__c": "a", "Title": "x"}, {"Key__c": "b", "Title": "x"}]
    results = flat(list(send(org.connect(), "Lead", "upsert", given, external_id="Key__c")))
    assert [result.created for result in results] == [True, False]
    assert org.requests[0].path.endswith("/composite/sobjects/Lead/Key__c")
    with pytest.raises(ValueError):
        list(send(org.connect(), "Lead", "upsert", given))


def test_deleting_what_is_deleted_is_done(org: Any, answer: Any) -> None:
    gone = {
        "id": "2",
        "success": False,
        "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "deleted"}],
    }
    odd = {"id": "3", "success": False, "errors": [{"statusCode": "DELETE_FAILED", "message": "no"}]}
    org.script = [answer(drop=True), answer(body=[{"id": "1", "success": True}, gone, odd])]
    results = flat(list(send(org.connect(), "Lead", "delete", rows(3))))
    assert [result.success for result in results] == [True, True, False]
    query = parse_qs(urlsplit(org.requests[1].path).query)
    assert query["ids"] == [",".join(row["Id"] for row in rows(3))]
    assert query["allOrNone"] == ["false"]


def test_assignment_rules_run_only_on_demand(org: Any, answer: Any) -> None:
    org.script = [accept(answer)]
    connection = org.connect()
    list(send(connection, "Lead", "create", [{"LastName": "x"}]))
    list(send(connection, "Lead", "create", [{"LastName": "x"}], auto_assign=True))
    assert [request.headers["Sforce-Auto-Assign"] for request in org.requests] == ["FALSE", "TRUE"]


def test_values_leave_as_salesforce_takes_them(org: Any, answer: Any) -> None:
    org.script = [accept(answer)]
    given = [{"LastName": "", "A": float("nan"), "B": "NA"}, {"C": float("inf")}]
    sent, refused = flat(list(send(org.connect(), "Lead", "create", given)))
    assert org.requests[0].json["records"] == [
        {"attributes": {"type": "Lead"}, "LastName": None, "A": None, "B": "NA"}
    ]
    assert sent.success
    assert refused.errors[0].fields == ("C",)


def test_the_budget_ends_between_chunks(org: Any, answer: Any) -> None:
    org.script = [accept(answer)]
    connection = org.connect(budget=ApiBudget(daily_calls=2))
    sending = send(connection, "Lead", "create", [{"LastName": "x"}] * 500)
    assert [len(next(sending)), len(next(sending))] == [200, 200]
    with pytest.raises(BudgetExhausted):
        next(sending)
    assert len(org.requests) == 2


def test_an_answer_for_fewer_rows_is_no_answer(org: Any, answer: Any) -> None:
    org.script = [answer(body=[{"id": "1", "success": True}])]
    assert all(r.lost for r in flat(list(send(org.connect(), "Lead", "create", [{"LastName": "x"}] * 2))))
    with pytest.raises(SalesforceError, match="each of 2 rows"):
        list(send(org.connect(), "Lead", "update", rows(2)))
