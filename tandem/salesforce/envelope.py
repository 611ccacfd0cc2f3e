"""SOAP envelopes: written, read, and their faults; nothing here knows what they are about."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tandem.errors import SalesforceError
from tandem.salesforce.errors import TRUNCATED, RowError, one_line

_PARTNER = "urn:partner.soap.sforce.com"


def write(name: str, asked: str, token: str, headers: str = "") -> bytes:
    """Return the envelope of one operation."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{_PARTNER}">'
        f"<e:Header><SessionHeader>{element('sessionId', token)}</SessionHeader>"
        f"<CallOptions><client>Tandem</client></CallOptions>{headers}</e:Header>"
        f"<e:Body><{name}>{asked}</{name}></e:Body></e:Envelope>"
    ).encode()


def read(payload: bytes) -> ElementTree.Element:
    """Read an envelope.

    :raises SalesforceError: it is none. A document type is refused: nothing of Salesforce's has one, and
        entities are how XML is turned against its reader.
    """
    if b"<!DOCTYPE" not in payload.upper():
        try:
            return ElementTree.fromstring(payload)
        except ElementTree.ParseError:
            pass
    start = one_line(payload[:60].decode("utf-8", "replace"))
    raise SalesforceError(
        f"An answer that should be a SOAP envelope begins with {start!r}. Check what stands before Salesforce.",
        TRUNCATED,
    )


def fault(payload: bytes) -> RowError | None:
    """Return the fault in an envelope; ``None`` where there is none."""
    for each in read(payload).iter():
        if local(each.tag) == "Fault":
            code = (text(each, "faultcode") or "UNKNOWN_EXCEPTION").rpartition(":")[2]
            words = text(each, "faultstring") or code
            return RowError(code, one_line(words.removeprefix(f"{code}:")))
    return None


def element(name: str, value: str, prefix: str = "") -> str:
    """Return an element with a text."""
    return f"<{prefix}{name}>{escape(value)}</{prefix}{name}>"


def text(node: ElementTree.Element, name: str) -> str | None:
    """Return the text of the first child of that name; ``None`` where there is none or it is empty."""
    return next(((each.text or "").strip() or None for each in node if local(each.tag) == name), None)


def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]


def plain(value: Any) -> str:
    """Return a value as XML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
