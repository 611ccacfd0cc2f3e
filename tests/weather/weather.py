"""What a case of bad weather has in common with the next: changes on both sides, and what must come of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tandem.errors import TandemError
from tests.support.world import World
from tests.weather.agreement import sides_agree


def lead(world: World, number: int = 0) -> str:
    """Return the id of a lead."""
    return str(world.org.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id")[number]["Id"])


def contact(world: World, number: int = 0) -> str:
    """Return the id of a contact."""
    return str(world.org.query("SELECT Id FROM Contact ORDER BY Id")[number]["Id"])


def edit(world: World, sfdc_id: str, **columns: object) -> None:
    """Change a person by plain SQL."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE marketing.person SET {sets} WHERE sfdc_id = ?"
    assert world.execute(sql, *columns.values(), sfdc_id) == 1


def watermark(world: World, name: str) -> datetime | None:
    """Return an object's watermark."""
    found = world.rows("SELECT stamp FROM sync.watermark WHERE object = ?", name)
    return found[0]["stamp"] if found else None


def last_run(world: World) -> dict[str, Any]:
    """Return the journal's row of the last run."""
    return world.rows("SELECT * FROM sync.run ORDER BY started_at DESC LIMIT 1")[0]


@dataclass
class Changes:
    """Two leads changed in Salesforce (enough for Bulk where the threshold is one), two in marketing."""

    world: World
    theirs: tuple[str, str]
    ours: tuple[str, str]
    mark: datetime | None

    @classmethod
    def make(cls, world: World) -> Changes:
        """Change both sides."""
        mark = watermark(world, "Lead")
        a, b, c, d = (lead(world, number) for number in range(4))
        for each in (a, b):
            world.org.update("Lead", each, {"Title": "Theirs"})
        for each in (c, d):
            edit(world, each, job_title="Ours")
        return cls(world, (a, b), (c, d), mark)

    def meet(self, line: str, status: str = "Failed") -> str:
        """Run a cycle in bad weather: it ends in one line that fits, and the journal says so."""
        with pytest.raises(TandemError, match=line) as caught:
            self.world.sync()
        told = str(caught.value)
        assert "\n" not in told
        assert "Traceback" not in told
        run = last_run(self.world)
        assert run["status"] == status
        assert self.world.rows("SELECT * FROM sync.lease") == []
        return told

    def not_read(self) -> None:
        """Nothing was taken over, and the watermark stands where it stood."""
        assert watermark(self.world, "Lead") == self.mark
        assert [self.world.person(each)["job_title"] for each in self.theirs] != ["Theirs", "Theirs"]

    def clear(self) -> None:
        """The weather clears: one more cycle makes both sides right, each change logged once."""
        self.world.org.faults.clear()
        self.world.sync()
        self.done()

    def done(self) -> None:
        """Both sides are right, each change is logged once."""
        for each in self.theirs:
            person = self.world.person(each)
            assert person["job_title"] == "Theirs"
            told = [a["attributes"]["New Value"] for a in self.world.activities(person["id"], 13)]
            assert told == ["Theirs"]
        for each in self.ours:
            assert self.world.org.get("Lead", each)["Title"] == "Ours"
            told = [
                a["attributes"]["Status"]
                for a in self.world.activities(self.world.person(each)["id"], 28)
                if a["attributes"]["Status"] == "succeeded"
            ]
            assert told == ["succeeded"]
        sides_agree(self.world)
