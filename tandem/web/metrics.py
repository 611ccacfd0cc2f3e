"""The same facts for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

_STATES = ("Last Synced", "Sync in Progress", "Failed", "Never Synced")


class _Facts:
    """A collector over facts that were read already: nothing is counted between two visits."""

    def __init__(
        self, overview: dict[str, Any], backlog: dict[str, Any], scores: list[dict[str, Any]]
    ) -> None:
        self._overview, self._backlog, self._scores = overview, backlog, scores

    def collect(self) -> Iterator[Metric]:
        facts = self._overview
        state = GaugeMetricFamily("tandem_state", "1 for the state the sync is in", labels=["state"])
        for name in _STATES:
            state.add_metric([name], float(facts["state"] == name))
        yield state
        if facts["last_success_at"]:
            at = facts["last_success_at"].replace(tzinfo=UTC).timestamp()
            yield GaugeMetricFamily(
                "tandem_last_success_timestamp_seconds", "End of the last run that succeeded", value=at
            )
        for name, many in facts["waiting"].items():
            yield GaugeMetricFamily(f"tandem_waiting_{name}", f"Standing: {name}", value=many)
        for name, described in (
            ("used_24h", "API calls of ours in 24 hours"),
            ("org_used_24h", "API calls of the whole org in 24 hours"),
            ("org_limit_24h", "API calls the org may make in 24 hours"),
            ("left", "API calls that we may still make, by our budget and the org's limit less the reserve"),
            ("forecast_24h", "API calls of ours in a day at the pace of the last six hours"),
        ):
            if facts["api"][name] is not None:
                yield GaugeMetricFamily(f"tandem_api_{name}", described, value=facts["api"][name])
        if facts["api"]["used_up_at"]:
            at = facts["api"]["used_up_at"].replace(tzinfo=UTC).timestamp()
            yield GaugeMetricFamily(
                "tandem_api_used_up_timestamp_seconds", "When no call is left at this pace", value=at
            )
        going_on = sum(each["open"] for each in facts["notifications"])
        yield GaugeMetricFamily("tandem_notifications_open", "Troubles that go on", value=going_on)
        quality = GaugeMetricFamily("tandem_quality_score", "Data quality, 0 to 100", labels=["object"])
        for row in self._scores:
            quality.add_metric([row["object"]], row["score"])
        yield quality
        waiting = GaugeMetricFamily("tandem_backlog_records", "Records that wait", labels=["object", "side"])
        for row in self._backlog["objects"]:
            for side in ("salesforce", "marketing"):
                waiting.add_metric([row["object"], side], row[f"in_{side}"])
        yield waiting


def exposition(overview: dict[str, Any], backlog: dict[str, Any], scores: list[dict[str, Any]]) -> bytes:
    """Return the facts in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Facts(overview, backlog, scores))
    return generate_latest(registry)
