"""A bare HTTP client for the tests: what a careful person would type into curl."""

from __future__ import annotations

import csv
import io
import threading
from types import TracebackType
from typing import Any

import requests

WAIT_SECONDS = 20.0


class Client:
    def __init__(self, url: str, client_id: str, client_secret: str, version: str = "60.0") -> None:
        self.url = url
        self.base = f"{url}/services/data/v{version}"
        self.session = requests.Session()
        self.session.trust_env = False
        answer = self.session.post(
            f"{url}/services/oauth2/token",
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
            timeout=WAIT_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        url = (
            path
            if path.startswith("http")
            else (self.url if path.startswith("/") else f"{self.base}/") + path
        )
        return self.session.request(method, url, timeout=WAIT_SECONDS, **how)

    def get(self, path: str, **how: Any) -> requests.Response:
        return self.call("GET", path, **how)

    def post(self, path: str, json: Any = None, **how: Any) -> requests.Response:
        return self.call("POST", path, json=json, **how)

    def patch(self, path: str, json: Any = None, **how: Any) -> requests.Response:
        return self.call("PATCH", path, json=json, **how)

    def delete(self, path: str, **how: Any) -> requests.Response:
        return self.call("DELETE", path, **how)

    def query(self, soql: str, resource: str = "query", **how: Any) -> requests.Response:
        return self.get(resource, params={"q": soql}, **how)

    def create(self, name: str, **values: Any) -> str:
        answer = self.post(f"sobjects/{name}", values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def finished(self, path: str) -> dict[str, Any]:
        """Ask until a job has ended; waits on an event that nobody sets, so that no test sleeps blindly."""
        pause = threading.Event()
        for _ in range(2000):
            job = self.get(path).json()
            if job["state"] in ("JobComplete", "Failed", "Aborted"):
                return dict(job)
            pause.wait(0.01)
        raise AssertionError(f"job did not end: {job}")

    def bulk_query(self, soql: str, operation: str = "query", **options: Any) -> list[dict[str, str]]:
        job = self.post("jobs/query", {"operation": operation, "query": soql, **options}).json()
        self.finished(f"jobs/query/{job['id']}")
        return rows(self.get(f"jobs/query/{job['id']}/results"))

    def ingest(self, operation: str, name: str, text: str, **options: Any) -> str:
        job = self.post("jobs/ingest", {"operation": operation, "object": name, **options}).json()
        path = f"jobs/ingest/{job['id']}"
        answer = self.call("PUT", f"{path}/batches", data=text.encode(), headers={"Content-Type": "text/csv"})
        assert answer.status_code == 201, answer.text
        assert self.patch(path, {"state": "UploadComplete"}).status_code == 200
        self.finished(path)
        return path


def rows(answer: requests.Response) -> list[dict[str, str]]:
    answer.encoding = "utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def code(answer: requests.Response) -> tuple[int, str]:
    """Status and error code of a refused request."""
    return answer.status_code, answer.json()[0]["errorCode"]
