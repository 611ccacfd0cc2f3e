"""Identity once more, in plain Python: whose record is whose after merges and conversions in Salesforce.

Slow and obvious on purpose, one person at a time: the SQL is held against it on random histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.model import Values, same, stored, trimmed

SCORE = "mkto71_Lead_Score__c"


def is_lead(record: str) -> bool:
    """Whether an id is a lead's."""
    return record.startswith("00Q")


@dataclass
class Remote:
    """A record in Salesforce."""

    values: Values
    stamp: int
    deleted: bool = False
    successor: str | None = None  # who won the merge, or the contact that the lead became
    converted: bool = False


@dataclass
class Person:
    """A person, and the mirror of its record."""

    number: int
    record: str
    values: Values
    mirror: Values
    stamp: int | None
    deleted: bool = False
    let_go: bool = False  # its record was merged into one that is yet to come
    told: list[str] = field(default_factory=list)


@dataclass
class Way:
    """The records that stand for a person's, one after the other."""

    records: list[str]
    conversions: set[str]  # those of them that a lead became, or that stand for one
    converted: bool
    merged: bool


@dataclass
class IdentityModel:
    """Both sides of leads and contacts."""

    remote: dict[str, Remote] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    conflicts: list[tuple[str, str, Any]] = field(default_factory=list)
    pointers: dict[str, tuple[str, bool]] = field(default_factory=dict)
    mirrored: set[str] = field(default_factory=set)
    numbers: int = 0

    def by_record(self, record: str) -> Person | None:
        """Return whose record it is."""
        return next((each for each in self.people if each.record == record), None)

    def cycle(self, now: int) -> None:
        """Pull leads, then contacts, then push."""
        self._pull(leads=True)
        self._pull(leads=False)
        for person in self.people:
            self._push(person, now)

    def _pull(self, leads: bool) -> None:
        page = {record: each for record, each in self.remote.items() if is_lead(record) is leads}
        for record, each in page.items():
            if each.successor:
                self.pointers[record] = (each.successor, each.converted)
        ways = {person.number: self._way(person.record) for person in self.people}
        if not leads:
            self._carry_over(page, ways)
        going: list[tuple[Person, str, bool]] = []
        for person in self.people:
            way = ways[person.number]
            there = [each for each in way.records if self._is_somebody(each, page)]
            if there:
                going.append((person, there[-1], there[-1] in way.conversions))
            if there or (way.converted and way.merged):
                person.let_go = True
        for record, theirs in page.items():
            known = self.by_record(record)
            if known is None:
                if not theirs.deleted and not theirs.converted and record not in self.mirrored:
                    self._arrive(record, theirs)
            elif not known.let_go:
                self._update(known, theirs, marketing_wins=leads)
        self._merge(going)

    def _way(self, record: str) -> Way:
        way = Way([], set(), False, False)
        while record in self.pointers:
            record, converted = self.pointers[record]
            way.records.append(record)
            way.converted |= converted
            way.conversions |= {record} if way.converted else set()
            way.merged |= not converted
        return way

    def _is_somebody(self, record: str, page: dict[str, Remote]) -> bool:
        if self.by_record(record):
            return True
        there = page.get(record)
        return there is not None and not (there.deleted or there.converted) and record not in self.mirrored

    def _carry_over(self, page: dict[str, Remote], ways: dict[int, Way]) -> None:
        for person in self.people:
            way = ways[person.number]
            if len(way.records) == 1 and way.converted:
                [contact] = way.records
                if contact in page and not self.by_record(contact):
                    person.record, person.stamp = contact, None
                    person.told.append("21")
                    self.mirrored.add(contact)
                    ways[person.number] = self._way(contact)

    def _arrive(self, record: str, theirs: Remote) -> None:
        self.numbers += 1
        values, mirror = dict(theirs.values), dict(theirs.values)
        self.people.append(Person(self.numbers, record, values, mirror, theirs.stamp, told=["12"]))
        self.mirrored.add(record)

    def _update(self, person: Person, theirs: Remote, marketing_wins: bool) -> None:
        if theirs.stamp == person.stamp and theirs.values == person.mirror:
            return
        for name, value in theirs.values.items():
            base, mine = person.mirror[name], person.values[name]
            if same(value, base) or same(value, mine):
                continue
            if not same(mine, base):
                self.conflicts.append((person.record, name, value if marketing_wins else mine))
                if marketing_wins:
                    continue
            person.values[name] = value
        if theirs.deleted and not person.deleted:
            person.told.append("29")
        person.mirror, person.stamp, person.deleted = dict(theirs.values), theirs.stamp, theirs.deleted

    def _merge(self, going: list[tuple[Person, str, bool]]) -> None:
        for target in {target for _, target, _ in going}:
            winner = self.by_record(target)
            assert winner is not None
            losers = sorted((each for each in going if each[1] == target), key=lambda each: each[0].number)
            for loser, _, converted in losers:
                for name, value in loser.values.items():
                    if name == SCORE:
                        if value:
                            winner.values[SCORE] = (winner.values[SCORE] or 0) + value
                    elif winner.values[name] is None:
                        winner.values[name] = value
                winner.told += loser.told + (["21"] if converted else [])
                self.people.remove(loser)
            winner.told += ["31", "32"]

    def _push(self, person: Person, now: int) -> None:
        there = self.remote[person.record]
        if person.deleted or person.let_go or there.converted:
            return
        changed = {n: stored(v) for n, v in person.values.items() if not same(v, person.mirror[n])}
        if changed:
            person.mirror |= changed
            person.told.append("28")
            there.values |= {name: trimmed(value) for name, value in changed.items()}
            there.stamp = now
