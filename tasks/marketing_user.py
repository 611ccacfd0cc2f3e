"""Whether the sync user is a Marketing User: campaigns cannot be written otherwise (10.1)."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database.compare import mirror_of
from tandem.database.fields import columns_of
from tandem.objects import USER
from tandem.run import Run
from tandem.salesforce import campaigns

_FIELD = "UserPermissionsMarketingUser"


@task(name="is marketing user", cache_policy=NO_CACHE, persist_result=False)
def is_marketing_user(run: Run) -> bool:
    """Look into the mirror of users, and ask Salesforce only where that does not say yes.

    So the usual cycle spends no call on it. A tick that was taken away shows one cycle later.
    """
    with run.database.read() as session:
        if _FIELD in columns_of(session, "salesforce", USER.name) and session.value(
            f"SELECT {_FIELD} FROM {mirror_of(USER.name)} WHERE Id = ?", [run.connection.user_id]
        ):
            return True
    return campaigns.is_marketing_user(run.connection)
