"""Flow actions for tests that interrupt them: each with what must be so, once, however often it was asked for.

Every action has people of its own, so that any number of them may be under way in one world.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.world import World

NEW_LEAD, SYNC, CONVERT, OWNER, DELETED_THERE, MERGED, DELETED = 12, 19, 21, 23, 29, 32, 37
ADDED, REMOVED, STATUS, TASK = 42, 43, 44, 100021
LABELS = ("Invited", "Registered", "Attended")


@dataclass(frozen=True)
class Act:
    """One action on one person."""

    flow: str
    parameters: Mapping[str, Any]
    person: int
    """Whose log tells of it."""
    told: Mapping[int, int]
    """How often activities of a type must be there; those that say skipped or failed do not count."""
    done: Callable[[], object]
    """What Salesforce has of it; equal to ``expected`` once it is done."""
    expected: object
    gone: Sequence[int] = field(default=())
    """People that are no more."""

    def __str__(self) -> str:
        return f"{self.flow} of person {self.person}"


def furnish(world: World, people: int, labels: Iterable[str] = LABELS) -> str:
    """Make people to act on, before the first sync; a third of the leads are members of the campaign returned."""
    org = world.org
    org.set_marketing_user(True)
    leads = [{"LastName": f"Lead {n}", "Company": f"Company {n}"} for n in range(people)]
    made = org.create_many("Lead", leads)
    org.create_many("Contact", [{"LastName": f"Contact {n}"} for n in range(people // 3)])
    campaign = org.create("Campaign", {"Name": "Launch"})
    old = org.query(f"SELECT Id FROM CampaignMemberStatus WHERE CampaignId = '{campaign}'")
    for number, label in enumerate(labels):
        values = {"CampaignId": campaign, "Label": label, "SortOrder": 10 + number, "IsDefault": number == 0}
        org.create("CampaignMemberStatus", values)
    for row in old:
        org.delete("CampaignMemberStatus", row["Id"])
    members = made[: people // 3]
    org.create_many(
        "CampaignMember", [{"CampaignId": campaign, "LeadId": each, "Status": "Invited"} for each in members]
    )
    return campaign


class Acts:
    """Makes actions, each kind before any comes again."""

    def __init__(self, world: World, campaign: str, dice: random.Random) -> None:
        self._world, self._org, self._campaign, self._dice = world, world.org, campaign, dice
        self._number = 0
        self._turn: list[Callable[[], Act]] = []
        users = world.org.query("SELECT Id FROM User WHERE IsActive = true ORDER BY Id")
        self._users = [row["Id"] for row in users]
        self._queue = world.org.query("SELECT Id FROM Group WHERE Type = 'Queue' ORDER BY Id LIMIT 1")[0][
            "Id"
        ]
        member = {row["LeadId"] for row in self._members()}
        leads = world.org.query("SELECT Id FROM Lead WHERE LastName LIKE 'Lead %' ORDER BY Id")
        contacts = world.org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Contact %' ORDER BY Id")
        self._free = {
            "Member": [row["Id"] for row in leads if row["Id"] in member],
            "Lead": [row["Id"] for row in leads if row["Id"] not in member],
            "Contact": [row["Id"] for row in contacts],
        }
        self.records = {each for some in self._free.values() for each in some}

    def any(self) -> Act:
        """Make an action."""
        if not self._turn:
            self._turn = [
                *(self.task, self.add, self.add_newcomer, self.change_status, self.remove, self.convert),
                *(self.change_owner, self.lead_beside_contact, self.merge, self.delete, self.delete_there),
            ]
            self._dice.shuffle(self._turn)
        return self._turn.pop()()

    def check(self, act: Act) -> None:
        """Hold what was done against what was asked for."""
        assert act.done() == act.expected, f"{act}: {act.done()} is not {act.expected}"
        told = {type_id: self._told(act.person, type_id) for type_id in act.told}
        assert told == act.told, f"{act}: {[a['attributes'] for a in self._world.activities(act.person)]}"
        for person in act.gone:
            assert self._world.rows("SELECT id FROM marketing.person WHERE id = ?", person) == [], str(act)

    def task(self) -> Act:
        """Create Task."""
        person, subject = self._take("Contact")[1], f"Call {self._next()}"
        found = f"SELECT Id FROM Task WHERE Subject = '{subject}'"
        return Act(
            *("create-task", {"person_ids": [person], "subject": subject}, person, {TASK: 1}),
            *(lambda: len(self._org.query(found)), 1),
        )

    def add(self) -> Act:
        """Add to SFDC Campaign."""
        record, person = self._take("Lead")
        asked = {"person_ids": [person], "campaign": self._campaign, "status": "Attended"}
        return Act("add-to-campaign", asked, person, {ADDED: 1}, lambda: self._statuses(record), ["Attended"])

    def add_newcomer(self) -> Act:
        """Add somebody to an SFDC Campaign who becomes a lead first."""
        name = f"Newcomer {self._next()}"
        person = self._world.add_person(last_name=name, company_name=name)
        asked = {"person_ids": [person], "campaign": self._campaign, "status": "Attended"}

        def there() -> object:
            leads = self._org.query(f"SELECT Id FROM Lead WHERE LastName = '{name}'")
            return [self._statuses(row["Id"]) for row in leads]

        told = {NEW_LEAD: 0, SYNC: 1, ADDED: 1}
        return Act("add-to-campaign", asked, person, told, there, [["Attended"]])

    def change_status(self) -> Act:
        """Change Status in SFDC Campaign."""
        record, person = self._take("Member")
        asked = {"person_ids": [person], "campaign": self._campaign, "status": "Attended"}
        return Act(
            *("change-campaign-status", asked, person, {STATUS: 1}),
            *(lambda: self._statuses(record), ["Attended"]),
        )

    def remove(self) -> Act:
        """Remove from SFDC Campaign."""
        record, person = self._take("Member")
        asked = {"person_ids": [person], "campaign": self._campaign}
        return Act("remove-from-campaign", asked, person, {REMOVED: 1}, lambda: self._statuses(record), [])

    def convert(self) -> Act:
        """Convert Person."""
        record, person = self._take("Lead")
        owner = self._dice.choice(self._users)

        def there() -> object:
            lead = self._org.get("Lead", record)
            company, name = lead["Company"], lead["LastName"]
            return (
                lead["IsConverted"],
                len(self._org.query(f"SELECT Id FROM Contact WHERE LastName = '{name}'")),
                len(self._org.query(f"SELECT Id FROM Account WHERE Name = '{company}'")),
                len(self._org.query(f"SELECT Id FROM Opportunity WHERE Name LIKE '{company}%'")),
                [row["sfdc_type"] for row in self._people(name)],
            )

        asked = {"person_ids": [person], "assign_to": owner}
        return Act("convert-person", asked, person, {CONVERT: 1}, there, (True, 1, 1, 1, ["contact"]))

    def change_owner(self) -> Act:
        """Change Owner of a lead."""
        record, person = self._take("Lead")
        owned = self._org.get("Lead", record)["OwnerId"]
        owner = self._dice.choice([each for each in self._users if each != owned])
        asked = {"person_ids": [person], "owner": owner}
        return Act(
            *("change-owner", asked, person, {OWNER: 1}),
            *(lambda: self._org.get("Lead", record)["OwnerId"], owner),
        )

    def lead_beside_contact(self) -> Act:
        """Change Owner of a contact to a queue (6.7)."""
        record, person = self._take("Contact")
        name = self._org.get("Contact", record)["LastName"]
        self._world.execute("UPDATE marketing.person SET company_name = ? WHERE id = ?", name, person)
        asked = {"person_ids": [person], "owner": self._queue}
        found = f"SELECT OwnerId FROM Lead WHERE LastName = '{name}'"
        return Act(
            *("change-owner", asked, person, {OWNER: 1}),
            *(lambda: [row["OwnerId"] for row in self._org.query(found)], [self._queue]),
        )

    def merge(self) -> Act:
        """Merge two leads."""
        (kept, winner), (lost, loser) = self._take("Lead"), self._take("Lead")

        def there() -> object:
            gone = self._org.get("Lead", lost)
            return gone["IsDeleted"], gone["MasterRecordId"]

        asked = {"winner": winner, "losers": [loser]}
        return Act("merge-people", asked, winner, {MERGED: 1}, there, (True, kept), [loser])

    def delete(self) -> Act:
        """Delete Person, in Salesforce too."""
        record, person = self._take("Lead")
        return Act(
            *("delete-person", {"person_ids": [person]}, person, {DELETED: 1}),
            *(lambda: self._org.get("Lead", record)["IsDeleted"], True, [person]),
        )

    def delete_there(self) -> Act:
        """Delete Person from SFDC."""
        record, person = self._take("Lead")
        return Act(
            *("delete-person-from-sfdc", {"person_ids": [person]}, person, {DELETED_THERE: 1}),
            *(lambda: self._org.get("Lead", record)["IsDeleted"], True),
        )

    def _take(self, kind: str) -> tuple[str, int]:
        record = self._free[kind].pop(self._dice.randrange(len(self._free[kind])))
        return record, int(self._world.person(record)["id"])

    def _people(self, last_name: str) -> list[dict[str, Any]]:
        return self._world.rows("SELECT * FROM marketing.person WHERE last_name = ?", last_name)

    def _members(self) -> list[dict[str, Any]]:
        soql = f"SELECT LeadId, ContactId, Status FROM CampaignMember WHERE CampaignId = '{self._campaign}'"
        return self._org.query(soql)

    def _statuses(self, record: str) -> list[str]:
        return [row["Status"] for row in self._members() if record in (row["LeadId"], row["ContactId"])]

    def _told(self, person: int, type_id: int) -> int:
        return sum(
            each["attributes"].get("Status") not in ("skipped", "failed")
            for each in self._world.activities(person, type_id)
        )

    def _next(self) -> int:
        self._number += 1
        return self._number
