"""What a check found: per row, per expectation, and in all."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Longest text of a value that a finding keeps; the value itself stays in the batch.
VALUE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks one expectation.

    ``expectation`` is the type as Great Expectations names it. ``column`` is the first column that the
    expectation speaks of, ``value`` what the row holds there, as text cut at :data:`VALUE_LENGTH`
    characters; None is null. A finding about the batch itself (a column is missing) has no ``sfdc_id``.
    """

    sfdc_id: str
    expectation: str
    column: str
    value: str | None
    severity: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows break one expectation: all of them, however few are listed as findings."""

    expectation: str
    column: str
    severity: str
    rows: int


@dataclass(frozen=True)
class Report:
    """The outcome of one check.

    ``findings`` break critical expectations: their rows are to be quarantined. ``warnings`` break the
    others and are only recorded; they are examples, ``tallies`` holds the counts. ``unjudged`` names
    the expectations whose column the batch does not have and the suite does not demand (3.5: a field
    hidden from the sync user leaves the sync, it does not stop it).
    """

    object: str
    rows: int
    expectations: int = 0
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    failed: bool = False
    reason: str | None = None
    judged_by: str = "nobody: there was nothing to judge"
    rows_judged: int = 0
    seconds: float = 0.0

    @property
    def quarantined(self) -> frozenset[str]:
        """The ids of the records to keep out of the merge."""
        return frozenset(finding.sfdc_id for finding in self.findings)


def as_text(value: object) -> str | None:
    """Return a value as a finding shows it: text unchanged but cut, everything else in ISO or plain form."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    isoformat = getattr(value, "isoformat", None)
    return (isoformat() if isoformat else str(value))[:VALUE_LENGTH]
