"""What was changed on either side, and what must be found once the killing is over: each change, once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC
from typing import Any

from tandem.database import journal
from tests.support.world import World
from tests.weather.agreement import same, sides_agree

NEW, CHANGE, PUSHED, DELETED, QUARANTINED = 12, 13, 28, 29, 100001
CONVERTED, MERGED_THERE, MERGED = 21, 31, 32
#: What is counted of people who became a contact, or took in somebody else: which values moved is not foretold.
IDENTITY = {NEW, CONVERTED, DELETED, MERGED_THERE, MERGED}
REFUSED = "Refused"  # titles that begin so meet the org's validation rule

#: (Salesforce id, activity type, what it is about, new value or status)
Entry = tuple[str, int, str | None, str | None]


class Ledger:
    """Changes on both sides, each on a record that nothing else touches in the same round.

    :param others: returns the records with which somebody else does something.
    """

    def __init__(self, world: World, dice: random.Random, others: Callable[[], set[str]] = set) -> None:
        self._world = world
        self._dice = dice
        self._others = others
        self._number = 0
        self._expected: Counter[Entry] = Counter()
        self._overtaken: Counter[Entry] = Counter()
        self._conflicts: Counter[tuple[str, str, str | None]] = Counter()
        self.apart: set[str] = set()
        """Records on which the sides differ for good reason."""
        self._titles: dict[str, str] = {}
        self._resting: dict[str, set[str]] = {"Lead": set(), "Contact": set()}
        self._moved: set[str] = set()
        self._seen = self._last_activity()
        world.org.add_validation_rule("Lead", "No_refused", f"Title LIKE '{REFUSED}%'", "Not this title")

    def new_round(self) -> None:
        """Let every record take part again, and count from here."""
        self._resting = {"Lead": set(), "Contact": set()}
        self._moved.clear()
        self._expected.clear()
        self._overtaken.clear()
        self._conflicts.clear()
        self._titles.clear()
        self._seen = self._last_activity()
        self._world.execute("DELETE FROM sync.conflict")

    def change(self, how_many: int) -> None:
        """Make changes of any kind."""
        kinds: list[Callable[[], None]] = [
            *(self.theirs, self.ours, self.same_field, self.other_fields, self.theirs, self.ours),
            *(self.arrival, self.departure, self.refusal, self.quarantine, self.account),
            *(self.conversion, self.conversion_to_contact, self.merger),
        ]
        for _ in range(how_many):
            self._dice.choice(kinds)()

    def theirs(self) -> None:
        """Change a record in Salesforce."""
        name, record = self._pick()
        title = self._title(record)
        self._world.org.update(name, record, {"Title": title})
        self._expected[record, CHANGE, "job_title", title] += 1

    def ours(self) -> None:
        """Change a person by plain SQL."""
        _, record = self._pick()
        self._edit(record, "job_title", self._title(record))
        self._expected[record, PUSHED, None, "succeeded"] += 1

    def same_field(self) -> None:
        """Change the same field on both sides: marketing wins on a lead, Salesforce on a contact."""
        name, record = self._pick()
        ours, theirs = f"Ours {self._next()}", f"Theirs {self._next()}"
        self._edit(record, "job_title", ours)
        self._world.org.update(name, record, {"Title": theirs})
        if name == "Lead":
            self._titles[record] = ours
            self._conflicts[record, "Title", theirs] += 1
            self._expected[record, PUSHED, None, "succeeded"] += 1
        else:
            self._titles[record] = theirs
            self._conflicts[record, "Title", ours] += 1
            self._expected[record, CHANGE, "job_title", theirs] += 1

    def other_fields(self) -> None:
        """Change different fields on the two sides."""
        name, record = self._pick()
        title, phone = self._title(record), f"+1 555 {self._next():04}"
        self._edit(record, "phone_number", phone)
        self._world.org.update(name, record, {"Title": title})
        self._expected[record, CHANGE, "job_title", title] += 1
        self._expected[record, PUSHED, None, "succeeded"] += 1

    def arrival(self) -> None:
        """Make a lead in Salesforce."""
        record = self._world.org.create("Lead", {"LastName": f"New {self._next()}", "Company": "Kept"})
        self._resting["Lead"].add(record)
        self._expected[record, NEW, None, None] += 1

    def departure(self) -> None:
        """Delete a lead in Salesforce."""
        record = self._free("Lead")
        self._world.org.delete("Lead", record)
        self._expected[record, DELETED, None, None] += 1
        self._expected[record, CHANGE, "sfdc_is_deleted", "true"] += 1

    def refusal(self) -> None:
        """Change a person so that a validation rule refuses it."""
        record = self._free("Lead")
        self._edit(record, "job_title", f"{REFUSED} {self._next()}")
        self.apart.add(record)
        self._expected[record, PUSHED, None, "failed"] += 1

    def quarantine(self) -> None:
        """Change a lead in Salesforce so that it fails an expectation."""
        record = self._free("Lead")
        self._world.org.update("Lead", record, {"NumberOfEmployees": -self._next()})
        self.apart.add(record)
        self._expected[record, QUARANTINED, "expect_column_values_to_be_between", None] += 1

    def conversion(self) -> None:
        """Convert a lead to a new contact, at times with an edit of ours under way."""
        record = self._free("Lead")
        edited = self._dice.random() < 0.5
        if edited:
            title = self._title(record)
            self._edit(record, "job_title", title)
        contact = self._convert(record)
        self._became(contact)
        if edited:
            self._titles[contact] = self._titles.pop(record)
        # By Bulk a contact may be read before its lead's conversion: then it is somebody for a moment.
        self._overtaken.update((contact, kind, None, None) for kind in (NEW, MERGED_THERE, MERGED))

    def conversion_to_contact(self) -> None:
        """Convert a lead to a contact that is there, which is a merge."""
        record, contact = self._free("Lead"), self._free("Contact")
        account = self._world.org.get("Contact", contact)["AccountId"]
        self._convert(record, account_id=account, contact_id=contact)
        self._became(contact)
        # What the account lacked the lead gave it, and all of its contacts are told.
        for each in self._world.org.query(f"SELECT Id FROM Contact WHERE AccountId = '{account}'"):
            self._count_identity_only(each["Id"])
        self._expected.update((contact, kind, None, None) for kind in (MERGED_THERE, MERGED))

    def merger(self) -> None:
        """Merge two leads in Salesforce, of which marketing has changed the loser."""
        winner, loser = self._free("Lead"), self._free("Lead")
        self._edit(loser, "phone_number", f"+1 555 {self._next():04}")
        self._world.org.merge("Lead", winner, [loser])
        self._moved.add(winner)
        self._expected.update((winner, kind, None, None) for kind in (MERGED_THERE, MERGED))

    def _convert(self, lead: str, **into: str) -> str:
        if self._world.org.get("Lead", lead)["OwnerId"].startswith("00G"):  # a queue owns no contacts
            into["owner_id"] = self._world.org.admin_id
        return self._world.org.convert_lead(lead, **into).contact_id

    def _became(self, contact: str) -> None:
        self._count_identity_only(contact)
        owner = self._world.org.get("Contact", contact)["OwnerId"]
        self._expected[contact, CONVERTED, owner, None] += 1

    def _count_identity_only(self, contact: str) -> None:
        self._moved.add(contact)
        self._resting["Contact"].add(contact)
        for entry in [each for each in self._expected if each[0] == contact and each[1] not in IDENTITY]:
            del self._expected[entry]

    def account(self) -> None:
        """Change an account: each of its contacts is told."""
        accounts = self._world.org.query("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)")
        record = self._dice.choice(accounts)["Id"]
        phone = f"+1 555 {self._next():04}"
        self._world.org.update("Account", record, {"Phone": phone})
        self._accounts_changed(record, phone)

    def _accounts_changed(self, record: str, phone: str) -> None:
        others = self._others()
        for contact in self._world.org.query(f"SELECT Id FROM Contact WHERE AccountId = '{record}'"):
            if contact["Id"] in others | self._moved:
                continue
            # Of two changes of one account the first may be read before the second, and is logged, or with it.
            for entry in [e for e in self._expected if e[0] == contact["Id"] and e[2] == "main_phone"]:
                self._overtaken += Counter({entry: self._expected.pop(entry)})
            self._expected[contact["Id"], CHANGE, "main_phone", phone] += 1

    def check(self) -> None:
        """Hold both sides and the log against what was done."""
        sides_agree(self._world, self.apart)
        shown = {row["sfdc_id"]: row["job_title"] for row in self._people()}
        for record, title in self._titles.items():
            name = "Lead" if record.startswith("00Q") else "Contact"
            assert shown[record] == self._world.org.get(name, record)["Title"] == title
        logged = self._logged()
        too_many, missing = logged - self._expected - self._overtaken, self._expected - logged
        assert (dict(too_many), dict(missing)) == ({}, {})
        found = self._world.rows(
            "SELECT sfdc_id, field, losing_value FROM sync.conflict WHERE object IN ('Lead', 'Contact')"
        )
        assert Counter((r["sfdc_id"], r["field"], r["losing_value"]) for r in found) == self._conflicts
        for table, condition in (
            ("sync.quarantine", "released_at IS NULL"),
            ("sync.error", "resolved_at IS NULL AND level = 'record'"),
        ):
            twice = self._world.rows(
                f"SELECT sfdc_id FROM {table} WHERE {condition} GROUP BY sfdc_id HAVING count(*) > 1"
            )
            assert twice == [], f"{table} holds twice: {twice}"

    def check_watermarks(self) -> None:
        """Hold the watermarks of a killed run against the mirror: nothing from before them is missing."""
        now = self._world.org.clock.now().astimezone(UTC).replace(tzinfo=None)
        with self._world.database.read() as session:
            marks = journal.watermarks(session)
            held = session.rows("SELECT sfdc_id FROM sync.quarantine WHERE released_at IS NULL")
            mirrors = {
                name: session.rows(f'SELECT Id, SystemModstamp, _pushed_after FROM salesforce."{name}"')
                for name in ("Lead", "Contact")
                if name in marks
            }
        for name, stamp in marks.items():
            assert stamp <= now, f"the watermark of {name} is ahead of Salesforce's clock"
        for name, rows in mirrors.items():
            # What we wrote last has a later stamp there than what we read; what is in quarantine is not here.
            excepted = {row["sfdc_id"] for row in held} | {row["Id"] for row in rows if row["_pushed_after"]}
            ours = {row["Id"]: row["SystemModstamp"] for row in rows}
            soql = f"SELECT Id, SystemModstamp FROM {name} WHERE SystemModstamp < {marks[name]:%Y-%m-%dT%H:%M:%SZ}"
            if name == "Lead":
                soql += " AND IsConverted = false"  # the mirror of a lead that is nobody's any more rests
            for theirs in self._world.org.query(soql):
                if theirs["Id"] not in excepted:
                    assert same(theirs["SystemModstamp"], ours.get(theirs["Id"])), (name, theirs, marks[name])

    def _people(self) -> list[dict[str, Any]]:
        return self._world.rows("SELECT sfdc_id, job_title FROM marketing.person WHERE sfdc_id IS NOT NULL")

    def _logged(self) -> Counter[Entry]:
        rows = self._world.rows(
            "SELECT p.sfdc_id, a.activity_type_id AS type, a.primary_attribute_value AS about,"
            " a.attributes->>'New Value' AS new, a.attributes->>'Status' AS status"
            " FROM marketing.activity a JOIN marketing.person p ON p.id = a.person_id WHERE a.id > ?",
            self._seen,
        )
        others = self._others()
        return Counter(
            (r["sfdc_id"], r["type"], r["about"], r["new"] or r["status"])
            for r in rows
            if r["sfdc_id"] not in others and (r["sfdc_id"] not in self._moved or r["type"] in IDENTITY)
        )

    def _last_activity(self) -> int:
        return int(self._world.rows("SELECT coalesce(max(id), 0) AS id FROM marketing.activity")[0]["id"])

    def _pick(self) -> tuple[str, str]:
        name = self._dice.choice(("Lead", "Contact"))
        return name, self._free(name)

    def _free(self, name: str) -> str:
        condition = " WHERE IsConverted = false" if name == "Lead" else ""
        found = self._world.org.query(f"SELECT Id FROM {name}{condition} ORDER BY Id")
        taken = self._resting[name] | self.apart | self._others()
        free = [row["Id"] for row in found if row["Id"] not in taken]
        assert free, f"no {name} is left to change: give the org more people"
        chosen: str = self._dice.choice(free)
        self._resting[name].add(chosen)
        return chosen

    def _title(self, record: str) -> str:
        self._titles[record] = f"Title {self._next()}"
        return self._titles[record]

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _edit(self, record: str, column: str, value: Any) -> None:
        sql = f"UPDATE marketing.person SET {column} = ? WHERE sfdc_id = ?"
        assert self._world.execute(sql, value, record) == 1
