"""System validation of single values: types, lengths, formats, picklists (facts 5.3, 5.10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sandbox import ids
from sandbox.errors import RowError
from sandbox.metadata.field import Field
from sandbox.soql.dates import parse_datetime

Check = Callable[[Any], Any]
"""Gives the value as it is stored, or a RowError."""

_EMAIL = re.compile(r"[^\s@,;<>()\[\]\"\\]+@[^\s@,;<>()\[\]\"\\]+\.[A-Za-z0-9-]{2,}")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_MAX_INT = 2_147_483_647


class WrongJson(Exception):
    """A JSON value of another type than the field's; the whole request is refused (facts 5.3)."""

    def __init__(self, kind: str, value: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.value = value


def checker(found: Field, from_text: bool, label: str | None = None) -> Check:
    """The check of one field.

    `from_text`: values come from CSV, so a wrong one fails its row alone; in JSON it fails the request.
    """
    make = _MAKERS.get(found.type, _text)
    return make(found, from_text)


def _wrong(found: Field, value: Any, from_text: bool) -> RowError:
    if not from_text:
        raise WrongJson(found.type, value)
    return RowError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{found.label}: value not of required type: {value}",
        (found.name,),
    )


def _text(found: Field, from_text: bool) -> Check:
    length, label, name = found.length, found.label, found.name
    strip = found.type != "encryptedstring"

    def check(value: Any) -> Any:
        if type(value) is not str:
            if value is None:
                return None
            return _wrong(found, value, from_text)
        if not (value.isascii() or _encodable(value)):
            return _wrong(found, value.encode("ascii", "replace").decode(), from_text)
        if strip:
            value = value.strip()
        if not value:
            return None
        if length and len(value) > length:
            return RowError(
                "STRING_TOO_LONG", f"{label}: data value too large: {value} (max length={length})", (name,)
            )
        return value

    return check


def _encodable(value: str) -> bool:
    # JSON can smuggle in half of a surrogate pair, which no UTF-8 can carry.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _email(found: Field, from_text: bool) -> Check:
    plain = _text(found, from_text)

    def check(value: Any) -> Any:
        value = plain(value)
        if type(value) is str and not _EMAIL.fullmatch(value):
            return RowError(
                "INVALID_EMAIL_ADDRESS", f"{found.label}: invalid email address: {value}", (found.name,)
            )
        return value

    return check


def _picklist(found: Field, from_text: bool) -> Check:
    plain = _text(found, from_text)
    if not found.restricted:
        return plain
    allowed = {choice.value.lower(): choice.value for choice in found.choices if choice.active}

    def check(value: Any) -> Any:
        value = plain(value)
        if type(value) is not str:
            return value
        known = allowed.get(value.lower())
        return known if known is not None else _not_listed(found, value)

    return check


def _multi(found: Field, from_text: bool) -> Check:
    plain = _text(found, from_text)
    allowed = {choice.value for choice in found.choices if choice.active}
    order = {choice.value: place for place, choice in enumerate(found.choices)}

    def check(value: Any) -> Any:
        value = plain(value)
        if type(value) is not str:
            return value
        parts = list(dict.fromkeys(part.strip() for part in value.split(";") if part.strip()))
        for part in parts:
            if found.restricted and part not in allowed:
                return _not_listed(found, part)
        # The org keeps listed values in the picklist's order.
        return ";".join(sorted(parts, key=lambda part: order.get(part, len(order)))) or None

    return check


def _not_listed(found: Field, value: str) -> RowError:
    return RowError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{found.label}: bad value for restricted picklist field: {value}",
        (found.name,),
    )


def _boolean(found: Field, from_text: bool) -> Check:
    words = {"true": True, "false": False} | ({"1": True, "0": False} if from_text else {})

    def check(value: Any) -> Any:
        if type(value) is bool:
            return value
        if value is None:
            # A checkbox is never null: the org turns null into false.
            return False
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
        return _wrong(found, value, from_text)

    return check


def _number(found: Field, from_text: bool) -> Check:
    digits = found.precision - found.scale
    limit = 10.0**digits if found.precision else None

    def check(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            if not value.strip():
                return None
            if not _NUMBER.fullmatch(value):
                return _wrong(found, value, from_text)
            value = float(value)
        elif type(value) is bool or not isinstance(value, int | float):
            return _wrong(found, value, from_text)
        number = float(value)
        if number != number or number in (float("inf"), float("-inf")):
            return _wrong(found, value, from_text)
        if found.precision:
            number = round(number, found.scale)
        if limit is not None and abs(number) >= limit:
            return RowError(
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"{found.label}: value outside of valid range on numeric field: {value}",
                (found.name,),
            )
        return number

    return check


def _int(found: Field, from_text: bool) -> Check:
    number = _number(found, from_text)

    def check(value: Any) -> Any:
        got = number(value)
        if not isinstance(got, float):
            return got
        if got != int(got):
            return _wrong(found, value, from_text)
        if abs(got) > _MAX_INT or (found.digits and abs(got) >= 10**found.digits):
            return RowError(
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"{found.label}: value outside of valid range on numeric field: {value}",
                (found.name,),
            )
        return int(got)

    return check


def _date(found: Field, from_text: bool) -> Check:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if type(value) is date:
            return value
        if not isinstance(value, str):
            return _wrong(found, value, from_text)
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError:
            return _wrong(found, value, from_text)

    return check


def _datetime(found: Field, from_text: bool) -> Check:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            moment = parse_datetime(value.isoformat())
        elif isinstance(value, str):
            try:
                moment = parse_datetime(value.strip())
            except (ValueError, OverflowError):
                return _wrong(found, value, from_text)
        else:
            return _wrong(found, value, from_text)
        return moment.replace(microsecond=0)

    return check


def _time(found: Field, from_text: bool) -> Check:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?Z?", str(value).strip())
        if not match:
            return _wrong(found, value, from_text)
        return f"{match[1]}:{match[2]}:{match[3]}.{(match[4] or '').ljust(3, '0')}Z"

    return check


def _reference(found: Field, from_text: bool) -> Check:
    def check(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            return _wrong(found, value, from_text)
        value = value.strip()
        if not value:
            return None
        full = ids.to18(value)
        if full is None:
            return RowError(
                "MALFORMED_ID", f"{found.label}: id value of incorrect type: {value}", (found.name,)
            )
        return full

    return check


_MAKERS: dict[str, Callable[[Field, bool], Check]] = {
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multi,
    "boolean": _boolean,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _int,
    "long": _int,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "reference": _reference,
    "id": _reference,
}
