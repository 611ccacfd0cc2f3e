"""The suites in expectations/: read by Great Expectations as they are, and every rule does its work."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from quality_staging import SUITES, Stage

from tandem.objects import OBJECTS
from tandem.quality.check import examine
from tandem.quality.suite import load

DESCRIBE = Path(__file__).parents[4] / "shared" / "data" / "describe"

USER_ID, QUEUE_ID, LEAD_ID = "005000000000001AAA", "00G000000000001AAA", "00Q000000000001AAA"
CONTACT_ID, ACCOUNT_ID, OPPORTUNITY_ID = "003000000000001AAA", "001000000000001AAA", "006000000000001AAA"
ROLE_ID, TASK_ID, EVENT_ID = "00K000000000001AAA", "00T000000000001AAA", "00U000000000001AAA"
CAMPAIGN_ID = "701000000000001AAA"
MADE, CHANGED = datetime(2024, 5, 1, 9), datetime(2024, 5, 1, 10)

TYPES = {
    "IsDeleted": "BOOLEAN",
    "IsConverted": "BOOLEAN",
    "SystemModstamp": "TIMESTAMP",
    "CreatedDate": "TIMESTAMP",
    "ConvertedDate": "DATE",
    **dict.fromkeys(("CloseDate", "StartDate", "EndDate"), "DATE"),
    **dict.fromkeys(("StartDateTime", "EndDateTime"), "TIMESTAMP"),
    **dict.fromkeys(("IsClosed", "IsWon"), "BOOLEAN"),
    **dict.fromkeys(("Amount", "BudgetedCost", "ExpectedRevenue", "ExpectedResponse"), "DOUBLE"),
    "DurationInMinutes": "BIGINT",
    "AnnualRevenue": "DOUBLE",
    "ActualCost": "DOUBLE",
    "NumberOfEmployees": "BIGINT",
    "Probability": "DOUBLE",
}

REACHED = {"Phone": "+49 30 901820", "Website": "www.müller.example/über?x=1"}
STAMPS = {"SystemModstamp": CHANGED, "CreatedDate": MADE}
LIVE = {"IsDeleted": False, "MasterRecordId": None, "OwnerId": USER_ID, **STAMPS}

GOOD: dict[str, dict[str, Any]] = {
    "User": {
        "Id": USER_ID,
        **STAMPS,
        "Email": "ann@example.com",
        "ManagerId": "005000000000002AAA",
        "UserType": "Standard",
        "LastName": "Lee",
        "Phone": "+44 20 7946 0000",
    },
    "Group": {"Id": QUEUE_ID, "Name": "Inbound", "SystemModstamp": CHANGED, "Type": "Queue"},
    "Account": {
        "Id": ACCOUNT_ID,
        **LIVE,
        "ParentId": "001000000000002AAA",
        "Name": "Müller & Söhne",
        "Industry": "Energy",
        **REACHED,
        "AnnualRevenue": 0.0,
        "NumberOfEmployees": 0,
    },
    "Lead": {
        "Id": LEAD_ID,
        **LIVE,
        "OwnerId": QUEUE_ID,
        "IsConverted": True,
        "ConvertedDate": None,
        "ConvertedAccountId": ACCOUNT_ID,
        "ConvertedContactId": CONTACT_ID,
        "Status": "Open",
        "ConvertedOpportunityId": OPPORTUNITY_ID,
        "Email": "bo+x@mail.example.com",
        "Company": "NA",
        "LastName": "O'Neil",
        "FirstName": "NA",
        **REACHED,
        "MobilePhone": "0170/12 34 56",
        "AnnualRevenue": 1e6,
        "NumberOfEmployees": 12,
    },
    "Contact": {
        "Id": CONTACT_ID,
        **LIVE,
        "AccountId": ACCOUNT_ID,
        "Email": "zoë@müller.example",
        "LastName": "李",
        "FirstName": None,
        "Phone": "555 0109 ext. 7",
        "MobilePhone": "+1 (555) 010-9999",
    },
    "Opportunity": {
        "Id": OPPORTUNITY_ID,
        "IsDeleted": False,
        **STAMPS,
        "AccountId": ACCOUNT_ID,
        "CampaignId": None,
        "OwnerId": USER_ID,
        "Name": "NA",
        "StageName": "Prospecting",
        "Probability": 100.0,
        "CloseDate": date(2024, 5, 2),
        "Amount": 0.0,
        "IsClosed": True,
        "IsWon": True,
    },
    "OpportunityContactRole": {
        "Id": ROLE_ID,
        "IsDeleted": False,
        **STAMPS,
        "ContactId": CONTACT_ID,
        "OpportunityId": OPPORTUNITY_ID,
    },
    "Campaign": {
        "Id": CAMPAIGN_ID,
        "IsDeleted": False,
        **STAMPS,
        "OwnerId": USER_ID,
        "ParentId": None,
        "CampaignMemberRecordTypeId": None,
        "Name": "Launch",
        "Type": "Webinar",
        "Status": "Planned",
        "IsActive": True,
        "ActualCost": 0.0,
        "BudgetedCost": 0.0,
        "ExpectedRevenue": 0.0,
        "ExpectedResponse": 100.0,
        "StartDate": date(2024, 5, 1),
        "EndDate": date(2024, 5, 1),
    },
    "CampaignMemberStatus": {
        "Id": "01Y000000000001AAA",
        "IsDeleted": False,
        "SystemModstamp": CHANGED,
        "CampaignId": CAMPAIGN_ID,
        "Label": "Sent",
    },
    "CampaignMember": {
        "Id": "00v000000000001AAA",
        "IsDeleted": False,
        **STAMPS,
        "CampaignId": CAMPAIGN_ID,
        "LeadId": None,
        "ContactId": CONTACT_ID,
        "Status": "Sent",
    },
    "Task": {"Id": TASK_ID, "IsDeleted": False, **STAMPS, "WhoId": LEAD_ID},
    "Event": {
        "Id": EVENT_ID,
        "IsDeleted": False,
        **STAMPS,
        "WhoId": CONTACT_ID,
        "StartDateTime": MADE,
        "EndDateTime": MADE,
        "DurationInMinutes": 0,
    },
}

NOT_NULL = "expect_column_values_to_not_be_null"
REGEX = "expect_column_values_to_match_regex"
BETWEEN = "expect_column_values_to_be_between"
LATER = "expect_column_pair_values_a_to_be_greater_than_b"
IN_SET = "expect_column_values_to_be_in_set"
NOT_IN_SET = "expect_column_values_to_not_be_in_set"

#: Per object: column, bad value, the expectation that must catch it, its severity.
_BAD_NUMBERS = [
    ("AnnualRevenue", -0.01, BETWEEN, "critical"),
    ("NumberOfEmployees", -1, BETWEEN, "critical"),
    ("AnnualRevenue", 2e13, BETWEEN, "warning"),
    ("NumberOfEmployees", 6_000_000, BETWEEN, "warning"),
]
_BAD_STAMPS = [
    ("SystemModstamp", None, NOT_NULL, "critical"),
    ("IsDeleted", None, NOT_NULL, "critical"),
    ("CreatedDate", datetime(2030, 1, 1), LATER, "warning"),
]
_BAD_IDENTITY = [
    *_BAD_STAMPS,
    ("MasterRecordId", "nobody", REGEX, "critical"),
    ("OwnerId", None, NOT_NULL, "critical"),
    ("OwnerId", CONTACT_ID, REGEX, "critical"),
]
_BAD_MAIL = [
    *(
        ("Email", mail, REGEX, "critical")
        for mail in ("none", "@x.de", "a@", "a@b@c.de", "a b@c.de", "a@c.de\n")
    ),
    *(("Email", mail, REGEX, "warning") for mail in ("a@localhost", "a@b..de", "a@.de")),
]
_BAD_SITES = [("Website", site, REGEX, "warning") for site in ("none", "a b.example", "http://", "a..b")]
_BAD_PHONES = [
    *(("Phone", number, REGEX, "warning") for number in ("n/a", "12345", "+")),
    ("MobilePhone", "none", REGEX, "warning"),
]
_BAD_NAMES = [("LastName", "Test", NOT_IN_SET, "warning"), ("FirstName", "-", NOT_IN_SET, "warning")]
BAD: dict[str, list[tuple[str, Any, str, str]]] = {
    "User": [
        ("SystemModstamp", None, NOT_NULL, "critical"),
        ("CreatedDate", datetime(2030, 1, 1), LATER, "warning"),
        ("ManagerId", "nobody", REGEX, "warning"),
        ("LastName", None, NOT_NULL, "warning"),
        ("LastName", " ", REGEX, "warning"),
        ("Email", None, NOT_NULL, "warning"),
        ("Email", "none", REGEX, "warning"),
        ("Phone", "none", REGEX, "warning"),
    ],
    "Group": [
        ("SystemModstamp", None, NOT_NULL, "critical"),
        ("Name", None, NOT_NULL, "warning"),
        ("Name", "\t", REGEX, "warning"),
        ("Type", "Regular", IN_SET, "warning"),
    ],
    "Account": [
        *_BAD_IDENTITY,
        *_BAD_NUMBERS,
        ("OwnerId", QUEUE_ID, REGEX, "critical"),
        ("Name", None, NOT_NULL, "critical"),
        ("Name", "\u3000", REGEX, "critical"),
        ("ParentId", LEAD_ID, REGEX, "critical"),
        ("Name", "N/A", NOT_IN_SET, "warning"),
        ("Industry", None, NOT_NULL, "info"),
        _BAD_PHONES[0],
        *_BAD_SITES,
    ],
    "Lead": [
        *_BAD_IDENTITY,
        *_BAD_NUMBERS,
        *_BAD_MAIL,
        ("LastName", None, NOT_NULL, "critical"),
        ("LastName", "", REGEX, "critical"),
        ("Company", None, NOT_NULL, "critical"),
        ("Company", " \u00a0\n", REGEX, "critical"),
        ("IsConverted", None, NOT_NULL, "critical"),
        ("Status", None, NOT_NULL, "warning"),
        ("ConvertedContactId", ACCOUNT_ID, REGEX, "critical"),
        ("ConvertedAccountId", CONTACT_ID, REGEX, "critical"),
        ("ConvertedOpportunityId", "", REGEX, "warning"),
        ("ConvertedContactId", None, NOT_NULL, "warning"),
        ("Email", None, NOT_NULL, "info"),
        *_BAD_PHONES,
        *_BAD_SITES,
        *_BAD_NAMES,
    ],
    "Contact": [
        *_BAD_IDENTITY,
        *_BAD_MAIL,
        ("OwnerId", QUEUE_ID, REGEX, "critical"),
        ("AccountId", LEAD_ID, REGEX, "critical"),
        ("LastName", None, NOT_NULL, "critical"),
        ("LastName", "  ", REGEX, "critical"),
        ("AccountId", None, NOT_NULL, "warning"),
        ("Email", None, NOT_NULL, "info"),
        *_BAD_PHONES,
        *_BAD_NAMES,
    ],
    "Opportunity": [
        *_BAD_STAMPS,
        ("Name", None, NOT_NULL, "critical"),
        ("StageName", None, NOT_NULL, "warning"),
        ("AccountId", LEAD_ID, REGEX, "critical"),
        ("Probability", 101.0, BETWEEN, "warning"),
        ("AccountId", None, NOT_NULL, "warning"),
        ("CloseDate", None, NOT_NULL, "warning"),
        ("Amount", -1.0, BETWEEN, "warning"),
        ("Amount", None, NOT_NULL, "info"),
        ("IsClosed", False, IN_SET, "warning"),
    ],
    "OpportunityContactRole": [
        *_BAD_STAMPS,
        ("ContactId", None, NOT_NULL, "critical"),
        ("ContactId", LEAD_ID, REGEX, "critical"),
        ("OpportunityId", None, NOT_NULL, "critical"),
        ("OpportunityId", ACCOUNT_ID, REGEX, "critical"),
    ],
    "Campaign": [
        *_BAD_STAMPS,
        ("Name", None, NOT_NULL, "critical"),
        *((cost, -1.0, BETWEEN, "warning") for cost in ("ActualCost", "BudgetedCost", "ExpectedRevenue")),
        ("ExpectedResponse", 101.0, BETWEEN, "warning"),
        ("EndDate", date(2024, 4, 30), LATER, "warning"),
    ],
    "CampaignMemberStatus": [
        *_BAD_STAMPS[:2],
        ("CampaignId", None, NOT_NULL, "critical"),
        ("CampaignId", LEAD_ID, REGEX, "critical"),
        ("Label", None, NOT_NULL, "critical"),
        ("Label", " ", REGEX, "critical"),
    ],
    "CampaignMember": [
        *_BAD_STAMPS,
        ("CampaignId", None, NOT_NULL, "critical"),
        ("CampaignId", LEAD_ID, REGEX, "critical"),
        ("LeadId", CONTACT_ID, REGEX, "critical"),
        ("ContactId", LEAD_ID, REGEX, "critical"),
        ("Status", None, NOT_NULL, "warning"),
        ("ContactId", None, NOT_NULL, "warning"),
    ],
    "Task": [*_BAD_STAMPS, ("WhoId", None, NOT_NULL, "critical"), ("WhoId", ACCOUNT_ID, REGEX, "critical")],
    "Event": [
        *_BAD_STAMPS,
        ("WhoId", None, NOT_NULL, "critical"),
        ("WhoId", USER_ID, REGEX, "critical"),
        ("EndDateTime", datetime(2024, 5, 1, 8), LATER, "warning"),
        ("DurationInMinutes", -1, BETWEEN, "warning"),
    ],
}

#: Ids that are not ids of the object: the short form, another object's, a line end behind, a bad suffix.
BAD_IDS = ("{}000000000009", "00X000000000009AAA", "{}000000000009AAA\n", "{}000000000009AA9", "")


def batch_types(object: str) -> dict[str, str]:
    return {column: TYPES.get(column, "VARCHAR") for column in GOOD[object]}


@pytest.mark.parametrize("object", OBJECTS)
def test_great_expectations_reads_the_suite_unmodified(object: str) -> None:
    from great_expectations import ExpectationSuite

    document = json.loads((SUITES / f"{object.lower()}.json").read_text())
    suite = ExpectationSuite(**document)
    again = suite.to_json_dict()["expectations"]
    # It drops what it cannot read with no more than a log line, so compare one by one.
    assert [(e["type"], e["severity"]) for e in again] == [
        (e["type"], e["severity"]) for e in document["expectations"]
    ]
    for read, written in zip(again, document["expectations"], strict=True):
        assert written["kwargs"].items() <= read["kwargs"].items()


@pytest.mark.parametrize("object", OBJECTS)
def test_every_rule_catches_its_bad_value_and_no_good_one(object: str, stage: Stage) -> None:
    good, prefix = GOOD[object], GOOD[object]["Id"][:3]
    rows, expected = [good], set()
    for number, (column, value, kind, severity) in enumerate(BAD[object]):
        sfdc_id = f"{prefix}0000000{number:05d}BBB"
        rows.append({**good, "Id": sfdc_id, column: value})
        expected.add((sfdc_id, kind, "SystemModstamp" if column == "CreatedDate" else column, severity))
    for number, pattern in enumerate(BAD_IDS):
        sfdc_id = pattern.format(prefix)
        rows.append({**good, "Id": sfdc_id, "SystemModstamp": datetime(2024, 6, 1 + number)})
        expected.add((sfdc_id, REGEX, "Id", "critical"))
    rows.append({**good, "Id": None})
    expected.add(("", NOT_NULL, "Id", "critical"))

    report = examine(object, [stage(batch_types(object), *rows)], SUITES)

    found = {(f.sfdc_id, f.expectation, f.column, f.severity) for f in report.findings + report.warnings}
    # An address without any @ breaks the rule about its domain as well.
    also = {each for each in found - expected if each[2] == "Email" and each[3] == "warning"}
    assert found - also == expected
    assert report.unjudged == []
    # Nothing in the suite is left without a bad value that it alone must catch.
    suite = load(SUITES, object)
    assert suite is not None
    for rule in suite.rules:
        if not rule.is_structural and not rule.is_for_report:
            assert any(e[1:] == (rule.type, rule.subjects[0], rule.severity) for e in expected), rule


@pytest.mark.parametrize("object", OBJECTS)
def test_nobody_is_held_back_for_optional_values(object: str, stage: Stage) -> None:
    optional = {
        *("MasterRecordId", "ParentId", "AccountId", "ManagerId", "ConvertedDate", "ConvertedAccountId"),
        *("ConvertedContactId", "ConvertedOpportunityId", "AnnualRevenue", "NumberOfEmployees"),
        *("Probability", "ActualCost", "CampaignMemberRecordTypeId"),
        *({"CampaignId"} if object == "Opportunity" else ()),
        *({"Type"} if object == "Campaign" else ()),
        *({"LeadId", "ContactId"} if object == "CampaignMember" else ()),
        *({"Email"} if object in ("Lead", "Contact") else ()),
    }
    row = {column: None if column in optional else value for column, value in GOOD[object].items()}
    report = examine(object, [stage(batch_types(object), row)], SUITES, only_critical=True)
    assert (report.findings, report.warnings, report.failed) == ([], [], False)


@pytest.mark.parametrize("object", ["Account", "Lead", "Contact"])
def test_a_deleted_record_is_held_to_its_identity_only(object: str, stage: Stage) -> None:
    gone = dict.fromkeys(GOOD[object]) | {
        "Id": GOOD[object]["Id"],
        "IsDeleted": True,
        **STAMPS,
        "MasterRecordId": GOOD[object]["Id"][:-4] + "9AAA",
        "AnnualRevenue": -5.0,
        "Email": "x",
    }
    row = {column: gone[column] for column in GOOD[object]}
    types = batch_types(object)
    report = examine(object, [stage(types, row)], SUITES)
    assert (report.findings, report.warnings) == ([], [])

    report = examine(object, [stage(types, {**row, "MasterRecordId": "x"})], SUITES)
    assert [finding.column for finding in report.findings] == ["MasterRecordId"]


@pytest.mark.parametrize("object", OBJECTS)
def test_demands_the_required_fields_that_a_batch_carries(object: str) -> None:
    # 2.18; of these a batch stages what the object maps or is driven by: a person's Name is not read.
    declared = OBJECTS[object]
    suite = load(SUITES, object)
    assert suite is not None
    demanded = {rule.subjects[0] for rule in suite.rules if rule.is_structural and rule.is_critical}
    assert demanded == set(declared.required) & {*declared.fields, *declared.drivers}


@pytest.mark.skipif(not DESCRIBE.is_dir(), reason="needs the recorded describe answers")
@pytest.mark.parametrize("object", ["Account", "Lead", "Contact", "User"])
def test_names_only_fields_that_salesforce_has(object: str) -> None:
    if object == "User":
        fields = json.loads((DESCRIBE / "field_flags_v64.json").read_text())["User"]["fields"]
    else:
        fields = json.loads((DESCRIBE / f"{object}.json").read_text())["fields"]
    suite = load(SUITES, object)
    assert suite is not None
    own = {column for rule in suite.rules for column in rule.columns if "." not in column}
    assert own <= {field["name"] for field in fields}
