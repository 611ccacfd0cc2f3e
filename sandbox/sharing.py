"""Which records are open to whom: org-wide defaults, sharing rules, manual shares."""

from __future__ import annotations

from dataclasses import dataclass, field

PRIVATE, READ, READ_WRITE = "Private", "Read", "ReadWrite"
CONTROLLED_BY_PARENT = "ControlledByParent"
DEFAULTS = (PRIVATE, READ, READ_WRITE, CONTROLLED_BY_PARENT)
"""Org-wide defaults, named as the Metadata API names them."""


@dataclass(slots=True, frozen=True)
class Share:
    """A record shared by hand with a user; `edit` lets that user change it as well."""

    sobject: str
    key: int
    user_id: str
    edit: bool = False


@dataclass(slots=True, frozen=True)
class SharingRule:
    """Records of certain owners, or of which a SOQL condition is true, opened to others.

    `to` and `owners` are ids of a user, a public group, a queue, or a role with those below it.
    """

    sobject: str
    name: str
    to: str
    owners: str | None = None
    condition: str | None = None
    edit: bool = False


@dataclass(slots=True)
class Sharing:
    """Org-wide defaults by object (an object that is not named is open to everybody), rules, manual shares."""

    defaults: dict[str, str] = field(default_factory=dict)
    rules: list[SharingRule] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
