"""Where people stand with Salesforce, as the mirror has it: what a flow action needs to know before it acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.database.compare import literal, mirror_of
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.errors import TandemError
from tandem.objects import CONTACT, LEAD


@dataclass(frozen=True)
class Standing:
    """One person and its record in Salesforce."""

    person_id: int
    object: str | None = None
    """``Lead`` or ``Contact``; ``None``: not in Salesforce, or deleted there (4.1)."""
    sfdc_id: str | None = None
    """The record's id; of a deleted one the old id."""
    owner_id: str | None = None
    deleted: bool = False
    """It was in Salesforce, and was deleted there (4.2)."""
    converted: bool = False
    """Its lead was converted, and the contact is not known here."""
    person_account: bool = False


def standings(session: Session, person_ids: Sequence[int]) -> dict[int, Standing]:
    """Return how each of these people stands, in the order asked for.

    :raises TandemError: one of them does not exist.
    """
    wanted = list(dict.fromkeys(person_ids))
    people = session.rows(
        "SELECT id, sfdc_id, sfdc_is_deleted FROM marketing.person WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [wanted],
    )
    unknown = sorted(set(wanted) - {row["id"] for row in people})
    if unknown:
        names = ", ".join(str(each) for each in unknown)
        raise TandemError(
            f"There is no person {names}. Nothing was sent; `tandem person show` finds people by id, e-mail or"
            " SFDC id."
        )
    found = {
        row["id"]: Standing(row["id"], sfdc_id=row["sfdc_id"], deleted=bool(row["sfdc_is_deleted"]))
        for row in people
    }
    for declared in (LEAD, CONTACT):
        have = columns_of(session, "salesforce", declared.name)
        if not have:
            continue
        converted = "coalesce(IsConverted, false)" if "IsConverted" in have else "false"
        account = "coalesce(IsPersonAccount, false)" if "IsPersonAccount" in have else "false"
        for row in session.rows(
            f"SELECT _record_id, {literal(declared.name)} AS object, Id, OwnerId, {converted} AS converted,"
            f" {account} AS account FROM {mirror_of(declared.name)}"
            " WHERE _record_id IN (SELECT unnest(CAST(? AS BIGINT[]))) AND IsDeleted IS NOT TRUE",
            [wanted],
        ):
            found[row["_record_id"]] = Standing(
                row["_record_id"],
                row["object"],
                row["Id"],
                row["OwnerId"],
                converted=row["converted"],
                person_account=row["account"],
            )
    return {each: found[each] for each in wanted}
