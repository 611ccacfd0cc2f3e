"""What has been found so far while a batch is being judged, piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tandem.quality.report import Finding, Tally, as_text
from tandem.quality.suite import Rule, Suite

#: Findings that are kept of an expectation that has no consequences; the rest is only counted.
EXAMPLES = 100

ID, STAMP = "Id", "SystemModstamp"


@dataclass
class Trial:
    """Collects the verdicts on one batch of ``rows`` rows."""

    suite: Suite
    rows: int
    without_id: bool = False
    _critical: dict[Rule, list[tuple[Finding, Any]]] = field(default_factory=dict)
    _examples: dict[Rule, list[Finding]] = field(default_factory=dict)
    _tallies: Counter[Rule] = field(default_factory=Counter)
    _bad: set[str] = field(default_factory=set)

    def record(self, rule: Rule, piece: Any, broken: Sequence[int]) -> None:
        """Note that these rows of an Arrow table break a rule. The finding keeps the value as it is there."""
        if not rule.is_critical:
            broken = broken[: EXAMPLES - len(self._examples.get(rule, ()))]
        if not broken:
            return
        rows = piece.take(broken)
        ids = rows.column(ID).to_pylist() if ID in rows.column_names else [None] * len(broken)
        values = rows.column(rule.subjects[0]).to_pylist()
        found = [
            Finding(sfdc_id or "", rule.type, rule.subjects[0], as_text(value), rule.severity)
            for sfdc_id, value in zip(ids, values, strict=True)
        ]
        if rule.is_critical:
            stamps = rows.column(STAMP).to_pylist() if STAMP in rows.column_names else [None] * len(broken)
            self._critical.setdefault(rule, []).extend(zip(found, stamps, strict=True))
            self._bad.update(finding.sfdc_id for finding in found)
            self.without_id |= None in ids
        else:
            self._examples.setdefault(rule, []).extend(found)

    def count(self, rule: Rule, rows: int) -> None:
        """Add to the number of rows that break a rule."""
        if rows:
            self._tallies[rule] += rows

    def forget(self, rule: Rule) -> None:
        """Drop everything about a rule: it is judged anew."""
        self._critical.pop(rule, None)
        self._examples.pop(rule, None)
        self._tallies.pop(rule, None)
        self._bad = {finding.sfdc_id for pairs in self._critical.values() for finding, _ in pairs}

    @property
    def is_lost(self) -> bool:
        """Whether the batch fails as a whole, whatever the rows still to be judged are like."""
        too_many = self.rows >= self.suite.of_at_least and len(self._bad) > self.suite.stop_above * self.rows
        return too_many or self.without_id

    def verdict(self, object: str) -> str | None:
        """Say in one line why the batch fails as a whole; None if it does not."""
        file = self.suite.file.name
        if self.without_id:
            return (
                f"{object}: a staged row has no Id, so it cannot be set aside by itself, and nothing of the "
                "batch was applied. Run the sync again; if it stays, look at how the object is read."
            )
        if not self.is_lost:
            return None
        worst = max((rule for rule in self._tallies if rule.is_critical), key=self._tallies.__getitem__)
        return (
            f"{object}: at least {len(self._bad):,} of {self.rows:,} staged rows break expectations, most of "
            f"them {worst.type} on {worst.subjects[0]}; {file} allows {self.suite.stop_above:.0%}, so "
            f"nothing was applied. Look at these records in Salesforce, or change stop_above in {file}."
        )

    @property
    def warnings(self) -> list[Finding]:
        """Examples of broken expectations without consequences, in the suite's order."""
        rules = sorted(self._examples, key=lambda rule: rule.number)
        return [finding for rule in rules for finding in self._examples[rule]]

    @property
    def tallies(self) -> list[Tally]:
        """The count of every broken expectation, in the suite's order."""
        rules = sorted(self._tallies, key=lambda rule: rule.number)
        return [Tally(rule.type, rule.subjects[0], rule.severity, self._tallies[rule]) for rule in rules]

    @property
    def suspects(self) -> frozenset[str]:
        """The ids in critical findings."""
        return frozenset(self._bad)

    def findings(self, newest: Mapping[str, Any]) -> list[Finding]:
        """List the critical findings that stand.

        Reads overlap, so a record may come twice: once broken, once repaired. The merge keeps the newest
        version, so a finding about an older one must not hold that back.

        :param newest: the newest SystemModstamp of records that are in the batch more than once.
        """
        rules = sorted(self._critical, key=lambda rule: rule.number)
        return [
            finding
            for rule in rules
            for finding, stamp in self._critical[rule]
            if stamp is None or (latest := newest.get(finding.sfdc_id)) is None or stamp >= latest
        ]
