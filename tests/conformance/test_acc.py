"""Account: one way in, shown on every contact of it (section 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Org
from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World, tandem_world


def contacts_of(world: World, account: str, columns: str = "p.industry") -> list[dict]:
    """Return columns of the people of an account's company."""
    return world.rows(
        f"SELECT {columns} FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id"
        " WHERE c.sfdc_id = ? ORDER BY p.id",
        account,
    )


@pytest.mark.conformance("ACC-01")
def test_an_account_comes_in_and_nothing_is_written_back(synced: World, cast: Cast, wire: Wire) -> None:
    before = synced.org.get("Account", cast.account)
    synced.execute(
        "UPDATE marketing.company SET industry = 'Banking', billing_city = 'Bath', company_name = 'Renamed'"
        " WHERE sfdc_id = ?",
        cast.account,
    )
    synced.execute(
        "UPDATE marketing.person SET website = 'https://x.example' WHERE sfdc_id = ?", cast.contact
    )
    other = synced.org.query(f"SELECT Id FROM Account WHERE Id != '{cast.account}'")[0]["Id"]
    synced.org.update("Account", other, {"Industry": "Energy"})

    synced.sync()

    assert wire.writes() == []
    assert synced.org.get("Account", cast.account) == before
    assert synced.rows("SELECT industry FROM marketing.company WHERE sfdc_id = ?", other) == [
        {"industry": "Energy"}
    ]


@pytest.mark.conformance("ACC-02")
def test_an_edit_on_one_contact_shows_on_all_of_the_account(synced: World, cast: Cast, wire: Wire) -> None:
    before = synced.org.get("Account", cast.account)
    strangers = "SELECT industry FROM marketing.person WHERE company_id IS DISTINCT FROM"
    strangers += " (SELECT id FROM marketing.company WHERE sfdc_id = ?) ORDER BY id"
    untouched = synced.rows(strangers, cast.account)
    synced.execute("UPDATE marketing.person SET industry = 'Banking' WHERE sfdc_id = ?", cast.contact)

    synced.sync()

    assert contacts_of(synced, cast.account) == [{"industry": "Banking"}] * 2
    assert synced.rows("SELECT industry FROM marketing.company WHERE sfdc_id = ?", cast.account) == [
        {"industry": "Banking"}
    ]
    assert synced.rows(strangers, cast.account) == untouched
    assert wire.writes() == []
    assert synced.org.get("Account", cast.account) == before


@pytest.mark.conformance("ACC-03")
def test_the_next_change_in_salesforce_resets_every_account_field(synced: World, cast: Cast) -> None:
    synced.execute("UPDATE marketing.person SET industry = 'Banking' WHERE sfdc_id = ?", cast.contact)
    synced.execute("UPDATE marketing.person SET num_employees = 7 WHERE sfdc_id = ?", cast.colleague)
    synced.sync()
    shown = "p.industry, p.num_employees"
    assert contacts_of(synced, cast.account, shown) == [{"industry": "Banking", "num_employees": 7}] * 2

    synced.org.update("Account", cast.account, {"Site": "Dorset Street"})
    synced.sync()

    assert contacts_of(synced, cast.account, shown) == [{"industry": "Machinery", "num_employees": 20}] * 2
    assert synced.rows(
        "SELECT industry, num_employees, site FROM marketing.company WHERE sfdc_id = ?", cast.account
    ) == [{"industry": "Machinery", "num_employees": 20, "site": "Dorset Street"}]


@pytest.mark.conformance("ACC-04")
def test_a_contact_that_moves_has_its_new_account_only(synced: World, cast: Cast) -> None:
    other = synced.org.query(f"SELECT Id, Name, Owner.FirstName FROM Account WHERE Id != '{cast.account}'")[0]
    synced.org.update("Contact", cast.contact, {"AccountId": other["Id"]})

    synced.sync()

    person = synced.person(cast.contact)
    [company] = synced.rows("SELECT * FROM marketing.company WHERE id = ?", person["company_id"])
    assert (company["sfdc_id"], person["company_name"]) == (other["Id"], other["Name"])
    for column in ("industry", "annual_revenue", "num_employees", "website"):
        assert person[column] == company[column]
    assert person["account_owner_first_name"] == other["Owner"]["FirstName"]
    assert [row["sfdc_id"] for row in contacts_of(synced, cast.account, "p.sfdc_id")] == [cast.colleague]


FEW, MANY = 5_000, 5_001


@pytest.fixture(scope="module")
def crowded(
    prefect_server: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, str, str]]:
    """An account with 5,000 contacts and one with 5,001, both changed after the first sync."""
    folder = tmp_path_factory.mktemp("crowded")
    org = Org(people=0, seed=7)
    accounts = []
    for number in (FEW, MANY):
        account = org.create("Account", {"Name": f"{number} contacts", "Industry": "Energy", "Site": "Here"})
        org.create_many(
            "Contact", [{"LastName": f"Contact {n}", "AccountId": account} for n in range(number)]
        )
        accounts.append(account)
    with pytest.MonkeyPatch.context() as patch, tandem_world(patch, folder, org) as world:
        world.backfill(objects=["User", "Account", "Contact"])
        for account in accounts:
            org.update("Account", account, {"Industry": "Banking", "Site": None})
        world.sync(objects=["User", "Account"])
        yield world, accounts[0], accounts[1]


def changes_logged(world: World, account: str) -> list[dict]:
    """Return how many of an account's people have how many value changes of which field."""
    return world.rows(
        "SELECT attribute, logged, count(*) AS people FROM ("
        " SELECT p.id, a.primary_attribute_value AS attribute, count(a.id) AS logged FROM marketing.person p"
        " JOIN marketing.company c ON c.id = p.company_id"
        " LEFT JOIN marketing.activity a ON a.person_id = p.id AND a.activity_type_id = 13"
        " WHERE c.sfdc_id = ? GROUP BY ALL) GROUP BY ALL ORDER BY ALL",
        account,
    )


@pytest.mark.conformance("ACC-05")
def test_up_to_5000_contacts_each_have_an_activity(crowded: tuple[World, str, str]) -> None:
    world, few, _ = crowded
    assert changes_logged(world, few) == [
        {"attribute": "industry", "logged": 1, "people": FEW},
        {"attribute": "site", "logged": 1, "people": FEW},
    ]
    [told] = world.rows(
        "SELECT DISTINCT attributes FROM marketing.activity"
        " WHERE activity_type_id = 13 AND primary_attribute_value = 'industry'"
    )
    assert '"Old Value":"Energy"' in told["attributes"]
    assert '"New Value":"Banking"' in told["attributes"]
    assert contacts_of(world, few) == [{"industry": "Banking"}] * FEW


@pytest.mark.conformance("ACC-06")
def test_over_5000_contacts_have_the_data_and_no_activities(crowded: tuple[World, str, str]) -> None:
    world, _, many = crowded
    assert changes_logged(world, many) == [{"attribute": None, "logged": 0, "people": MANY}]
    assert world.rows(
        "SELECT c.industry AS company, c.site, p.industry AS person, count(*) AS people FROM marketing.person p"
        " JOIN marketing.company c ON c.id = p.company_id WHERE c.sfdc_id = ? GROUP BY ALL",
        many,
    ) == [{"company": "Banking", "site": None, "person": "Banking", "people": MANY}]
