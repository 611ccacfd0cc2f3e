"""Activities that go out as completed tasks, for those who tick them (section 14.2)."""

from __future__ import annotations

from collections.abc import Mapping

#: Activity type by the name that the settings know it by; each is off until it is ticked.
PUSHABLE: Mapping[str, int] = {
    "filled_out_form": 2,
    "added_to_list": 24,
    "email_sent": 6,
    "email_delivered": 7,
    "email_opened": 10,
    "clicked_link_in_email": 11,
    "removed_from_list": 25,
    "removed_from_flow": 100040,
    "sales_email_sent": 39,
    "sales_email_opened": 40,
    "clicked_link_in_sales_email": 41,
    "sales_email_received": 45,
}
