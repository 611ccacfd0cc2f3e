"""Made-up values by the names that Snowfakery gives them (`fake: FirstName`)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sandbox import words
from sandbox.recipe.errors import InvalidRecipe

Fake = Callable[[Random], str]


def _company(draw: Random) -> str:
    return f"{draw.choice(words.COMPANY_HEADS)} {draw.choice(words.COMPANY_TAILS)}"


def _user(draw: Random) -> str:
    return f"{draw.choice(words.MAIL_NAMES)}.{draw.randrange(1_000_000)}"


def _street(draw: Random) -> str:
    return f"{draw.randrange(1, 400)} {draw.choice(words.STREETS)}"


def _phone(draw: Random) -> str:
    return f"+1 {draw.randrange(200, 900)} 555 {draw.randrange(10_000):04d}"


def _place(at: int) -> Fake:
    return lambda draw: draw.choice(words.PLACES)[at]


_FAKES: dict[str, Fake] = {
    "firstname": lambda draw: draw.choice(words.FIRST_NAMES),
    "lastname": lambda draw: draw.choice(words.LAST_NAMES),
    "name": lambda draw: f"{draw.choice(words.FIRST_NAMES)} {draw.choice(words.LAST_NAMES)}",
    "email": lambda draw: f"{_user(draw)}@recipe.example",
    "username": lambda draw: f"{_user(draw)}@user.example",
    "company": _company,
    "job": lambda draw: draw.choice(words.TITLES),
    "title": lambda draw: draw.choice(words.TITLES),
    "phonenumber": _phone,
    "streetaddress": _street,
    "city": _place(0),
    "state": _place(1),
    "postalcode": _place(2),
    "country": _place(3),
    "url": lambda draw: f"https://site{draw.randrange(1_000_000)}.example",
    "word": lambda draw: draw.choice(words.COMPANY_HEADS).lower(),
    "sentence": lambda draw: draw.choice(words.NOTES),
    "text": lambda draw: draw.choice(words.NOTES),
    "paragraph": lambda draw: " ".join(draw.choice(words.NOTES) for _ in range(3)),
    "catchphrase": lambda draw: f"{draw.choice(words.COMPANY_HEADS)}, {draw.choice(words.COMPANY_TAILS)}",
}


def fake(name: str, draw: Random) -> str:
    """A made-up value; names ignore case and underscores."""
    found = _FAKES.get(name.replace("_", "").lower())
    if found is None:
        raise InvalidRecipe(f"fake: {name} is not known here; there are {', '.join(sorted(_FAKES))}")
    return found(draw)
