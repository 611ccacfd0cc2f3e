"""Record ids: a key prefix, an instance, a number in base 62, and a checksum of case (facts 5.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
INSTANCE = "5e0"
"""Characters four to six of every id of this org: the instance it was made on."""

_NUMBER = {digit: value for value, digit in enumerate(DIGITS)}
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CASE = {ord(char): "1" if "A" <= char <= "Z" else "0" for char in DIGITS}
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_WIDTH = 9
_BLOCK = 62 * 62
_TAILS = [
    (first + second, int(second.translate(_CASE) + first.translate(_CASE), 2) << 3)
    for first in DIGITS
    for second in DIGITS
]
"""The last two digits of an id, and what they add to the last character of its checksum."""


def checksum(id15: str) -> str:
    """The three characters that let an id survive programs that ignore case."""
    bits = id15.translate(_CASE)
    return _CHECK[int(bits[4::-1], 2)] + _CHECK[int(bits[9:4:-1], 2)] + _CHECK[int(bits[14:9:-1], 2)]


def make(prefix: str, number: int) -> str:
    """The 18-character id of record `number` of the object with that key prefix."""
    if number < 0:
        raise ValueError("an id of another instance stands for no record")
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    id15 = prefix + INSTANCE + digits.rjust(_WIDTH, "0")
    return id15 + checksum(id15)


def sequence(prefix: str, numbers: range) -> Iterator[str]:
    """The ids of consecutive numbers, several times faster than one by one."""
    block = -1
    head, checks, bits = "", "", 0
    for number in numbers:
        high, low = divmod(number, _BLOCK)
        if high != block:
            block = high
            whole = make(prefix, high * _BLOCK)
            head, checks = whole[:13], whole[15:17]
            bits = int(whole[12:9:-1].translate(_CASE), 2)
        tail, tail_bits = _TAILS[low]
        yield f"{head}{tail}{checks}{_CHECK[bits | tail_bits]}"


def parse(text: str) -> tuple[str, int] | None:
    """Prefix and number of an id of 15 or 18 characters; None when it is not an id at all.

    An 18-character id is accepted in any case: its checksum restores it. An id of another instance is well
    formed but stands for no record here; it gets number -1.
    """
    if not _SHAPE.fullmatch(text):
        return None
    id15 = text[:15]
    if len(text) == 18:
        id15 = _restore_case(id15, text[15:])
    if id15[3:6] != INSTANCE:
        return id15[:3], -1
    number = 0
    for char in id15[6:]:
        number = number * 62 + _NUMBER[char]
    return id15[:3], number


def to18(text: str) -> str | None:
    """The 18-character form of an id, or None when it is not an id."""
    if not _SHAPE.fullmatch(text):
        return None
    id15 = _restore_case(text[:15], text[15:]) if len(text) == 18 else text
    return id15 + checksum(id15)


def _restore_case(id15: str, check: str) -> str:
    if checksum(id15) == check:
        return id15
    out = []
    for start, letter in zip((0, 5, 10), check.upper(), strict=True):
        bits = _CHECK.find(letter)
        for place, char in enumerate(id15[start : start + 5]):
            out.append(char.upper() if bits >= 0 and bits >> place & 1 else char.lower())
    return "".join(out)
