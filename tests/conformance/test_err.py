"""Sync errors (section 24)."""

from __future__ import annotations

import csv
import io
import json

import pytest

from flows.outcome import StepsFailed
from tandem.errors import AuthenticationError, SalesforceError
from tests.conformance.conftest import Cast, tandem
from tests.conformance.wire import Wire
from tests.support.world import World

UPDATE = "PATCH /services/data/*/composite/sobjects"


@pytest.mark.conformance("ERR-01")
def test_record_errors_carry_the_ids_of_both_systems_and_job_errors_the_job(
    synced: World, cast: Cast
) -> None:
    synced.org.add_validation_rule(
        "Lead", "Never", condition="Fax = 'never'", message="Never, ever.", field="Fax"
    )
    synced.execute("UPDATE marketing.person SET fax_number = 'never' WHERE sfdc_id = ?", cast.lead)
    synced.org.hide_field("Contact", "Email")
    with pytest.raises(StepsFailed):
        synced.sync()

    shown = {each["level"]: each for each in json.loads(tandem("errors", "--list", "--json"))["errors"]}
    record, job = shown["record"], shown["job"]
    assert len(shown) == 2
    assert record["person_id"] == synced.person(cast.lead)["id"]
    assert record["sfdc_id"] == cast.lead
    assert (record["code"], record["message"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Never, ever.")
    assert (record["object"], record["operation"], record["fields"]) == ("Lead", "Push updates", ["Fax"])
    assert (job["object"], job["operation"]) == ("Contact", "Sync schema")
    assert (job["person_id"], job["sfdc_id"]) == (None, None)
    assert "Email" in job["message"]
    assert record["logged_at"]
    assert job["logged_at"]

    synced.execute("UPDATE marketing.person SET fax_number = NULL WHERE sfdc_id = ?", cast.lead)
    synced.sync(objects=["Lead"])  # the edit was taken back: nothing is to be sent, so nothing stands
    assert tandem("errors", "--level", "record") == "No errors.\n"


@pytest.mark.conformance("ERR-02")
def test_five_days_of_errors_by_time_and_level(synced: World, cast: Cast) -> None:
    synced.org.add_validation_rule("Lead", "Never", condition="Fax = 'never'", message="Never, ever.")
    synced.execute("UPDATE marketing.person SET fax_number = 'never' WHERE sfdc_id = ?", cast.lead)
    synced.org.hide_field("Contact", "Email")
    with pytest.raises(StepsFailed):
        synced.sync()

    def rows(*arguments: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(tandem("errors", "--csv", *arguments))))

    assert sorted(row["level"] for row in rows()) == ["job", "record"]
    assert [row["sfdc_id"] for row in rows("--level", "record")] == [cast.lead]
    assert [row["object"] for row in rows("--level", "job")] == ["Contact"]
    synced.execute("UPDATE sync.error SET logged_at = logged_at - INTERVAL 4 DAY WHERE level = 'record'")
    synced.execute("UPDATE sync.error SET logged_at = logged_at - INTERVAL 6 DAY WHERE level = 'job'")
    assert [row["level"] for row in rows()] == ["record"]
    assert rows("--since", "3d") == []
    assert sorted(row["level"] for row in rows("--since", "7d")) == ["job", "record"]


#: 24.6, class by class.
AUTHENTICATION = (
    "AUTHENTICATION_FAILURE",
    "EXPIRED_ACCESS",
    "INACTIVE_USER",
    "INACTIVE_ORGANIZATION",
    "INVALID_GRANT",
)
ACCESS = (
    *("API_CURRENTLY_DISABLED", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "ENTITY_IS_LOCKED"),
    *("FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION", "FIELD_INTEGRITY_EXCEPTION"),
    *("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY"),
    *("INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "REQUIRED_FIELD_MISSING", "TXN_SECURITY_NO_ACCESS"),
)
INTERMITTENT = (
    *("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "FAILED_WRITE"),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
)
OTHER = ("CANNOT_UPDATE_CONVERTED_LEAD", "UNKNOWN_EXCEPTION")


def answer_with(world: World, code: str, status: int = 400, message: str = "", **how: object) -> None:
    """Let the org refuse updates with a code."""
    world.org.faults.add(UPDATE, "status", status=status, code=code, message=message, **how)


def standing(world: World) -> list[dict[str, object]]:
    """Return the errors that stand."""
    return world.rows("SELECT level, code, class FROM sync.error WHERE resolved_at IS NULL ORDER BY id")


def attempts(wire: Wire) -> int:
    """Return how often updates were sent."""
    return sum(each.method == "PATCH" for each in wire.said)


@pytest.mark.conformance("ERR-03")
@pytest.mark.parametrize("code", AUTHENTICATION)
def test_a_refused_login_stops_the_job(synced: World, wire: Wire, code: str) -> None:
    synced.org.faults.add("POST */oauth2/token", "status", status=400, code=code, times=None)
    with pytest.raises(AuthenticationError, match=code):
        synced.sync()
    assert [each.path for each in wire.said] == ["/services/oauth2/token"]  # once, and nothing after it
    assert standing(synced) == [{"level": "job", "code": code, "class": "authentication"}]


@pytest.mark.conformance("ERR-03")
@pytest.mark.parametrize(
    ("code", "kind"), [("INACTIVE_USER", "authentication"), ("API_CURRENTLY_DISABLED", "access")]
)
def test_what_would_stop_every_request_stops_the_job(
    synced: World, cast: Cast, wire: Wire, code: str, kind: str
) -> None:
    for record in (cast.lead, cast.contact):
        synced.execute("UPDATE marketing.person SET job_title = 'Waits' WHERE sfdc_id = ?", record)
    answer_with(synced, code, status=403, times=None)
    with pytest.raises(SalesforceError, match=code) as stopped:
        synced.sync(objects=["Lead", "Contact"])
    assert "\n" not in str(stopped.value)
    assert ("run the sync again later" in str(stopped.value)) == (code == "API_CURRENTLY_DISABLED")
    assert attempts(wire) == 1  # neither tried again nor followed by the next object
    assert {(row["level"], row["class"]) for row in standing(synced)} == {("job", kind)}

    synced.org.faults.clear()
    synced.sync(objects=["Lead", "Contact"])  # nothing is lost once it is put right
    assert synced.org.get("Lead", cast.lead)["Title"] == "Waits"
    assert synced.org.get("Contact", cast.contact)["Title"] == "Waits"


@pytest.mark.conformance("ERR-03")
def test_refused_records_are_not_tried_again_until_they_change(synced: World, wire: Wire) -> None:
    rows = [{"LastName": code, "Company": "Refused Ltd"} for code in (*ACCESS, *OTHER)]
    records = dict(zip((*ACCESS, *OTHER), synced.org.create_many("Lead", rows), strict=True))
    synced.sync(objects=["User", "Lead"])

    refusals = [
        synced.org.faults.add(
            UPDATE, "refuse_row", code=code, message=f"{code} it is", rows=[record], times=None
        )
        for code, record in records.items()
    ]
    synced.execute("UPDATE marketing.person SET job_title = 'Refused' WHERE company_name = 'Refused Ltd'")
    synced.sync(objects=["Lead"])
    found = synced.rows(
        "SELECT sfdc_id, level, code, class, message FROM sync.error WHERE resolved_at IS NULL"
    )
    assert sorted(found, key=str) == sorted(
        (
            {
                "sfdc_id": record,
                "level": "record",
                "code": code,
                "class": "access" if code in ACCESS else "other",
                "message": f"{code} it is",
            }
            for code, record in records.items()
        ),
        key=str,
    )
    for code, record in records.items():
        [logged] = synced.activities(synced.person(record)["id"], 28)
        assert logged["attributes"]["Error Message"] == f"{code} it is"

    for refusal in refusals:
        refusal.remove()
    wire.forget()
    synced.sync(objects=["Lead"])
    assert wire.writes() == []  # nothing changed: not tried again

    half = list(records.values())[::2]
    for record in half:
        synced.org.update("Lead", record, {"Fax": "+44 20 7"})  # some change in Salesforce, the others here
    synced.execute(
        "UPDATE marketing.person SET job_title = 'Better' WHERE company_name = 'Refused Ltd'"
        f" AND sfdc_id NOT IN ({', '.join('?' * len(half))})",
        *half,
    )
    synced.sync(objects=["Lead"])
    titles = {record: synced.org.get("Lead", record)["Title"] for record in records.values()}
    assert titles == {record: "Refused" if record in half else "Better" for record in records.values()}
    assert standing(synced) == []


@pytest.mark.conformance("ERR-03")
def test_what_passes_by_itself_is_tried_again(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__MAX_ATTEMPTS", "10")
    synced.execute("UPDATE marketing.person SET job_title = 'At last' WHERE sfdc_id = ?", cast.lead)
    # One after the other: the first try is answered with the first code, the second with the second …
    for number, code in enumerate(INTERMITTENT):
        if code == "UNABLE_TO_LOCK_ROW":  # a row's answer; the others are the request's
            synced.org.faults.add(UPDATE, "lock_row", skip=number)
        else:
            answer_with(synced, code, status=503, message="ConcurrentRequests limit exceeded", skip=number)
    synced.sync(objects=["Lead"])
    assert attempts(wire) == len(INTERMITTENT) + 1
    assert synced.org.get("Lead", cast.lead)["Title"] == "At last"
    assert standing(synced) == []


@pytest.mark.conformance("ERR-03")
def test_a_lock_that_does_not_pass_is_tried_again_in_the_next_cycle(
    synced: World, cast: Cast, wire: Wire
) -> None:
    synced.execute("UPDATE marketing.person SET job_title = 'At last' WHERE sfdc_id = ?", cast.lead)
    held = synced.org.faults.add(UPDATE, "lock_row", times=None)
    synced.sync(objects=["Lead"])
    assert standing(synced) == [{"level": "record", "code": "UNABLE_TO_LOCK_ROW", "class": "intermittent"}]
    assert 1 < attempts(wire) <= 5

    held.remove()
    synced.sync(objects=["Lead"])
    assert synced.org.get("Lead", cast.lead)["Title"] == "At last"
    assert standing(synced) == []
