"""Which campaign is meant, which statuses its members may have, and who is a member."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tandem.errors import TandemError
from tandem.salesforce.connection import Connection
from tandem.salesforce.lookup import text
from tandem.salesforce.records import query

_IN_ONE_QUERY = 200


@dataclass(frozen=True)
class CampaignFound:
    """A campaign of the org."""

    id: str
    name: str
    statuses: tuple[str, ...]
    """In their order; the default one first."""

    def status(self, wanted: str | None) -> str:
        """Return a status as the campaign spells it; none wanted: the default.

        :raises TandemError: it has no such status.
        """
        if wanted is None and self.statuses:
            return self.statuses[0]
        for each in self.statuses:
            if wanted is not None and each.lower() == wanted.strip().lower():
                return each
        named = ", ".join(self.statuses) or "none"
        raise TandemError(f"The campaign {self.name} has no member status {wanted!r}. It has: {named}.")


@dataclass(frozen=True)
class Member:
    """Somebody's membership."""

    id: str
    status: str


def find_campaign(connection: Connection, key: str) -> CampaignFound:
    """Find a campaign by id or name.

    :raises TandemError: there is none, or several.
    """
    key = key.strip()
    by_id = re.fullmatch(r"701\w{12}(\w{3})?", key)
    condition = f"Id = {text(key)}" if by_id else f"Name = {text(key)}"
    found = query(
        connection, "Campaign", f"SELECT Id, Name FROM Campaign WHERE {condition} ORDER BY Id LIMIT 6"
    )
    if not found:
        raise TandemError(
            f"There is no campaign {key!r} that the sync user can see. Give an id or a name, and check that it is"
            " a Marketing User."
        )
    if len(found) > 1:
        raise TandemError(
            f"Several campaigns are called {key!r}: {', '.join(row['Id'] for row in found[:5])}. Say which by id."
        )
    statuses = query(
        connection,
        "CampaignMemberStatus",
        f"SELECT Label, IsDefault FROM CampaignMemberStatus WHERE CampaignId = {text(found[0]['Id'])}"
        " ORDER BY SortOrder",
    )
    labels = [row["Label"] for row in sorted(statuses, key=lambda row: not row["IsDefault"])]
    return CampaignFound(found[0]["Id"], found[0]["Name"], tuple(labels))


def members_of(connection: Connection, campaign: str, records: Sequence[str]) -> dict[str, Member]:
    """Return who of these leads and contacts is a member, by the lead's or contact's id."""
    found: dict[str, Member] = {}
    for start in range(0, len(records), _IN_ONE_QUERY):
        some = records[start : start + _IN_ONE_QUERY]
        leads = ", ".join(text(each) for each in some if each.startswith("00Q"))
        contacts = ", ".join(text(each) for each in some if not each.startswith("00Q"))
        sides = [f"LeadId IN ({leads})"] if leads else []
        sides += [f"ContactId IN ({contacts})"] if contacts else []
        for row in query(
            connection,
            "CampaignMember",
            "SELECT Id, LeadId, ContactId, Status FROM CampaignMember"
            f" WHERE CampaignId = {text(campaign)} AND ({' OR '.join(sides)})",
        ):
            for record in (row["ContactId"], row["LeadId"]):
                if record in some:
                    found[record] = Member(row["Id"], row["Status"])
    return found
