"""The SQL of identity against the plain model, on random histories of leads and contacts on both sides."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.objects import CONTACT, LEAD
from tests.support.identity_model import SCORE, IdentityModel, Remote, is_lead
from tests.support.offline import EPOCH, Offline, stamp

pytestmark = pytest.mark.long

FIELDS = {
    "FirstName": "string",
    "HasOptedOutOfEmail": "boolean",
    "Score__c": "double",
    SCORE: "double",
}
COLUMNS = {
    "FirstName": "first_name",
    "HasOptedOutOfEmail": "unsubscribed",
    "Score__c": "score__c",
    SCORE: "score",
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "FirstName": st.sampled_from([None, "", "x", " x", "y"]),
    "HasOptedOutOfEmail": st.booleans(),
    "Score__c": st.sampled_from([None, 0.0, 3.0]),
    SCORE: st.sampled_from([None, 0.0, 10.0]),
}
NUMBERS = st.integers(0, 7)  # records by their place in the org, so that contacts of conversions take part


@st.composite
def edits(draw: st.DrawFn, kind: str) -> tuple[str, int, str, Any]:
    name = draw(st.sampled_from(sorted(FIELDS)))
    return kind, draw(NUMBERS), name, draw(VALUES[name])


STEPS = st.one_of(
    edits("theirs"),
    edits("ours"),
    st.tuples(st.sampled_from(["create_lead", "create_contact"])),
    st.tuples(st.sampled_from(["delete", "undelete", "touch"]), NUMBERS),
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.just("convert"), NUMBERS, st.one_of(st.none(), NUMBERS)),
    st.tuples(st.just("convert"), NUMBERS, st.none()),
    st.tuples(st.just("cycle")),
)


class World:
    """Both sides for real (SQL), and the model, moved in step."""

    def __init__(self, folder: Path) -> None:
        self.model = IdentityModel()
        self.leads = Offline(folder, LEAD, FIELDS)
        self.contacts = Offline(folder, CONTACT, FIELDS)
        self.second = 0

    def tick(self) -> int:
        self.second += 1
        return self.second

    def at(self, number: int) -> str:
        records = list(self.model.remote)
        return records[number % len(records)]

    def free(self, record: str) -> bool:
        there = self.model.remote[record]
        return not there.deleted and there.successor is None

    def create_lead(self) -> str:
        return self.create("00Q", self.starting_values())

    def create_contact(self) -> str:
        return self.create("003", self.starting_values())

    def starting_values(self) -> dict[str, Any]:
        """Every other record lacks what the others have, so that merges have something to take over."""
        odd = len(self.model.remote) % 2
        named: dict[str, Any] = {"FirstName": None, "Score__c": 3.0} if odd else {"FirstName": "x"}
        return {**named, "HasOptedOutOfEmail": False, SCORE: 10.0}

    def create(self, prefix: str, values: dict[str, Any]) -> str:
        record = f"{prefix}0000000000{len(self.model.remote):02d}AAA"
        self.model.remote[record] = Remote({**dict.fromkeys(FIELDS), **values}, self.tick())
        return record

    def theirs(self, number: int, name: str, value: Any) -> None:
        record = self.at(number)
        if self.free(record):
            there = self.model.remote[record]
            there.values[name] = (value.strip() or None) if isinstance(value, str) else value
            there.stamp = self.tick()

    def ours(self, number: int, name: str, value: Any) -> None:
        record = self.at(number)
        if person := self.model.by_record(record):
            person.values[name] = value
            with self.leads.database.write() as session:
                session.execute(
                    f"UPDATE marketing.person SET {COLUMNS[name]} = ? WHERE sfdc_id = ?", [value, record]
                )

    def delete(self, number: int) -> None:
        if self.free(self.at(number)):
            there = self.model.remote[self.at(number)]
            there.deleted, there.stamp = True, self.tick()

    def undelete(self, number: int) -> None:
        there = self.model.remote[self.at(number)]
        if there.deleted and there.successor is None:
            there.deleted, there.stamp = False, self.tick()

    def touch(self, number: int) -> None:
        """Something of it changed that we do not read; of losers and converted leads as well."""
        self.model.remote[self.at(number)].stamp = self.tick()

    def merge(self, winner: int, loser: int) -> None:
        one, other = self.at(winner), self.at(loser)
        if one != other and is_lead(one) == is_lead(other) and self.free(one) and self.free(other):
            gone = self.model.remote[other]
            gone.deleted, gone.successor, gone.stamp = True, one, self.tick()
            self.model.remote[one].stamp = self.tick()

    def convert(self, lead: int, contact: int | None) -> None:
        record = self.at(lead)
        if not is_lead(record) or not self.free(record):
            return
        there = self.model.remote[record]
        if contact is None:
            into = self.create("003", dict(there.values))
        else:
            into = self.at(contact)
            if is_lead(into) or not self.free(into):
                return
            kept = self.model.remote[into]
            kept.values |= {n: v for n, v in there.values.items() if kept.values[n] in (None, False)}
            kept.stamp = self.tick()
        there.successor, there.converted, there.stamp = into, True, self.tick()

    def cycle(self) -> None:
        for engine, leads in ((self.leads, True), (self.contacts, False)):
            engine.pull(
                {
                    "Id": record,
                    "SystemModstamp": stamp(each.stamp),
                    "IsDeleted": each.deleted,
                    "MasterRecordId": None if each.converted else each.successor,
                    **({"IsConverted": each.converted} if leads else {}),
                    **({"ConvertedContactId": each.successor} if each.converted else {}),
                    **each.values,
                }
                for record, each in self.model.remote.items()
                if is_lead(record) is leads
            )
        sent_after = EPOCH + timedelta(seconds=self.second)
        for engine in (self.leads, self.contacts):
            engine.push(set(), sent_after)
        self.model.cycle(self.tick())
        self.compare()

    def compare(self) -> None:
        with self.leads.database.read() as session:
            rows = session.rows("SELECT * FROM marketing.person")
            logged = session.rows(
                "SELECT p.sfdc_id, CAST(a.activity_type_id AS VARCHAR) AS type FROM marketing.activity a"
                " LEFT JOIN marketing.person p ON p.id = a.person_id WHERE activity_type_id NOT IN (13, 22)"
            )
            conflicts = session.rows("SELECT sfdc_id, field, losing_value FROM sync.conflict")
        people = {row["sfdc_id"]: row for row in rows}
        assert len(people) == len(rows) == len({row["id"] for row in rows})
        assert set(people) == {person.record for person in self.model.people}
        for person in self.model.people:
            row = people[person.record]
            assert {name: row[COLUMNS[name]] for name in FIELDS} == person.values
            assert bool(row["sfdc_is_deleted"]) == person.deleted
            assert row["sfdc_type"] == ("lead" if is_lead(person.record) else "contact")
        assert Counter((row["sfdc_id"], row["type"]) for row in logged) == Counter(
            (person.record, what) for person in self.model.people for what in person.told
        )
        assert Counter((row["sfdc_id"], row["field"], row["losing_value"]) for row in conflicts) == Counter(
            (record, name, as_text(value)) for record, name, value in self.model.conflicts
        )

    def check_agreement(self) -> None:
        """Each record that stands for itself is one person's, and both say the same of it."""
        for record, there in self.model.remote.items():
            person = self.model.by_record(record)
            if self.free(record):
                assert person is not None
                assert all(
                    (person.values[name] or None) == (value or None) or name == "FirstName"
                    for name, value in there.values.items()
                )
            elif there.successor and person is not None:
                # Left over: nobody that we ever knew stands for it, for that one was deleted before we saw it.
                while there.successor:
                    record = there.successor
                    there = self.model.remote[record]
                assert (there.deleted, record in self.model.mirrored) == (True, False)


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@settings(
    max_examples=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=st.lists(STEPS, min_size=4, max_size=14))
def test_identity_follows_the_model(history: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for create in (world.create_lead, world.create_lead, world.create_lead, world.create_contact):
            create()
        world.cycle()
        for kind, *rest in history:
            getattr(world, kind)(*rest)
        world.cycle()
        world.cycle()
        world.check_agreement()
