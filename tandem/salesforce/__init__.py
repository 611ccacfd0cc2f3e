"""Everything said to Salesforce over the wire: login, describe, read, write, errors, the budget of API calls.

The modules ``bulk_query`` (``start``, ``wait``, ``pages``) and ``write`` (``send``, ``collect``) are used by
their own names.
"""

from tandem.salesforce.calls import ApiCall, CallMeter
from tandem.salesforce.changes import ChangeQuery, Changes, read_changes, soql
from tandem.salesforce.connection import Connection, Identity, connect
from tandem.salesforce.describe import FieldDescribe, ObjectDescribe, describe_objects
from tandem.salesforce.errors import ErrorClass, RowError, classify
from tandem.salesforce.permissions import Permissions, examine
from tandem.salesforce.results import RowResult

__all__ = [
    "ApiCall",
    "CallMeter",
    "ChangeQuery",
    "Changes",
    "Connection",
    "ErrorClass",
    "FieldDescribe",
    "Identity",
    "ObjectDescribe",
    "Permissions",
    "RowError",
    "RowResult",
    "classify",
    "connect",
    "describe_objects",
    "examine",
    "read_changes",
    "soql",
]
