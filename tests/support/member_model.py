"""Members of a program that is linked to a campaign once more, in plain Python, one member at a time (10.4 to 10.9).

Slow and obvious on purpose: the SQL is held against it on random histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Statuses of the channel with their steps.
STEPS = {"Invited": 1, "Registered": 2, "Wait-listed": 2, "Attended": 3}


@dataclass
class Member:
    """One person, in the program and in the campaign; ``None``: no member there."""

    program: str | None
    campaign: str | None
    base: str | None = None
    """What Salesforce last told us."""
    known: str | None = None
    """What the program had when both were last compared: a status that was held is not the campaign's."""
    removed: bool = False
    told: list[tuple[int, str | None]] = field(default_factory=list)
    """Activities: type and status; one that says skipped has a minus before it."""
    conflicts: list[str] = field(default_factory=list)

    def cycle(self) -> None:
        """Carry our edit over, pull, then push."""
        if self.campaign is None and self.base is not None:  # taken out in Salesforce
            self.removed, self.base = True, None
            self.told.append((43, None))
            return
        if self.removed or (self.program is None and self.campaign is None):
            return
        if self.base is None:
            self._meet()
            return
        before = self.program
        assert self.program
        assert self.known
        edited = self.program != self.known
        if edited and STEPS[self.program] < STEPS[self.known]:
            self.told.append((-104, self.program))
            self.program, edited = self.known, False
        elif edited:
            self.told.append((104, self.program))
            self.known = self.program
        if self.campaign != self.base:
            self._pull(edited)
        if edited and self.campaign != before:
            self.campaign = before
            self.told.append((44, before))
        self.base = self.campaign

    def _meet(self) -> None:
        """One side has a member that the other does not."""
        status = self.campaign or self.program
        assert self.campaign is None or self.program is None
        self.program = self.campaign = self.base = self.known = status
        self.told += [(104, status), (42, status)]

    def _pull(self, edited: bool) -> None:
        assert self.campaign
        assert self.program
        if edited:
            if self.campaign != self.program:
                self.conflicts.append(self.campaign)
            return
        self.told.append((44, self.campaign))
        if STEPS[self.campaign] < STEPS[self.program]:
            self.told.append((-104, self.campaign))
        elif self.campaign != self.program:
            self.told.append((104, self.campaign))
            self.program = self.known = self.campaign
