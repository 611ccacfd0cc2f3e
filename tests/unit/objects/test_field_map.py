"""The field map is a pure function of what the sync user sees and what was mapped before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tandem.objects import ACCOUNT, CONTACT, LEAD, USER
from tandem.objects.field_map import FieldMapChange, missing_fields, plan_field_map, snake_case
from tandem.salesforce.description import FieldDescribe, ObjectDescribe
from tests.support.offline import describe

BASE = dict.fromkeys(LEAD.required, "string")


def lead_map(fields: dict[str, str], before: FieldMapChange | None = None, **taken: str) -> FieldMapChange:
    return plan_field_map(LEAD, describe("Lead", {**BASE, **fields}), before.fields if before else (), taken)


def columns(change: FieldMapChange) -> dict[str, str | None]:
    return {each.field: each.column for each in change.fields if each.active}


def test_names_of_columns() -> None:
    mapped = columns(
        lead_map({"mkto71_Lead_Score__c": "double", "Tier__c": "string", "CleanStatus": "picklist"})
    )
    assert mapped["mkto71_Lead_Score__c"] == "score"
    assert mapped["Tier__c"] == "tier__c"
    assert mapped["CleanStatus"] == "clean_status"
    assert mapped["OwnerId"] is None  # read for the sync's own use


def test_like_named_custom_fields_share_a_column_only_if_their_types_agree() -> None:
    contact = dict.fromkeys(CONTACT.required, "string") | {"Tier__c": "string", "Size__c": "double"}
    change = plan_field_map(
        CONTACT, describe("Contact", contact), (), {"tier__c": "VARCHAR", "size__c": "VARCHAR"}
    )
    assert columns(change)["Tier__c"] == "tier__c"
    assert columns(change)["Size__c"] == "contact_size__c"


def test_compound_fields_are_left_to_their_parts() -> None:
    described = describe("Lead", {**BASE, "City": "string", "Address": "address"})
    parts = {
        **described.fields,
        "FirstName": FieldDescribe("FirstName", "First Name", "string", compound_field_name="Name"),
    }
    change = plan_field_map(LEAD, replace(described, fields=parts), (), {})
    assert {"City", "FirstName"} <= columns(change).keys()
    assert {"Name", "Address"}.isdisjoint(columns(change))


def test_fields_never_synced() -> None:
    account = dict.fromkeys(ACCOUNT.required, "string") | {
        "Fax": "phone",
        "Site": "string",
        "LastModifiedById": "reference",
    }
    mapped = columns(plan_field_map(ACCOUNT, describe("Account", account), (), {}))
    assert "Site" in mapped
    assert {"Fax", "LastModifiedById"}.isdisjoint(mapped)


def test_users_bring_only_what_is_declared() -> None:
    user = dict.fromkeys(USER.required, "string") | {"Department": "string"}
    assert "Department" not in columns(plan_field_map(USER, describe("User", user), (), {}))


def test_hidden_and_returned() -> None:
    first = lead_map({"Rating": "picklist"})
    hidden = lead_map({}, first)
    assert hidden.gone == ("Rating",)
    assert "Rating" not in columns(hidden)
    back = lead_map({"Rating": "picklist"}, hidden)
    assert back.returned == ("Rating",)
    assert columns(back) == columns(first)


def test_a_label_stays_as_first_seen() -> None:
    first = lead_map({"Rating": "picklist"})
    relabelled = describe("Lead", {**BASE, "Rating": "picklist"})
    fields = {**relabelled.fields, "Rating": replace(relabelled.fields["Rating"], label="Heat")}
    later = plan_field_map(LEAD, replace(relabelled, fields=fields), first.fields, {})
    assert {each.field: each.label for each in later.fields}["Rating"] == "Rating"


def test_what_is_missing_is_named() -> None:
    seen = ObjectDescribe("Lead", "Lead", describe("Lead", BASE).fields)
    assert missing_fields(LEAD, seen) == []
    del seen.fields["ConvertedDate"]
    assert missing_fields(LEAD, seen) == ["ConvertedDate"]


def test_snake_case() -> None:
    assert snake_case("DandBCompanyId") == "dand_b_company_id"
    assert snake_case("IsEmailBounced") == "is_email_bounced"
    assert snake_case("Favorite_Color__c") == "favorite_color__c"


NAMES = st.sampled_from(["Rating", "Tier__c", "City", "Score__c", "Jigsaw"])


@given(st.lists(st.sets(NAMES), min_size=1, max_size=6))
def test_a_column_once_given_is_never_given_up(looks: list[set[str]]) -> None:
    """Whatever appears and disappears, a field keeps its column and nothing drops out of the map."""
    known: FieldMapChange | None = None
    given_out: dict[str, str | None] = {}
    for names in looks:
        known = lead_map(dict.fromkeys(sorted(names), "string"), known)
        for each in known.fields:
            assert given_out.setdefault(each.field, each.column) == each.column
            assert each.active == (each.field in names or each.field in BASE)
        assert {each.field for each in known.fields} == given_out.keys()
