"""What happens on the server, one line per event, for whoever watches ``tandem up``."""

from __future__ import annotations

from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

_NAMES = ("Running", "Completed", "Failed", "Crashed", "TimedOut", "Cancelled")


async def print_events() -> None:
    """Print the beginnings and ends of flow runs as they happen, until cancelled."""
    wanted = EventFilter(event=EventNameFilter(name=[f"prefect.flow-run.{name}" for name in _NAMES]))
    async with get_events_subscriber(filter=wanted, reconnect_on_clean_close=True) as events:
        async for event in events:
            print(line(event), flush=True)


def line(event: Event) -> str:
    """Put an event into one line: when, which deployment, what, why."""
    named = {each.role: each.name for each in event.related}
    what = "/".join(part for part in (named.get("flow"), named.get("deployment")) if part)
    state = event.payload.get("validated_state") or {}
    said = " ".join(str(state.get("message") or "").split())
    name = event.event.rpartition(".")[2]
    return f"{event.occurred.astimezone():%H:%M:%S}  {what:<28} {name:<10} {said}".rstrip()
