"""Campaigns and programs (section 10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.conftest import Cast, refused, tandem
from tests.conformance.wire import Wire
from tests.support.world import World

OBJECTS = '["User", "Lead", "Contact", "Campaign", "CampaignMemberStatus", "CampaignMember"]'
CHANNEL = ("--status", "Invited=1", "--status", "Registered=2", "--status", "Wait-listed=2")
CHANNEL += ("--status", "Attended=3", "--success", "Attended")
LABELS = ("Invited", "Registered", "Wait-listed", "Attended")


@pytest.fixture
def campaigns(synced: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world with campaigns enabled; nothing of them is synced yet."""
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", OBJECTS)
    monkeypatch.setenv("TANDEM_SYNC__CAMPAIGNS", "true")
    return synced


def make_campaign(world: World, name: str, labels: tuple[str, ...] = LABELS, **values: Any) -> str:
    """Make a campaign in Salesforce with these statuses."""
    org = world.org
    campaign = org.create("Campaign", {"Name": name, **values})
    old = org.query(f"SELECT Id FROM CampaignMemberStatus WHERE CampaignId = '{campaign}'")
    if labels == ("Sent", "Responded"):
        return campaign
    for number, label in enumerate(labels):
        status = {"CampaignId": campaign, "Label": label, "SortOrder": 10 + number, "IsDefault": number == 0}
        org.create("CampaignMemberStatus", {**status, "HasResponded": label == "Attended"})
    for row in old:
        org.delete("CampaignMemberStatus", row["Id"])
    return campaign


def linked(world: World, cast: Cast, **values: Any) -> str:
    """Make a campaign with the lead as a member, and a program that is linked to it."""
    campaign = make_campaign(world, "Launch", **values)
    world.org.create("CampaignMember", {"CampaignId": campaign, "LeadId": cast.lead, "Status": "Registered"})
    world.sync()
    tandem("program", "channel", "Webinar", *CHANNEL)
    tandem("program", "add", "Spring", "--channel", "Webinar")
    tandem("program", "link", "Spring", "Launch")
    return campaign


def members(world: World, campaign: str) -> dict[str, str]:
    """Return the live members in Salesforce, status by lead or contact."""
    found = world.org.query(
        f"SELECT LeadId, ContactId, Status FROM CampaignMember WHERE CampaignId = '{campaign}'"
    )
    return {row["ContactId"] or row["LeadId"]: row["Status"] for row in found}


def program(world: World) -> dict[int, str]:
    """Return the members of the program, status by person."""
    found = world.rows("SELECT person_id, status FROM marketing.program_member WHERE is_removed IS NOT TRUE")
    return {row["person_id"]: row["status"] for row in found}


def join(world: World, person_id: int, status: str | None = None) -> None:
    """Add a person to the program by plain SQL."""
    world.execute(
        "INSERT INTO marketing.program_member (program_id, person_id, status) VALUES (1, ?, ?)",
        person_id,
        status,
    )


def move(world: World, person_id: int, status: str) -> None:
    """Change a member's status by plain SQL."""
    world.execute("UPDATE marketing.program_member SET status = ? WHERE person_id = ?", status, person_id)


@pytest.mark.conformance("CMP-01")
def test_campaigns_come_once_enabled_and_for_a_marketing_user(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", OBJECTS)
    make_campaign(synced, "Launch")
    synced.org.set_marketing_user(False)
    summary = synced.sync()
    assert not [name for name, _ in synced.steps(summary) if name.startswith("Campaign")]
    assert not [soql for soql in wire.questions() if "Campaign" in soql]

    monkeypatch.setenv("TANDEM_SYNC__CAMPAIGNS", "true")
    from flows.sync import sync

    state = sync(return_state=True)
    assert "Tick Marketing User" in str(state.message)
    assert synced.rows("SELECT name FROM marketing.campaign") == []

    synced.org.set_marketing_user(True)
    synced.sync()
    assert [row["name"] for row in synced.rows("SELECT name FROM marketing.campaign")] == ["Launch"]


@pytest.mark.conformance("CMP-04", "CMP-05", "CMP-06", "CMP-09")
def test_members_and_statuses_go_both_ways(campaigns: World, cast: Cast, wire: Wire) -> None:
    world, org = campaigns, campaigns.org
    campaign = linked(world, cast)
    lead, contact = world.person(cast.lead)["id"], world.person(cast.contact)["id"]
    colleague = world.person(cast.colleague)["id"]
    outsider = world.add_person(last_name="Outsider", company_name="Outside Ltd")
    org.create("CampaignMember", {"CampaignId": campaign, "ContactId": cast.colleague, "Status": "Invited"})
    join(world, contact, "Attended")
    join(world, outsider)

    summary = world.sync()

    made = world.rows("SELECT sfdc_id, sfdc_type FROM marketing.person WHERE id = ?", outsider)[0]
    assert made["sfdc_type"] == "lead"
    assert members(world, campaign) == {
        cast.lead: "Registered",
        cast.contact: "Attended",
        cast.colleague: "Invited",
        made["sfdc_id"]: "Invited",
    }
    assert program(world) == {
        lead: "Registered",
        contact: "Attended",
        colleague: "Invited",
        outsider: "Invited",
    }
    assert world.steps(summary)["CampaignMember", "Push new"]["new"] == 2
    for person in (lead, contact, colleague, outsider):
        [added] = world.activities(person, 42)
        assert added["primary_attribute_value"] == "Launch"
        [entered] = world.activities(person, 104)
        assert entered["attributes"]["New Status"] == program(world)[person]

    # A change on either side is the other's too; a step back is not, a step aside is.
    member = org.query(f"SELECT Id FROM CampaignMember WHERE ContactId = '{cast.colleague}'")[0]["Id"]
    org.update("CampaignMember", member, {"Status": "Attended"})
    move(world, lead, "Wait-listed")
    move(world, contact, "Invited")
    move(world, outsider, "Nonsense")
    wire.forget()
    summary = world.sync()
    assert members(world, campaign) == {
        cast.lead: "Wait-listed",
        cast.contact: "Attended",
        cast.colleague: "Attended",
        made["sfdc_id"]: "Invited",
    }
    assert program(world) == {
        lead: "Wait-listed",
        contact: "Attended",
        colleague: "Attended",
        outsider: "Invited",
    }
    assert [name for name, _ in wire.writes()] == ["CampaignMember"]
    assert [each["attributes"]["New Status"] for each in world.activities(lead, 44)] == ["Wait-listed"]
    assert [each["attributes"]["New Status"] for each in world.activities(colleague, 44)] == ["Attended"]
    assert world.activities(contact, 104)[-1]["attributes"]["Status"] == "skipped"
    assert world.activities(contact, 44) == []
    [error] = world.rows("SELECT message FROM sync.error WHERE person_id = ?", outsider)
    assert error["message"] == "Nonsense is no status of the program Spring: it is Invited as before."

    # Back in Salesforce: the program does not follow, and does not push its own status over it either.
    org.update("CampaignMember", member, {"Status": "Registered"})
    removed = org.query(f"SELECT Id FROM CampaignMember WHERE LeadId = '{cast.lead}'")[0]["Id"]
    org.delete("CampaignMember", removed)
    wire.forget()
    for _ in range(2):
        world.sync()
        assert program(world) == {contact: "Attended", colleague: "Attended", outsider: "Invited"}
        assert members(world, campaign)[cast.colleague] == "Registered"
        assert cast.lead not in members(world, campaign)
    assert wire.writes() == []
    assert len(world.activities(lead, 43)) == 1
    assert world.activities(colleague, 104)[-1]["attributes"]["Status"] == "skipped"
    assert len(world.activities(colleague, 104)) == 3

    # Filled alone, a status reaches the program too; else the old one would go back to Salesforce.
    newcomer = org.query(f"SELECT Id FROM CampaignMember WHERE LeadId = '{made['sfdc_id']}'")[0]["Id"]
    org.update("CampaignMember", newcomer, {"Status": "Registered"})
    world.backfill(fields=["CampaignMember.Status"])
    assert program(world)[outsider] == "Registered"
    world.sync()
    assert members(world, campaign)[made["sfdc_id"]] == "Registered"
    assert len(world.activities(contact, 42)) == 1


@pytest.mark.conformance("CMP-02", "CMP-03", "CMP-07")
def test_a_program_is_linked_to_one_campaign_of_the_same_statuses(
    campaigns: World, cast: Cast, wire: Wire
) -> None:
    world, org = campaigns, campaigns.org
    launch = linked(world, cast, Type="Other", ActualCost=5)
    make_campaign(world, "Second", Type="Other", ActualCost=5)
    make_campaign(world, "Plain", ("Sent", "Responded"))
    world.sync()
    tandem("program", "add", "Autumn", "--channel", "Webinar", "--cost", "1200")

    for said, *words in (
        ("linked to the campaign Launch already", "Spring", "Second"),
        ("linked to the program Spring", "Autumn", "Launch"),
        ("linked to the campaign Launch already", "Spring", "--new"),
        ("do not match: only the program has Attended, Invited, Registered, Wait-listed", "Autumn", "Plain"),
        ("No campaign Nowhere has been synced", "Autumn", "Nowhere"),
        ("There is no program Winter", "Winter", "Launch"),
        ("is not linked", "unlink", "Autumn"),
    ):
        command = words if words[0] == "unlink" else ["link", *words]
        assert said in refused("program", *command)
    assert [row["sfdc_id"] for row in world.rows("SELECT sfdc_id FROM marketing.program ORDER BY id")] == [
        launch,
        None,
    ]
    tandem("program", "link", "Autumn", "Second")

    # Channel and period cost go out; a program without a cost leaves it alone. Nothing of it comes back.
    world.sync()
    second = world.rows("SELECT sfdc_id FROM marketing.program WHERE name = 'Autumn'")[0]["sfdc_id"]
    assert [org.get("Campaign", each)["Type"] for each in (launch, second)] == ["Webinar", "Webinar"]
    assert [org.get("Campaign", each)["ActualCost"] for each in (launch, second)] == [5, 1200]
    assert wire.written(launch) == {"Type": "Webinar"}
    org.update("Campaign", second, {"Type": "Email", "ActualCost": 1})
    world.sync()
    [autumn] = world.rows(
        "SELECT p.period_cost, ch.name AS channel FROM marketing.program p JOIN marketing.channel ch"
        " ON ch.id = p.channel_id WHERE p.name = 'Autumn'"
    )
    assert autumn == {"period_cost": 1200, "channel": "Webinar"}
    assert (org.get("Campaign", second)["Type"], org.get("Campaign", second)["ActualCost"]) == (
        "Webinar",
        1200,
    )

    # Unlinked, nothing goes over any more, and the members stay.
    tandem("program", "unlink", "Spring")
    lead = world.person(cast.lead)["id"]
    assert program(world) == {lead: "Registered"}
    move(world, lead, "Attended")
    world.sync()
    assert members(world, launch) == {cast.lead: "Registered"}


@pytest.mark.conformance("CMP-10", "CMP-08")
def test_a_new_campaign_is_made_once_with_the_statuses_of_the_program(campaigns: World, cast: Cast) -> None:
    from flows.sync import sync
    from tandem.database.program_members import implied_actions_allowed

    world, org = campaigns, campaigns.org
    world.sync()
    tandem("program", "channel", "Webinar", *CHANNEL)
    tandem("program", "add", "Spring", "--channel", "Webinar", "--cost", "300")
    contact = world.person(cast.contact)["id"]
    join(world, contact, "Registered")
    tandem("program", "link", "Spring", "Spring in Bonn", "--new")
    assert "waits for its new campaign" in refused("program", "link", "Spring", "--new")

    # The answer to the create is lost, then the one about its statuses: nothing is made twice.
    org.faults.add("POST */composite/sobjects", "drop_after", times=1)
    assert sync(return_state=True).is_failed()
    org.clock.advance(seconds=60)
    org.faults.add("POST */composite/sobjects", "drop_after", times=1)
    assert sync(return_state=True).is_failed()
    assert "being made" in refused("program", "unlink", "Spring")
    with world.database.read() as session:
        assert implied_actions_allowed(session, 1)
    world.sync()

    [campaign] = org.query(
        "SELECT Id, Name, Type, ActualCost, IsActive FROM Campaign WHERE Name = 'Spring in Bonn'"
    )
    assert (campaign["Type"], campaign["ActualCost"], campaign["IsActive"]) == ("Webinar", 300, True)
    statuses = org.query(
        "SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatus"
        f" WHERE CampaignId = '{campaign['Id']}' ORDER BY SortOrder"
    )
    assert [(row["Label"], row["IsDefault"], row["HasResponded"]) for row in statuses] == [
        ("Invited", True, False),
        ("Registered", False, False),
        ("Wait-listed", False, False),
        ("Attended", False, True),
    ]
    assert members(world, campaign["Id"]) == {cast.contact: "Registered"}
    world.sync()
    assert org.count("Campaign") == 1
    assert len(world.activities(contact, 42)) == 1
    with world.database.read() as session:
        assert not implied_actions_allowed(session, 1)
        assert implied_actions_allowed(session, None)


def test_a_member_is_added_once_and_a_refusal_is_told_once(campaigns: World, cast: Cast, wire: Wire) -> None:
    from flows.sync import sync

    world, org = campaigns, campaigns.org
    campaign = linked(world, cast)
    lead, contact = world.person(cast.lead)["id"], world.person(cast.contact)["id"]
    nameless = world.add_person(email_address="nobody@nowhere.example")
    join(world, contact, "Registered")
    join(world, nameless)
    from flows.plan import plan

    planned = [each for each in plan()["to_salesforce"] if each["records"]]
    assert [(each["object"], each["sample"][0]["person_id"]) for each in planned] == [
        ("Campaign", None),
        ("CampaignMember", contact),
    ]
    org.faults.add("POST */composite/sobjects", "drop_after", times=2)
    assert sync(return_state=True).is_failed()
    org.faults.clear()
    world.sync()
    assert members(world, campaign) == {cast.lead: "Registered", cast.contact: "Registered"}
    assert len(world.activities(contact, 42)) == 1
    assert {row["state"] for row in world.rows("SELECT state FROM sync.outbox")} <= {
        "done",
        "refused",
        "superseded",
    }

    org.add_validation_rule(
        "CampaignMember", "Shut", condition="Status = 'Attended'", message="The doors are shut."
    )
    move(world, lead, "Attended")
    rows = "SELECT id, sfdc_id, campaign_id, person_id, status FROM marketing.campaign_member ORDER BY id"
    before = world.rows(rows)
    world.execute("DELETE FROM marketing.campaign_member")  # nobody leaves a campaign so: the rows come back
    for _ in range(2):
        world.sync()
    assert world.rows(rows) == [
        row | ({"status": "Attended"} if row["person_id"] == lead else {}) for row in before
    ]
    assert world.rows("SELECT code FROM sync.error WHERE code = 'DUPLICATE_VALUE'") == []
    assert members(world, campaign)[cast.lead] == "Registered"
    assert len(world.activities(nameless, 19)) == 1
    [told] = world.activities(lead, 44)
    assert told["attributes"]["Error Message"] == "The doors are shut."
    assert told["primary_attribute_value"] == "Launch"
