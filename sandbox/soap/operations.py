"""The operations of the partner API by the names of their elements."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.http.call import Call
from sandbox.soap import describe, reading, session, writing
from sandbox.soap.xml import Request

OPERATIONS: dict[str, Callable[[Call, Request], str]] = {
    "login": session.login,
    "logout": session.logout,
    "getUserInfo": session.get_user_info,
    "getServerTimestamp": session.get_server_timestamp,
    "describeGlobal": describe.describe_global,
    "describeSObject": describe.describe_one,
    "describeSObjects": describe.describe_several,
    "query": reading.query,
    "queryAll": reading.query,
    "queryMore": reading.query_more,
    "retrieve": reading.retrieve,
    "getUpdated": reading.get_updated,
    "getDeleted": reading.get_deleted,
    "create": writing.create,
    "update": writing.update,
    "upsert": writing.upsert,
    "delete": writing.delete,
    "undelete": writing.undelete,
    "emptyRecycleBin": writing.empty_recycle_bin,
    "convertLead": writing.convert_lead,
    "merge": writing.merge_records,
}
