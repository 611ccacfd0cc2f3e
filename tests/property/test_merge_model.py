"""The SQL merge and push against the plain model, on random histories of both sides."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.objects import CONTACT, LEAD, SyncedObject
from tests.support.model import Model, Remote
from tests.support.offline import EPOCH, Offline, stamp

pytestmark = pytest.mark.long

FIELDS = {
    "FirstName": "string",
    "Description": "textarea",
    "HasOptedOutOfEmail": "boolean",
    "Score__c": "double",
}
COLUMNS = {
    "FirstName": "first_name",
    "Description": "person_notes",
    "HasOptedOutOfEmail": "unsubscribed",
    "Score__c": "score__c",
}
TEXTS = st.sampled_from([None, "", "NA", "00000", " x", "x", "a\r\nb", "a\nb", 'q"uo,te', "😀", "é" * 300])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "FirstName": TEXTS,
    "Description": TEXTS,
    "HasOptedOutOfEmail": st.booleans(),
    "Score__c": st.one_of(st.none(), st.integers(-5, 5).map(float)),
}
RECORDS = st.integers(0, 3)
FIELD = st.sampled_from(sorted(FIELDS))


@st.composite
def edits(draw: st.DrawFn, kind: str) -> tuple[str, int, str, Any]:
    name = draw(FIELD)
    return kind, draw(RECORDS), name, draw(VALUES[name])


STEPS = st.one_of(
    edits("theirs"),
    edits("theirs"),
    edits("ours"),
    edits("ours"),
    st.tuples(st.sampled_from(["delete", "undelete", "touch"]), RECORDS),
    st.tuples(st.just("cycle"), st.sets(RECORDS, max_size=2)),
    st.tuples(st.just("cycle"), st.just(frozenset())),
)


def record_id(number: int) -> str:
    return f"00Q0000000000{number:02d}AAA"


class World:
    """Both sides for real (SQL), and the model, moved in step."""

    def __init__(self, folder: Path, declared: SyncedObject) -> None:
        self.model = Model(marketing_wins=declared is LEAD)
        self.engine = Offline(folder, declared, FIELDS)
        self.second = 0

    def theirs(self, number: int, name: str, value: Any) -> None:
        record = record_id(number)
        value = (value.strip(" \t\r\n") or None) if isinstance(value, str) else value
        if record not in self.model.remote:
            empty: dict[str, Any] = dict.fromkeys(FIELDS)
            self.model.remote[record] = Remote({**empty, "HasOptedOutOfEmail": False}, self.tick())
        there = self.model.remote[record]
        if not there.deleted:
            there.values[name], there.stamp = value, self.tick()

    def ours(self, number: int, name: str, value: Any) -> None:
        record = record_id(number)
        if record in self.model.ours:
            self.model.ours[record].person[name] = value
            with self.engine.database.write() as session:
                session.execute(
                    f"UPDATE marketing.person SET {COLUMNS[name]} = ? WHERE sfdc_id = ?", [value, record]
                )

    def mark(self, number: int, kind: str) -> None:
        there = self.model.remote.get(record_id(number))
        if there is not None:
            there.deleted = {"delete": True, "undelete": False}.get(kind, there.deleted)
            there.stamp = self.tick()

    def cycle(self, refused: set[int]) -> None:
        refuse = {record_id(number) for number in refused}
        rows = [
            {"Id": record, "SystemModstamp": stamp(there.stamp), "IsDeleted": there.deleted, **there.values}
            for record, there in self.model.remote.items()
        ]
        counts = self.engine.pull(rows)
        sent_after = EPOCH + timedelta(seconds=self.second)
        sent = self.engine.push(refuse, sent_after)
        self.model.cycle(self.tick(), refuse)
        expected = self.model.counts
        assert (counts.new, counts.updated, counts.deleted, counts.skipped) == (
            expected["new"],
            expected["updated"],
            expected["deleted"],
            expected["skipped"],
        )
        assert len(sent) == expected["pushed"]

    def tick(self) -> int:
        self.second += 1
        return self.second

    def compare(self) -> None:
        with self.engine.database.read() as session:
            people = {row["sfdc_id"]: row for row in session.rows("SELECT * FROM marketing.person")}
            logged = session.rows(
                "SELECT p.sfdc_id, a.activity_type_id AS type, a.primary_attribute_value AS about,"
                " a.attributes->>'Old Value' AS old, a.attributes->>'New Value' AS new,"
                " a.attributes->>'Status' AS status"
                " FROM marketing.activity a JOIN marketing.person p ON p.id = a.person_id"
            )
            conflicts = session.rows("SELECT sfdc_id, field, losing_value FROM sync.conflict")
        assert set(people) == set(self.model.ours)
        for record, ours in self.model.ours.items():
            shown = {name: people[record][COLUMNS[name]] for name in FIELDS}
            assert shown == ours.person
            assert bool(people[record]["sfdc_is_deleted"]) == ours.deleted
        assert Counter(_logged(row) for row in logged if row["type"] != 29) == Counter(
            (record, COLUMNS.get(what, what), as_text(old), as_text(new))
            for record, what, old, new in self.model.activities
        )
        assert Counter((row["sfdc_id"], row["field"], row["losing_value"]) for row in conflicts) == Counter(
            (record, name, as_text(value)) for record, name, value in self.model.conflicts
        )


def _logged(row: dict[str, Any]) -> tuple[Any, ...]:
    if row["type"] == 12:
        return row["sfdc_id"], "new", None, None
    if row["type"] == 28:
        return row["sfdc_id"], "push", row["status"], None
    return row["sfdc_id"], row["about"], row["old"], row["new"]


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@pytest.mark.parametrize("declared", [LEAD, CONTACT], ids=["lead", "contact"])
@settings(
    max_examples=18,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=st.lists(STEPS, min_size=3, max_size=14))
def test_merge_and_push_follow_the_model(declared: SyncedObject, history: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), declared)
        world.theirs(0, "FirstName", "Ada")
        world.theirs(1, "FirstName", "Bo")
        world.cycle(set())
        for kind, *rest in history:
            if kind == "cycle":
                world.cycle(rest[0])
            elif kind in ("theirs", "ours"):
                getattr(world, kind)(*rest)
            else:
                world.mark(rest[0], kind)
        world.cycle(set())
        world.compare()
        for record, ours in world.model.ours.items():  # and both sides agree, whoever won
            if not ours.deleted and ours.refused is None:
                there = world.model.remote[record].values
                assert {n: v for n, v in there.items() if isinstance(v, bool | float)} == {
                    n: v for n, v in ours.person.items() if isinstance(there[n], bool | float)
                }
