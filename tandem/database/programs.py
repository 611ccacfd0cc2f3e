"""Programs and their channels, and the campaign that a program may be linked to: one to one (10.2, 10.7, 10.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.errors import TandemError


@dataclass(frozen=True)
class ChannelStatus:
    """A status that members of a channel's programs may have. ``step`` orders them (10.9)."""

    name: str
    step: int
    is_success: bool = False


@dataclass(frozen=True)
class NewCampaign:
    """A campaign that a program asks for. ``sent_at`` is Salesforce's clock before the first try."""

    program_id: int
    program: str
    name: str
    type: str
    actual_cost: float | None
    sent_at: datetime | None
    sfdc_id: str | None


def add_channel(session: Session, name: str, statuses: Sequence[ChannelStatus]) -> int:
    """Make a channel; returns its id. Call it inside a transaction.

    :raises TandemError: the name is taken, or the statuses are none or double.
    """
    name = _named(name, "channel")
    if session.value("SELECT count(*) FROM marketing.channel WHERE lower(name) = lower(?)", [name]):
        raise TandemError(f"There is a channel {name} already. Choose another name.")
    labels = [each.name.strip().lower() for each in statuses]
    if not labels or "" in labels or len(set(labels)) < len(labels):
        raise TandemError("A channel needs one status or more, each with a name of its own.")
    channel_id = int(session.value("SELECT coalesce(max(id), 0) + 1 FROM marketing.channel"))
    session.execute("INSERT INTO marketing.channel VALUES (?, ?)", [channel_id, name])
    session.insert(
        "marketing.channel_status",
        [(channel_id, each.name.strip(), each.step, each.is_success) for each in statuses],
    )
    return channel_id


def add_program(session: Session, name: str, channel: str, period_cost: float | None = None) -> int:
    """Make a program; returns its id. Call it inside a transaction.

    :raises TandemError: the name is taken, or there is no such channel.
    """
    name = _named(name, "program")
    if session.value("SELECT count(*) FROM marketing.program WHERE lower(name) = lower(?)", [name]):
        raise TandemError(f"There is a program {name} already. Choose another name.")
    channel_id = session.value("SELECT id FROM marketing.channel WHERE lower(name) = lower(?)", [channel])
    if channel_id is None:
        raise TandemError(f"There is no channel {channel}. `tandem program channels` lists them.")
    now = utc_now()
    program_id = int(session.value("SELECT coalesce(max(id), 0) + 1 FROM marketing.program"))
    session.execute(
        "INSERT INTO marketing.program VALUES (?, ?, ?, ?, NULL, ?, ?)",
        [program_id, name, channel_id, period_cost, now, now],
    )
    return program_id


def find_program(session: Session, key: str) -> int:
    """Return the id of a program by id or name.

    :raises TandemError: there is none, or several have the name.
    """
    found = session.rows(
        "SELECT id FROM marketing.program WHERE lower(name) = lower(?) OR CAST(id AS VARCHAR) = ? ORDER BY id",
        [key.strip(), key.strip()],
    )
    if not found:
        raise TandemError(f"There is no program {key}. `tandem program list` shows them.")
    if len(found) > 1:
        raise TandemError(f"Several programs are called {key}. Say which by id.")
    return int(found[0]["id"])


def listed(session: Session) -> list[dict[str, Any]]:
    """Return the programs with channel, cost, members and linked campaign."""
    return session.rows(
        """
        SELECT p.id, p.name, ch.name AS channel, p.period_cost, p.sfdc_id, c.name AS campaign,
               (SELECT any_value(n.name) FROM sync.new_campaign n WHERE n.program_id = p.id AND n.ended_at IS NULL)
                   AS campaign_to_come,
               (SELECT count(*) FROM marketing.program_member pm
                WHERE pm.program_id = p.id AND pm.is_removed IS NOT TRUE) AS members
        FROM marketing.program p LEFT JOIN marketing.channel ch ON ch.id = p.channel_id
        LEFT JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id ORDER BY p.id
        """
    )


def channels(session: Session) -> list[dict[str, Any]]:
    """Return the channels with their statuses in order."""
    return session.rows(
        """
        SELECT c.id, c.name, list(s.name ORDER BY s.step, s.name) AS statuses,
               list(s.step ORDER BY s.step, s.name) AS steps
        FROM marketing.channel c JOIN marketing.channel_status s ON s.channel_id = c.id
        GROUP BY c.id, c.name ORDER BY c.id
        """
    )


def statuses_of(session: Session, program_id: int) -> list[ChannelStatus]:
    """Return the statuses that members of a program may have, in the order of their steps."""
    found = session.rows(
        "SELECT s.name, s.step, s.is_success FROM marketing.channel_status s JOIN marketing.program p"
        " ON p.channel_id = s.channel_id WHERE p.id = ? ORDER BY s.step, s.name",
        [program_id],
    )
    return [ChannelStatus(**row) for row in found]


def link(session: Session, program_id: int, campaign: str) -> str:
    """Link a program to a campaign that is there; returns the campaign's Salesforce id.

    Its members become members of the program with the next cycle, and the other way round. Call it inside a
    transaction.

    :param campaign: Salesforce id or name.
    :raises TandemError: either is linked already, there is no such campaign, or the statuses differ.
    """
    _require_unlinked(session, program_id)
    found = session.rows(
        "SELECT id, sfdc_id, name FROM marketing.campaign WHERE sfdc_is_deleted IS NOT TRUE"
        " AND (sfdc_id = ? OR left(sfdc_id, 15) = ? OR lower(name) = lower(?)) ORDER BY id",
        [campaign.strip()] * 3,
    )
    if not found:
        raise TandemError(
            f"No campaign {campaign} has been synced. Check the name or id; a new one takes a cycle to come."
        )
    if len(found) > 1:
        raise TandemError(f"Several campaigns are called {campaign}. Say which by its Salesforce id.")
    row = found[0]
    if other := session.value("SELECT name FROM marketing.program WHERE sfdc_id = ?", [row["sfdc_id"]]):
        raise TandemError(f"The campaign {row['name']} is linked to the program {other}. Unlink that first.")
    _require_same_statuses(session, program_id, row["id"], row["name"])
    link_to(session, program_id, row["sfdc_id"])
    return str(row["sfdc_id"])


def link_to(session: Session, program_id: int, sfdc_id: str) -> None:
    """Write the link down. Call it inside a transaction."""
    session.execute(
        "UPDATE marketing.program SET sfdc_id = ?, updated_at = ? WHERE id = ?",
        [sfdc_id, utc_now(), program_id],
    )


def ask_for_campaign(session: Session, program_id: int, name: str | None) -> str:
    """Write down that a program wants a new campaign, which the next cycle makes; returns the campaign's name.

    Call it inside a transaction.

    :raises TandemError: the program is linked, or has asked already.
    """
    _require_unlinked(session, program_id)
    chosen = (name or session.value("SELECT name FROM marketing.program WHERE id = ?", [program_id])).strip()
    if not 0 < len(chosen) <= 80:
        raise TandemError("A campaign's name has 1 to 80 characters. Choose another.")
    session.execute(
        "INSERT INTO sync.new_campaign VALUES (?, ?, ?, NULL, NULL, NULL)", [program_id, chosen, utc_now()]
    )
    return str(chosen)


def unlink(session: Session, program_id: int) -> None:
    """Take a program's link away; members stay on both sides. Call it inside a transaction.

    :raises TandemError: it is not linked; or its new campaign was sent for, and it is not known what came of it.
    """
    asked = session.rows(
        "SELECT sent_at FROM sync.new_campaign WHERE program_id = ? AND ended_at IS NULL", [program_id]
    )
    if asked and asked[0]["sent_at"]:
        raise TandemError("The program's new campaign is being made. Unlink it after the next cycle.")
    linked = session.value("SELECT sfdc_id FROM marketing.program WHERE id = ?", [program_id])
    if not asked and not linked:
        raise TandemError("The program is not linked to a campaign.")
    session.execute(
        "UPDATE sync.new_campaign SET ended_at = ? WHERE program_id = ? AND ended_at IS NULL",
        [utc_now(), program_id],
    )
    session.execute(
        "UPDATE marketing.program SET sfdc_id = NULL, updated_at = ? WHERE id = ?", [utc_now(), program_id]
    )
    session.execute(
        "DELETE FROM sync.held_program_value WHERE program_id = ? AND column_name = 'status'", [program_id]
    )


def new_campaigns(session: Session) -> list[NewCampaign]:
    """Return the campaigns that programs ask for."""
    found = session.rows(
        "SELECT n.program_id, p.name AS program, n.name, ch.name AS type, p.period_cost AS actual_cost, n.sent_at,"
        " n.sfdc_id FROM sync.new_campaign n JOIN marketing.program p ON p.id = n.program_id"
        " JOIN marketing.channel ch ON ch.id = p.channel_id WHERE n.ended_at IS NULL ORDER BY n.asked_at, n.program_id"
    )
    return [NewCampaign(**row) for row in found]


def note_sent(session: Session, program_id: int, at: datetime) -> None:
    """Write down that a new campaign is about to be sent for the first time."""
    session.execute(
        "UPDATE sync.new_campaign SET sent_at = ? WHERE program_id = ? AND ended_at IS NULL", [at, program_id]
    )


def note_made(session: Session, program_id: int, sfdc_id: str) -> None:
    """Write down which campaign it became. The program is linked once its statuses are there too."""
    session.execute(
        "UPDATE sync.new_campaign SET sfdc_id = ? WHERE program_id = ? AND ended_at IS NULL",
        [sfdc_id, program_id],
    )


def finish_new(session: Session, program_id: int, sfdc_id: str | None) -> None:
    """Link a program to its new campaign, or give up: Salesforce refused it. Call it inside a transaction."""
    if sfdc_id:
        link_to(session, program_id, sfdc_id)
    session.execute(
        "UPDATE sync.new_campaign SET ended_at = ? WHERE program_id = ? AND ended_at IS NULL",
        [utc_now(), program_id],
    )


def linked_campaigns(session: Session, ids: Sequence[str]) -> set[str]:
    """Return those of these campaigns that a program is linked to, was, or will be."""
    found = session.rows(
        "SELECT sfdc_id FROM marketing.program WHERE sfdc_id IS NOT NULL UNION"
        " SELECT sfdc_id FROM sync.new_campaign WHERE sfdc_id IS NOT NULL"
    )
    return {row["sfdc_id"] for row in found} & set(ids)


def _named(name: str, noun: str) -> str:
    if not name.strip():
        raise TandemError(f"A {noun} needs a name.")
    return name.strip()


def _require_unlinked(session: Session, program_id: int) -> None:
    linked = session.rows(
        "SELECT p.name, coalesce(c.name, p.sfdc_id) AS campaign FROM marketing.program p"
        " LEFT JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id WHERE p.id = ? AND p.sfdc_id IS NOT NULL",
        [program_id],
    )
    if linked:
        raise TandemError(
            f"The program {linked[0]['name']} is linked to the campaign {linked[0]['campaign']} already. One program"
            " has one campaign: unlink it first."
        )
    if asked := session.value(
        "SELECT name FROM sync.new_campaign WHERE program_id = ? AND ended_at IS NULL", [program_id]
    ):
        raise TandemError(f"The program waits for its new campaign {asked}. Sync, or unlink it first.")


def _require_same_statuses(session: Session, program_id: int, campaign_id: int, campaign: str) -> None:
    ours = {each.name for each in statuses_of(session, program_id)}
    found = session.rows(
        "SELECT label FROM marketing.campaign_status WHERE campaign_id = ? AND sfdc_is_deleted IS NOT TRUE",
        [campaign_id],
    )
    theirs = {row["label"] for row in found}
    if ours != theirs:
        only = [
            f"only {where} has {', '.join(sorted(names))}"
            for where, names in (("the program", ours - theirs), ("the campaign", theirs - ours))
            if names
        ]
        raise TandemError(
            f"The statuses of the program and of the campaign {campaign} do not match: {'; '.join(only)}."
            " Rename them in Salesforce and sync, or choose another campaign. Nothing was linked."
        )
