"""Campaigns on the wire: who may write them, and the statuses of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tandem.errors import SalesforceError
from tandem.salesforce.connection import Connection
from tandem.salesforce.errors import TRUNCATED, Refused
from tandem.salesforce.lookup import text
from tandem.salesforce.records import query
from tandem.salesforce.results import RowResult
from tandem.salesforce.write import Operation, send


@dataclass(frozen=True)
class WantedStatus:
    """A status that a campaign shall have."""

    label: str
    responded: bool


def is_marketing_user(connection: Connection) -> bool:
    """Ask whether the sync user is a Marketing User (10.1). One API call, two where the login did not name it."""
    soql = f"SELECT UserPermissionsMarketingUser FROM User WHERE Id = {text(connection.user_id)}"
    found = query(connection, "User", soql)
    return bool(found and found[0]["UserPermissionsMarketingUser"])


def give_statuses(connection: Connection, campaign_id: str, wanted: Sequence[WantedStatus]) -> None:
    """Give a campaign exactly these statuses, the first as the default; safe to repeat.

    :raises SalesforceError: Salesforce refused one, or some have no answer; the others are done.
    """
    soql = (
        "SELECT Id, Label, IsDefault, HasResponded, SortOrder FROM CampaignMemberStatus"
        f" WHERE CampaignId = {text(campaign_id)}"
    )
    there = {row["Label"]: row for row in query(connection, "CampaignMemberStatus", soql)}
    last = max((int(row["SortOrder"] or 0) for row in there.values()), default=0)
    missing, changed = [], []
    for number, status in enumerate(wanted):
        flags = {"HasResponded": status.responded, "IsDefault": number == 0}
        if status.label not in there:
            order = last + number + 1  # two statuses of one place would be refused
            missing.append({"CampaignId": campaign_id, "Label": status.label, "SortOrder": order, **flags})
        elif any(there[status.label][name] != value for name, value in flags.items()):
            changed.append({"Id": there[status.label]["Id"], **flags})
    labels = {status.label for status in wanted}
    extra = [{"Id": row["Id"]} for label, row in there.items() if label not in labels]
    _write(connection, "create", missing)
    _write(connection, "update", changed)
    _write(connection, "delete", extra)


def _write(connection: Connection, operation: Operation, rows: list[dict[str, Any]]) -> None:
    for results in send(connection, "CampaignMemberStatus", operation, rows):
        for result in results:
            require(result, f"{operation} of CampaignMemberStatus")


def require(result: RowResult, about: str) -> None:
    """Raise what became of a row, unless it was taken.

    :raises SalesforceError: it was refused, or has no answer.
    """
    if result.lost:
        raise SalesforceError(
            f"No answer came for the {about}. The next run looks whether it is there.", TRUNCATED
        )
    if not result.success:
        raise Refused(about, result.errors[0], 200)
