"""The control surface over HTTP: there only when asked for, and able to do what the Python class can."""

from __future__ import annotations

from typing import Any

import requests

from sandbox import Org, Server, serve


def test_it_is_off_unless_asked_for(server: Server) -> None:
    assert requests.get(f"{server.url}/_org", timeout=20).status_code == 404


def test_it_controls() -> None:
    org = Org(people=0)
    with serve(org, control=True) as server:

        def post(path: str, **body: Any) -> requests.Response:
            return requests.post(f"{server.url}/_org/{path}", json=body, timeout=20)

        about = requests.get(f"{server.url}/_org", timeout=20).json()
        assert about["clientSecret"] == org.client_secret
        requests.put(f"{server.url}/_org/snapshots/start", timeout=20)
        made = post("create", name="Lead", values={"LastName": "x", "Company": "c"})
        assert org.get("Lead", made.json()["result"])["Company"] == "c"
        late = {"name": "Lead", "record_id": made.json()["result"], "values": {"Title": "t"}}
        assert post("write_late", **late, stamp="2026-01-01T00:00:00Z").status_code == 200
        assert post("count", name="Lead").json() == {"result": 1}
        refused = post("create", name="Lead", values={"LastName": "x"})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "RefusedByOrg")
        assert post("create", nonsense=1).status_code == 400
        assert post("close").status_code == 404
        assert post("clock", set="2030-01-01T00:00:00Z").json()["now"].startswith("2030-01-01")
        assert post("faults", match="GET /services/data", kind="status", status=503).status_code == 201
        assert requests.get(f"{server.url}/services/data", timeout=20).status_code == 503
        log = requests.get(f"{server.url}/_org/requests", timeout=20).json()
        assert log[-1]["path"] == "/services/data"
        assert post("snapshots/start").status_code == 200
        assert org.count("Lead") == 0
