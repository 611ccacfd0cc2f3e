"""What a merged page of each object means beyond its own rows: one function per object, one place to look.

An object that is not named here has no further effect. Each function runs once a page, inside the merge's
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tandem.database import companies, people
from tandem.database.merged_page import MergedPage
from tandem.objects import ACCOUNT, CONTACT, LEAD, USER

EFFECTS: Mapping[str, Callable[[MergedPage], None]] = {
    USER.name: people.spread_users,
    ACCOUNT.name: companies.spread,
    LEAD.name: people.follow_references,
    CONTACT.name: people.follow_references,
}
