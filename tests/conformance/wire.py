"""What the flows say to the org, read off the wire: questions, and records written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox import Org


@dataclass(frozen=True)
class Said:
    """One request."""

    method: str
    path: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Wire:
    """Listens to an org's requests."""

    def __init__(self, org: Org) -> None:
        self.said: list[Said] = []
        org.faults.add("* *", "call", times=None, call=self._hear)

    def _hear(self, request: dict[str, Any]) -> None:
        self.said.append(Said(request["method"], request["path"], bytes(request["body"])))

    def forget(self) -> None:
        """Listen anew."""
        self.said.clear()

    def questions(self) -> list[str]:
        """Every SOQL query that was asked, by composite or by a Bulk job."""
        found = []
        for each in self.said:
            if each.method == "POST" and each.path.endswith("/composite"):
                for part in each.json["compositeRequest"]:
                    found += parse_qs(urlsplit(part["url"]).query).get("q", [])
            if each.method == "POST" and each.path.endswith("/jobs/query"):
                found.append(each.json["query"])
        return found

    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        """Every record that was sent to be written, with its object."""
        found = []
        for each in self.said:
            if "/composite/sobjects" in each.path and each.method in ("POST", "PATCH"):
                found += [(row["attributes"]["type"], row) for row in each.json["records"]]
            elif "/jobs/ingest" in each.path and each.method == "PUT":
                found += [("?", row) for row in csv.DictReader(io.StringIO(each.body.decode()))]
            elif "/sobjects/" in each.path and each.method != "GET":
                found.append((each.path.split("/sobjects/")[1].split("/")[0], each.json if each.body else {}))
        return found

    def written(self, record_id: str) -> dict[str, Any]:
        """The fields that were sent for one record, put together."""
        together: dict[str, Any] = {}
        for _, row in self.writes():
            if row.get("id") == record_id:
                together |= {name: value for name, value in row.items() if name not in ("attributes", "id")}
        return together
