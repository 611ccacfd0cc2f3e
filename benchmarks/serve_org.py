"""Serve an org with so many leads of thirty fields, in a process of its own; ends with its standard input."""

from __future__ import annotations

import json
import sys

from sandbox import Org, serve

#: What the sync user sees of a lead: the fields that the sync needs, and the common ones up to thirty.
LEAD_FIELDS = (
    *("Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedDate", "OwnerId", "Status", "Name"),
    *("IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId"),
    *("LastName", "FirstName", "Email", "Company", "Title", "Phone", "MobilePhone", "Website", "LeadSource"),
    *("Industry", "Rating", "AnnualRevenue", "NumberOfEmployees", "Street", "City", "Country", "PostalCode"),
    "HasOptedOutOfEmail",
)


def main(leads: int) -> None:
    """Print where the org is and how to log in, then serve until standard input ends."""
    org = Org(people=leads, seed=7, lead_share=1.0)
    for name in list(org.core.schema["Lead"].fields):
        if name not in LEAD_FIELDS:
            org.hide_field("Lead", name)
    with serve(org) as server:
        print(json.dumps({"url": server.url, "id": org.client_id, "secret": org.client_secret}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
