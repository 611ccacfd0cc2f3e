"""The rules of the merge and the push once more, in plain Python, one record and one field at a time.

Slow and obvious on purpose: the SQL is held against it on random histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass
class Remote:
    """A record in Salesforce."""

    values: Values
    stamp: int
    deleted: bool = False


@dataclass
class Ours:
    """What we keep of it: the marketing row and the mirror."""

    person: Values
    mirror: Values
    stamp: int
    deleted: bool = False
    refused: tuple[Values, int] | None = None  # what was refused last, and the record's stamp then


@dataclass
class Model:
    """Both sides, and the log. ``marketing_wins`` as on a lead; False as on a contact."""

    marketing_wins: bool
    remote: dict[str, Remote] = field(default_factory=dict)
    ours: dict[str, Ours] = field(default_factory=dict)
    activities: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    conflicts: list[tuple[str, str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def cycle(self, now: int, refuse: set[str]) -> None:
        """Pull, then push; records in ``refuse`` are refused by Salesforce."""
        self.counts = dict.fromkeys(("new", "updated", "deleted", "skipped", "pushed", "refused"), 0)
        for record, theirs in self.remote.items():
            self._pull(record, theirs)
        for record, ours in self.ours.items():
            self._push(record, ours, now, record in refuse)

    def _pull(self, record: str, theirs: Remote) -> None:
        ours = self.ours.get(record)
        if ours is None:
            if not theirs.deleted:
                self.ours[record] = Ours(dict(theirs.values), dict(theirs.values), theirs.stamp)
                self.activities.append((record, "new", None, None))
                self.counts["new"] += 1
            return
        if theirs.stamp == ours.stamp and theirs.values == ours.mirror:
            return
        touched = False
        for name, value in theirs.values.items():
            base, mine = ours.mirror[name], ours.person[name]
            if same(value, base) or same(value, mine):
                continue
            touched = True
            if not same(mine, base):
                self.conflicts.append((record, name, value if self.marketing_wins else mine))
                if self.marketing_wins:
                    continue
            self.activities.append((record, name, mine, value))
            ours.person[name] = value
        if theirs.deleted != ours.deleted:
            self.activities.append((record, "sfdc_is_deleted", ours.deleted, theirs.deleted))
            touched = True
        if theirs.deleted and not ours.deleted:
            self.counts["deleted"] += 1
        else:
            self.counts["updated" if touched else "skipped"] += 1
        ours.mirror, ours.stamp, ours.deleted = dict(theirs.values), theirs.stamp, theirs.deleted

    def _push(self, record: str, ours: Ours, now: int, refused: bool) -> None:
        if ours.deleted:
            return
        changed = {n: stored(v) for n, v in ours.person.items() if not same(v, ours.mirror[n])}
        if not changed or ours.refused == (changed, ours.stamp):
            return
        if refused:
            ours.refused = (changed, ours.stamp)
            self.activities.append((record, "push", "failed", None))
            self.counts["refused"] += 1
            return
        ours.refused = None
        ours.mirror |= changed
        self.activities.append((record, "push", "succeeded", None))
        self.counts["pushed"] += 1
        there = self.remote[record]
        there.values |= {name: trimmed(value) for name, value in changed.items()}
        there.stamp = now


def stored(value: Any) -> Any:
    """Return what is sent for a value: an empty text is null."""
    return None if value == "" else value


def trimmed(value: Any) -> Any:
    """Return what Salesforce keeps of a value that was sent."""
    return (value.strip(" \t\r\n") or None) if isinstance(value, str) else value


def same(one: Any, other: Any) -> bool:
    """Whether two values count as one (spec 5.8)."""
    return _normal(one) == _normal(other)


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n") or None
    return value
