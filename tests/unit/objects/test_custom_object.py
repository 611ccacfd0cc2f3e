"""The way from a custom object to people: the shortest, a person before an account (12.2, 12.3, 12.8)."""

from __future__ import annotations

import pytest

from tandem.objects.custom_object import Path, find_path, needed
from tandem.salesforce.description import FieldDescribe, ObjectDescribe


def described(name: str, **lookups: str) -> ObjectDescribe:
    fields = {
        field: FieldDescribe(field, field, "reference", reference_to=tuple(targets.split(",")))
        for field, targets in {"OwnerId": "User,Group", **lookups}.items()
    }
    return ObjectDescribe(name, name, fields)


PARENT = described("P__c", Contact__c="Contact", A__c="Account", Owner__c="User")


@pytest.mark.parametrize(
    ("lookups", "path"),
    [
        ({"L__c": "Lead", "C__c": "Contact", "A__c": "Account"}, Path(("L__c", "C__c"))),
        ({"Who__c": "Lead,Contact"}, Path(("Who__c",))),
        ({"A__c": "Account", "B__c": "Account", "P__c": "P__c"}, Path(("A__c", "B__c"), of_company=True)),
        ({"P__c": "P__c"}, Path(("P__r.Contact__c",))),
        ({"OpportunityId": "Opportunity"}, Path(("Opportunity.AccountId",), of_company=True)),
        ({"Self__c": "X__c"}, None),
        ({"Far__c": "Far__c"}, None),
        ({}, None),
    ],
)
def test_the_shortest_way_counts(lookups: dict[str, str], path: Path | None) -> None:
    others = [PARENT, described("Opportunity", AccountId="Account"), described("Far__c", P__c="P__c")]
    assert find_path(described("X__c", **lookups), {each.name: each for each in others}) == path


def test_only_what_a_way_of_two_steps_needs_is_described() -> None:
    assert needed([described("X__c", P__c="P__c", Q__c="Q__c", X__c="X__c")]) == {"P__c", "Q__c"}
    assert needed([described("X__c", P__c="P__c", C__c="Contact")]) == set()
