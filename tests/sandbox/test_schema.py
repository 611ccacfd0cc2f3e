"""The sandbox's schema against describe answers that real orgs gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from http_client import Client

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "describe"
pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"the recorded describe answers are missing: {RECORDED}"
)
FULL = ["Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Event"]
NOT_OURS = {"Account": {"RecordTypeId"}, "Event": {"WhatId", "RecurrenceTimeZoneSidKey"}}
"""Fields of the recorded org that stand for its own set-up: packages, record types, custom fields."""


def recorded(name: str) -> dict[str, Any]:
    return dict(json.loads((RECORDED / f"{name}.json").read_text()))


def own_custom(name: str) -> bool:
    return name.endswith("__c")


@pytest.mark.parametrize("name", FULL)
def test_objects_have_every_key_of_recorded_answers(client: Client, name: str) -> None:
    ours = client.get(f"sobjects/{name}/describe").json()
    theirs = recorded(name)
    assert set(theirs) - set(ours) == set()
    assert set(theirs["fields"][0]) == set(ours["fields"][0])
    if theirs["childRelationships"] and ours["childRelationships"]:
        assert set(theirs["childRelationships"][0]) == set(ours["childRelationships"][0])
    same = ["createable", "updateable", "deletable", "undeletable", "keyPrefix", "label", "labelPlural"]
    same += ["mergeable", "queryable"]
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}


@pytest.mark.parametrize("name", FULL)
def test_fields_are_those_of_recorded_answers_flag_by_flag(client: Client, name: str) -> None:
    ours = {field["name"]: field for field in client.get(f"sobjects/{name}/describe").json()["fields"]}
    differing = {}
    for field in recorded(name)["fields"]:
        if own_custom(field["name"]) or field["name"] in NOT_OURS.get(name, ()):
            continue
        mine = ours.get(field["name"])
        if mine is None:
            differing[field["name"]] = "missing"
            continue
        for key, value in field.items():
            if mine[key] != value:
                differing[f"{field['name']}.{key}"] = f"{mine[key]!r} should be {value!r}"
    assert not differing, "\n".join(f"{key}: {value}" for key, value in differing.items())


@pytest.mark.parametrize("name", FULL)
def test_child_relationships_are_those_of_recorded_answers(client: Client, name: str) -> None:
    def told(answer: dict[str, Any]) -> dict[tuple[str, str], list[Any]]:
        keys = ("relationshipName", "cascadeDelete", "restrictedDelete")
        return {
            (item["childSObject"], item["field"]): [item[key] for key in keys]
            for item in answer["childRelationships"]
        }

    ours, theirs = told(client.get(f"sobjects/{name}/describe").json()), told(recorded(name))
    assert {key: ours[key] for key in ours.keys() & theirs.keys()} == {
        key: theirs[key] for key in ours.keys() & theirs.keys()
    }


FLAGGED = ["Lead", "Contact", "Account", "User", "RecordType", "Organization", "Opportunity", "Campaign"]
FLAGGED += ["OpportunityContactRole", "OpportunityStage", "CampaignMember", "CampaignMemberStatus"]
FLAGGED += ["Task", "Event"]


@pytest.mark.parametrize("name", FLAGGED)
def test_fields_agree_with_the_v64_flags(client: Client, name: str) -> None:
    flags = json.loads((RECORDED / "field_flags_v64.json").read_text())[name]["fields"]
    known = {field["name"]: field for field in flags}
    differing = {}
    for field in client.get(f"sobjects/{name}/describe").json()["fields"]:
        theirs = known.get(field["name"])
        if theirs is None:
            continue
        for key in ("nillable", "createable", "updateable", "type"):
            if (
                key == "type"
                and theirs[key] in ("string", "picklist")
                and field[key] in ("string", "picklist")
            ):
                continue
            if field[key] != theirs[key]:
                differing[f"{field['name']}.{key}"] = f"{field[key]!r} should be {theirs[key]!r}"
    assert not differing, "\n".join(f"{key}: {value}" for key, value in differing.items())
