"""Random histories of the whole: both sides edited, flow actions, answers lost and requests refused, and after each
cycle what must hold. ``HISTORY_ROUNDS`` and ``HISTORY_SEED`` for longer and other histories."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from flows.run import FLOWS
from sandbox import Org
from tandem.errors import TandemError
from tests.conformance.conftest import tandem
from tests.conformance.wire import Wire
from tests.kill.ledger import Ledger
from tests.support.acts import Act, Acts, furnish
from tests.support.member_model import STEPS, Member
from tests.support.suites import lighten_suites
from tests.support.world import World, tandem_world
from tests.weather.agreement import sides_agree

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("HISTORY_ROUNDS", "2"))
SEED = int(os.environ.get("HISTORY_SEED", "20261120"))
OBJECTS = '["Account", "Lead", "Contact", "Campaign", "CampaignMemberStatus", "CampaignMember"]'
TWO_WAY = {"Lead", "Contact", "CampaignMember", "Task"}


class Members:
    """Members of the program and of its campaign, for real and in the model."""

    def __init__(self, world: World, campaign: str, dice: random.Random) -> None:
        self._world, self._org, self._campaign, self._dice = world, world.org, campaign, dice
        found = world.org.query("SELECT Id FROM Lead WHERE LastName LIKE 'Member %' ORDER BY Id")
        self.models = {row["Id"]: Member(None, None) for row in found}
        self._person = {each: int(world.person(each)["id"]) for each in self.models}
        self._seen = self._last_activity()

    def change(self, how_many: int) -> None:
        """Change members on one side or both."""
        for record in self._dice.sample(sorted(self.models), how_many):
            member = self.models[record]
            status = self._dice.choice(sorted(STEPS))
            if member.program is None and member.campaign is None:
                self._dice.choice((self._join_here, self._join_there))(record, status)
            elif not member.removed:
                kinds = (("ours",), ("theirs",), ("ours", "theirs"), ("gone",))
                for kind in self._dice.choices(kinds, (3, 3, 3, 1))[0]:
                    getattr(self, f"_{kind}")(record, self._dice.choice(sorted(STEPS)))

    def _join_here(self, record: str, status: str) -> None:
        sql = "INSERT INTO marketing.program_member (program_id, person_id, status) VALUES (1, ?, ?)"
        self._world.execute(sql, self._person[record], status)
        self.models[record].program = status

    def _join_there(self, record: str, status: str) -> None:
        values = {"CampaignId": self._campaign, "LeadId": record, "Status": status}
        self._org.create("CampaignMember", values)
        self.models[record].campaign = status

    def _ours(self, record: str, status: str) -> None:
        sql = "UPDATE marketing.program_member SET status = ? WHERE person_id = ?"
        self._world.execute(sql, status, self._person[record])
        self.models[record].program = status

    def _theirs(self, record: str, status: str) -> None:
        self._org.update("CampaignMember", self._member(record), {"Status": status})
        self.models[record].campaign = status

    def _gone(self, record: str, _: str) -> None:
        self._org.delete("CampaignMember", self._member(record))
        self.models[record].campaign = None

    def _member(self, record: str) -> str:
        soql = f"SELECT Id FROM CampaignMember WHERE CampaignId = '{self._campaign}' AND LeadId = '{record}'"
        return str(self._org.query(soql)[0]["Id"])

    def cycle(self) -> None:
        """Let the model go through a cycle."""
        for each in self.models.values():
            each.cycle()

    def check(self) -> None:
        """Hold both sides, the log and the conflicts against the model."""
        there = {
            row["LeadId"]: row["Status"]
            for row in self._org.query(
                f"SELECT LeadId, Status FROM CampaignMember WHERE CampaignId = '{self._campaign}'"
            )
        }
        here = {
            row["sfdc_id"]: (row["status"], bool(row["is_removed"]))
            for row in self._world.rows(
                "SELECT p.sfdc_id, m.status, m.is_removed FROM marketing.program_member m"
                " JOIN marketing.person p ON p.id = m.person_id"
            )
        }
        for record, model in self.models.items():
            assert there.get(record) == model.campaign, (record, model)
            assert here.get(record, (None, False)) == (model.program, model.removed), (record, model)
            assert self._told(record) == Counter(model.told), (record, model)
        lost = self._world.rows("SELECT losing_value FROM sync.conflict WHERE object = 'CampaignMember'")
        expected = Counter(each for model in self.models.values() for each in model.conflicts)
        assert Counter(row["losing_value"] for row in lost) == expected
        for model in self.models.values():
            model.conflicts.clear()

    def _told(self, record: str) -> Counter[tuple[int, str | None]]:
        found = self._world.rows(
            "SELECT activity_type_id AS type, attributes FROM marketing.activity WHERE person_id = ? AND id > ?"
            " AND activity_type_id IN (42, 43, 44, 104)",
            *(self._person[record], self._seen),
        )
        told: Counter[tuple[int, str | None]] = Counter()
        for row in found:
            facts = json.loads(row["attributes"])
            skipped = facts.get("Status") == "skipped"
            told[-row["type"] if skipped else row["type"], facts.get("New Status")] += 1
        return told

    def _last_activity(self) -> int:
        return int(self._world.rows("SELECT coalesce(max(id), 0) AS id FROM marketing.activity")[0]["id"])


class History:
    """One world, in which everything happens at random."""

    def __init__(self, world: World, campaign: str, dice: random.Random) -> None:
        self._world, self._dice = world, dice
        self._wire = Wire(world.org)
        self._acts = Acts(world, campaign, dice)
        self._members = Members(world, campaign, dice)
        self._ledger = Ledger(world, dice, self._taken)
        self.story: list[str] = []

    def round(self) -> None:
        """Change both sides, act, meet trouble; then one quiet cycle, after which all must hold."""
        self.story.clear()
        self._ledger.new_round()
        self._ledger.change(5)
        self._members.change(5)
        acts = [self._acts.any() for _ in range(3)]
        for act in acts:
            self._run(act.flow, trouble=True, **act.parameters)
            if self._dice.random() < 0.2:
                self._cycle(trouble=True)
            self._again(act)
        if self._dice.random() < 0.5:
            self._cycle(trouble=True)
        self._cycle(trouble=False)
        self._members.cycle()
        self._ledger.check()
        self._members.check()
        for act in acts:
            self._acts.check(act)
        refused = self._world.rows(
            "SELECT e.message FROM sync.outbox o LEFT JOIN sync.error e ON e.sfdc_id = o.sfdc_id"
            " WHERE o.state = 'refused' AND e.message IS NULL"
        )
        assert refused == [], "refused without a reason"
        assert {name for name, _ in self._wire.writes()} <= TWO_WAY
        sides_agree(self._world, self._ledger.apart)

    def _cycle(self, trouble: bool) -> None:
        self._world.org.clock.advance(seconds=60)
        self._run("sync", trouble)

    def _again(self, act: Act) -> None:
        try:
            self._run(act.flow, trouble=False, **act.parameters)
        except TandemError as error:
            if not act.gone or "There is no person" not in str(error):  # done: nobody is left to do it to
                raise

    def _run(self, flow: str, trouble: bool, **parameters: Any) -> None:
        module, _, name = FLOWS[flow].partition(":")
        run = getattr(import_module(module), name)
        if not trouble:
            self.story.append(f"{flow} {parameters}")
            run(**parameters)
            return
        with self._trouble() as what:
            try:
                run(**parameters)
                end = "went through"
            except TandemError as error:
                end = str(error)
                assert "\n" not in end
        self.story.append(f"{flow} {parameters} in {what}: {end}")

    @contextmanager
    def _trouble(self) -> Iterator[str]:
        kind = self._dice.choice(("drop_before", "drop_after", "drop_after", "status", "lock_row"))
        match = self._dice.choice(("* */services/*", "P* */composite/sobjects*", "POST */Soap/*"))
        skip, times = self._dice.randrange(6 if match.startswith("*") else 1), self._dice.choice((1, 1, None))
        fault = self._world.org.faults.add(match, kind, skip=skip, times=times)
        yield f"{kind} {match} skip {skip} times {times}"
        fault.remove()

    def _taken(self) -> set[str]:
        """Return the records that are no business of the ledger's."""
        named = " OR ".join(f"LastName LIKE '{name} %'" for name in ("Lead", "Contact", "Member", "Newcomer"))
        org = self._world.org
        return {
            row["Id"]
            for name in ("Lead", "Contact")
            for row in org.query_all(f"SELECT Id FROM {name} WHERE {named}")
        }


def test_random_histories(prefect_server: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = {"SYNC__OBJECTS": OBJECTS, "SYNC__CAMPAIGNS": "true", "EXPECTATIONS": lighten_suites(tmp_path)}
    with tandem_world(monkeypatch, tmp_path, Org(people=30 + 10 * ROUNDS, seed=7), **chosen) as world:
        campaign = furnish(world, 6 * ROUNDS, STEPS)
        names = [{"LastName": f"Member {n}", "Company": "Members"} for n in range(12)]
        world.org.create_many("Lead", names)
        world.backfill()
        statuses = [part for name, step in STEPS.items() for part in ("--status", f"{name}={step}")]
        tandem("program", "channel", "Webinar", *statuses)
        tandem("program", "add", "Spring", "--channel", "Webinar")
        tandem("program", "link", "Spring", "Launch")
        world.sync()
        history = History(world, campaign, random.Random(SEED))
        for number in range(ROUNDS):
            try:
                history.round()
            except (AssertionError, TandemError) as error:
                told = "\n".join(history.story)
                raise AssertionError(f"round {number + 1}: {error}\n{told}") from error
