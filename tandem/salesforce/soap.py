"""The two things that only SOAP can do: convert leads, and merge records (salesforce-api.md 5.6, 5.7).

Session, time-outs, retries and the budget are the connection's; here are the envelopes and what is read from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tandem.errors import SalesforceError
from tandem.salesforce import envelope
from tandem.salesforce.connection import Connection
from tandem.salesforce.envelope import element, local, plain, text
from tandem.salesforce.errors import TRUNCATED, RowError, one_line

#: Most leads of one convertLead call.
MOST_CONVERSIONS = 100
#: Most records that one merge call takes into another one.
MOST_LOSERS = 2

_SOBJECT = "urn:sobject.partner.soap.sforce.com"


@dataclass(frozen=True)
class Conversion:
    """What is asked for of one lead. The account and the contact are always new."""

    lead_id: str
    status: str
    owner_id: str | None = None
    """Owner of contact, account and opportunity; ``None``: the lead's, which must be a user then."""
    notify: bool = False
    """Send the owner an e-mail."""


@dataclass(frozen=True)
class Converted:
    """What became of one lead. ``error`` is empty for success."""

    lead_id: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    error: RowError | None = None


def convert_leads(connection: Connection, wanted: Sequence[Conversion]) -> list[Converted]:
    """Convert up to 100 leads in one call, each for itself.

    :raises SalesforceError: the call as a whole failed. With a code of a lost answer, look before repeating it.
    """
    asked = "".join(
        "<leadConverts>"
        + element("convertedStatus", each.status)
        + element("doNotCreateOpportunity", "false")
        + element("leadId", each.lead_id)
        + (element("ownerId", each.owner_id) if each.owner_id else "")
        + element("overwriteLeadSource", "false")
        + element("sendNotificationEmail", "true" if each.notify else "false")
        + "</leadConverts>"
        for each in wanted
    )
    results = _call(connection, "convertLead", asked, "convert", "Lead", len(wanted), len(wanted))
    return [
        Converted(
            each.lead_id,
            text(result, "accountId"),
            text(result, "contactId"),
            text(result, "opportunityId"),
            error_of(result),
        )
        for each, result in zip(wanted, results, strict=True)
    ]


def merge_records(
    connection: Connection, object: str, winner: str, losers: Sequence[str], values: Mapping[str, Any]
) -> RowError | None:
    """Merge up to two records into another of the same object; returns why not, ``None`` for success.

    :param values: fields that the winner takes over; Salesforce itself leaves the winner's as they are.
    :raises SalesforceError: the call as a whole failed. With a code of a lost answer, look before repeating it.
    """
    fields = "".join(element(name, plain(value), "s:") for name, value in values.items() if value is not None)
    asked = (
        f'<request><masterRecord xmlns:s="{_SOBJECT}"><s:type>{escape(object)}</s:type>'
        f"<s:Id>{escape(winner)}</s:Id>{fields}</masterRecord>"
        f"{''.join(element('recordToMergeIds', each) for each in losers)}</request>"
    )
    [result] = _call(connection, "merge", asked, "merge", object, 1, len(losers))
    return error_of(result)


def _call(
    connection: Connection, name: str, asked: str, operation: str, object: str, expected: int, rows: int
) -> list[ElementTree.Element]:
    version = connection.settings.api_version
    answer = connection.soap(
        f"/services/Soap/u/{version}",
        lambda token: envelope.write(name, asked, token),
        operation=operation,
        object=object,
        rows=rows,
    )
    results = [each for each in envelope.read(answer).iter() if local(each.tag) == "result"]
    if len(results) != expected:
        raise SalesforceError(
            f"Salesforce answered {len(results)} of {expected} requests to {operation} {object} records. Look at"
            " them before you repeat it.",
            TRUNCATED,
        )
    return results


def error_of(result: ElementTree.Element) -> RowError | None:
    """Return why a record was refused; ``None``: it was not."""
    if text(result, "success") == "true":
        return None
    for each in result:
        if local(each.tag) == "errors":
            fields = tuple(item.text or "" for item in each if local(item.tag) == "fields")
            code = text(each, "statusCode") or "UNKNOWN_EXCEPTION"
            return RowError(code, one_line(text(each, "message") or code), fields)
    return RowError("UNKNOWN_EXCEPTION", "Salesforce refused the record without a reason")
