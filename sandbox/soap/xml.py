"""Reads SOAP envelopes and writes answers; namespaces are ignored when reading, as clients vary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sandbox.errors import ApiError

_OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:sobject.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
)
_CLOSE = "</soapenv:Body></soapenv:Envelope>"
_FAULTS = {
    "INVALID_LOGIN": "LoginFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "MALFORMED_ID": "InvalidIdFault",
}
"""Faults of the partner WSDL by their codes; everything else is an UnexpectedErrorFault."""
_OF_QUERIES = frozenset(["MalformedQueryFault", "InvalidFieldFault", "InvalidSObjectFault"])
_AT = re.compile(r"ERROR at Row:(\d+):Column:(\d+)")


@dataclass(slots=True)
class Request:
    """An operation, its arguments, and the headers that matter."""

    operation: str
    body: ElementTree.Element
    session: str = ""
    headers: dict[str, dict[str, str]] = field(default_factory=dict)


def local(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


def read(payload: bytes) -> Request:
    """The request in an envelope."""
    try:
        root = ElementTree.fromstring(payload)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise ApiError(500, "soapenv:Client", "The request is not well-formed XML") from None
    headers: dict[str, dict[str, str]] = {}
    body: ElementTree.Element | None = None
    for part in root:
        if local(part.tag) == "Header":
            for item in part:
                headers[local(item.tag)] = {local(leaf.tag): leaf.text or "" for leaf in item}
        if local(part.tag) == "Body" and len(part):
            body = part[0]
    if body is None or local(root.tag) != "Envelope":
        raise ApiError(500, "soapenv:Client", "The request is not a SOAP envelope with a body")
    session = headers.get("SessionHeader", {}).get("sessionId", "").strip()
    return Request(local(body.tag), body, session, headers)


def text(node: ElementTree.Element, name: str) -> str | None:
    """The text of the first child of that name; None when there is none or it is nil."""
    child = next((item for item in node if local(item.tag) == name), None)
    return (child.text or "").strip() or None if child is not None else None


def texts(node: ElementTree.Element, name: str) -> list[str]:
    """The texts of all children of that name."""
    return [(item.text or "").strip() for item in node if local(item.tag) == name]


def nodes(node: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """All children of that name."""
    return [item for item in node if local(item.tag) == name]


def flag(node: ElementTree.Element, name: str) -> bool:
    """A child that says true."""
    return (text(node, name) or "").lower() in ("true", "1")


def record(node: ElementTree.Element) -> tuple[str, str | None, dict[str, Any]]:
    """An sObject: its type, its id, its fields; `fieldsToNull` become None."""
    kind, record_id = "", None
    values: dict[str, Any] = {}
    for item in node:
        name, value = local(item.tag), item.text or ""
        if name == "type":
            kind = value.strip()
        elif name == "Id":
            record_id = value.strip() or None
        elif name == "fieldsToNull":
            values[value.strip()] = None
        elif len(item):
            values[name] = {key: inner for key, inner in record(item)[2].items() if inner is not None}
        else:
            values[name] = value
    return kind, record_id, values


def write(name: str, value: Any) -> str:
    """An element: dicts nest, lists repeat, None is nil."""
    if isinstance(value, list | tuple):
        return "".join(write(name, item) for item in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, dict):
        return f"<{name}>{''.join(write(key, item) for key, item in value.items())}</{name}>"
    shown = ("true" if value else "false") if isinstance(value, bool) else str(value)
    # Characters that XML cannot carry at all are left out.
    kept = "".join(char for char in shown if char >= " " or char in "\t\n\r")
    return f"<{name}>{escape(kept)}</{name}>"


def answer(operation: str, results: Iterable[str]) -> bytes:
    """The envelope of an answer."""
    return f"{_OPEN}<{operation}Response>{''.join(results)}</{operation}Response>{_CLOSE}".encode()


def fault(code: str, message: str) -> bytes:
    """The envelope of a fault: code, then code and words; one about a query says where in it."""
    if code.startswith("soapenv:"):
        return (
            f"{_OPEN}<soapenv:Fault><faultcode>{code}</faultcode>"
            f"<faultstring>{escape(message)}</faultstring></soapenv:Fault>{_CLOSE}"
        ).encode()
    kind = _FAULTS.get(code, "UnexpectedErrorFault")
    at = _AT.search(message)
    place = ""
    if kind in _OF_QUERIES:
        row, column = (at[1], at[2]) if at else ("-1", "-1")
        place = f"<sf:row>{row}</sf:row><sf:column>{column}</sf:column>"
    return (
        f"{_OPEN}<soapenv:Fault><faultcode>sf:{code}</faultcode>"
        f"<faultstring>{code}: {escape(message)}</faultstring><detail>"
        f'<sf:{kind} xmlns:sf="urn:fault.partner.soap.sforce.com"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>{place}</sf:{kind}></detail></soapenv:Fault>{_CLOSE}"
    ).encode()
