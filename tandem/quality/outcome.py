"""What a survey of a whole object found: per expectation, per record, and in all."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.quality.snapshot import Snapshot
from tandem.quality.suite import Rule

#: How much worse a record is for breaking something of this severity.
WEIGHTS = {"critical": 100, "warning": 1, "info": 0}


@dataclass(frozen=True)
class Outcome:
    """One expectation. ``holds`` is ``None`` where it could not be judged; ``problem`` says why in one line."""

    rule: Rule
    holds: bool | None
    checked: int = 0
    missing: int = 0
    broken: int = 0
    observed: str | None = None
    examples: tuple[tuple[str, str | None], ...] = ()
    """Id and value of some records that break it."""
    problem: str | None = None


@dataclass(frozen=True)
class Worst:
    """A record that breaks more than others, and the rules that it breaks."""

    sfdc_id: str
    name: str | None
    rules: tuple[Rule, ...]

    @property
    def weight(self) -> int:
        """How bad it is, to compare with others."""
        return sum(WEIGHTS[rule.severity] for rule in self.rules)


@dataclass(frozen=True)
class Survey:
    """One object. ``failing`` records break something critical, ``warned`` are others that break a warning."""

    object: str
    records: int
    failing: int = 0
    warned: int = 0
    outcomes: tuple[Outcome, ...] = ()
    worst: tuple[Worst, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    rows_judged: int = 0

    def score(self, snapshot: Snapshot) -> float:
        """Return 0 to 100: the share of records that are fit, one that only breaks warnings counting three
        quarters, less 5 for each broken warning about the object as a whole and 20 for each critical one.
        """
        total = self.records + snapshot.newly_quarantined
        if not total:
            return 100.0
        bad = min(total, self.failing + snapshot.quarantined)
        fit = total - bad - min(self.warned, total - bad) / 4
        costs = {"critical": 20, "warning": 5, "info": 0}
        spent = sum(costs[each.rule.severity] for each in self.outcomes if is_broken_whole(each))
        return round(max(0.0, 100 * fit / total - spent), 1)


def is_broken_whole(outcome: Outcome) -> bool:
    """Whether an expectation about the object as a whole is broken, one that no single record breaks."""
    return outcome.holds is False and not outcome.broken
