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
        assert about["methods"]["count"] == "name: str"
        for method, given, said in (
            ("create", {"nonsense": 1}, "missing a required argument: 'name'"),
            (
                "create",
                {"name": "Lead", "values": {}, "nonsense": 1},
                "unexpected keyword argument 'nonsense'",
            ),
            ("create", {"name": "Lead", "values": "x"}, "values must be an object"),
            ("create_many", {"name": "Lead", "rows": ["x"]}, "rows must be a list of an object"),
            ("set_limit", {"name": "DailyApiRequests", "maximum": "many"}, "maximum must be a whole number"),
            ("set_limit", {"name": "DailyApiRequests", "maximum": -1}, "cannot be less than nothing"),
            ("set_recycle_bin_capacity", {"rows": 0}, "at least one row"),
            ("set_permission", {"name": "Fly", "granted": True}, "no permission Fly"),
            ("set_marketing_user", {"marketing": True, "user_id": "x"}, "no user x"),
            ("trust_jwt", {"public_key_pem": "x"}, "not a public key"),
            (
                "add_assignment_rule",
                {"obj": "Lead", "owner": org.admin_id, "condition": "x"},
                "unexpected token",
            ),
            ("add_assignment_rule", {"obj": "Lead", "owner": made.json()["result"]}, "no user or queue"),
            ("add_duplicate_rule", {"obj": "Lead", "name": "r", "fields": ["Nope"]}, "no field Nope"),
            ("remove_validation_rule", {"obj": "Lead", "name": "r"}, "no validation rule"),
            ("delete_field", {"obj": "Lead", "name": "SystemModstamp"}, "belongs to the org itself"),
            (
                "add_field",
                {"obj": "Lead", "name": "P__c", "type": "Picklist", "values": 5},
                "values are a list",
            ),
            ("convert_lead", {"lead_id": "x", "speed": 1}, "unexpected keyword argument 'speed'"),
            ("clock", {"set": "9999-12-31T00:00:00Z"}, "the clock goes from"),
            ("clock", {"advance": {"days": 1e12}}, "the clock goes from"),
            ("clock", {"advance": {"years": 1}}, "unexpected keyword argument 'years'"),
            ("clock", {"advance": 3}, "advance must be an object"),
            ("clock", {}, "say "),
            ("faults", {"match": "*", "kind": "latency", "seconds": "long"}, "seconds must be a number"),
            ("faults", {"match": "*", "kind": "status", "status": 1000}, "from 100 to 599"),
            ("faults", {"match": "*", "kind": "quake"}, "no such fault"),
        ):
            answer = post(method, **given)
            assert (answer.status_code, said in answer.json()[0]["message"]) == (400, True), (
                method,
                answer.text,
            )
        assert post("close").status_code == 404
        assert post("clock", set="2030-01-01T00:00:00Z").json()["now"].startswith("2030-01-01")
        assert post("faults", match="GET /services/data", kind="status", status=503).status_code == 201
        assert requests.get(f"{server.url}/services/data", timeout=20).status_code == 503
        log = requests.get(f"{server.url}/_org/requests", timeout=20).json()
        assert log[-1]["path"] == "/services/data"
        assert post("snapshots/start").status_code == 200
        assert org.count("Lead") == 0
