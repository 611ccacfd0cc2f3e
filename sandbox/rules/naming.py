"""What the org itself calls records: auto-numbers, and the id where a custom object's record has no name."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.metadata.custom_object import numbered
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft


def name(sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Fill auto-numbers of new records and the names that nobody gave."""
    formats = [(item.name, item.number_format) for item in sobject.stored if item.number_format]
    named = sobject.custom and (sobject.name_field is not None and not sobject.name_field.auto_number)
    if not formats and not named:
        return
    for draft in drafts:
        if draft.old is None:
            for field, number_format in formats:
                draft.values[field] = numbered(number_format, draft.key or 0)
        if named and draft.values.get("Name", "" if draft.old else None) is None:
            draft.values["Name"] = draft.id
