"""Prometheus metrics that every service has."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from chassis import inbox
from chassis.db import DATABASE_AWAY, Pool

requests = Counter(
    "http_requests_total", "Answered requests", ["service", "method", "route", "status"]
)
seconds = Histogram(
    "http_request_seconds",
    "Time to the first byte of the answer",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
events = Gauge("events_unsettled", "Events waiting, failed or parked", ["service", "state"])

CONTENT_TYPE = CONTENT_TYPE_LATEST


async def render(service: str, pool: Pool) -> bytes:
    """What `/metrics` answers; without the event counts while the database is away."""
    try:
        for state, count in (await inbox.count_unsettled(pool)).items():
            events.labels(service, state).set(count)
    except DATABASE_AWAY:
        events.clear()
    return generate_latest()
