"""Pages that study while RabbitMQ is away, PostgreSQL is away and the consumer is killed (P-8).

The model of an honest page: each of its beats is stored once, and all of the time between its
opening and its last beat is credited.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bench import ground
from bench.ground import Ground
from bench.load import PATH, Learner
from deploy.servers.processes import Child
from services.progress.audit import audit

BEAT_SECONDS = 3  # the way of a page's first beat may take a tenth of it before it counts as study
RETRY_SECONDS = 0.3
SETTLE_SECONDS = 3.0  # a younger quorum queue may lose its log to kill -9
DRAIN_SECONDS = 60.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long each is away, and how often the consumer is killed."""

    rabbitmq_seconds: float = 60
    postgresql_seconds: float = 30
    kills: int = 20
    pages: int = 40


@dataclass
class Page:
    """Beats at its own times; what was not taken waits, in order, as in a browser."""

    learner: Learner
    client: httpx.AsyncClient
    waiting: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0
    answers: set[int] = field(default_factory=set)

    async def live(self, stop: asyncio.Event) -> None:
        while not stop.is_set() or self.waiting:
            if not stop.is_set():
                self._make()
            if not (self.waiting and await self._send()):
                await asyncio.sleep(RETRY_SECONDS)

    def _make(self) -> None:
        """The beats that are due by now."""
        while (at := self.learner.started + (self.made + 1) * BEAT_SECONDS) <= time.time():
            beat = {
                "seq": self.made,
                "at": datetime.fromtimestamp(at, UTC).isoformat(),
                "position_seconds": at - self.learner.started,
                "playing": True,
                "visible": True,
                "idle_seconds": 0,
            }
            self.waiting.append(beat)
            self.made += 1

    async def _send(self) -> bool:
        sent = self.waiting[:200]
        now = datetime.now(UTC).isoformat()
        body = {"session_token": self.learner.token, "beats": sent, "sent_at": now}
        try:
            answer = await self.client.post(PATH, json=body)
        except httpx.TransportError:
            return False
        self.answers.add(answer.status_code)
        if answer.status_code == httpx.codes.ACCEPTED:
            del self.waiting[: len(sent)]
            return True
        return False


@dataclass
class Report:
    """Sentences about what differs from the model; none is the aim."""

    beats: int
    answers: set[int]
    differences: list[str]


async def run(plan: Plan, say: Say = lambda line: None) -> Report:
    async with ground.opened(BEAT_INTERVAL_SECONDS=str(BEAT_SECONDS)) as stands:
        child, port = await stands.serve("progress")
        await asyncio.sleep(SETTLE_SECONDS)
        async with _studying(stands, port, plan.pages) as pages:
            for trouble in (_without_rabbitmq, _without_postgresql, _kill_consumer):
                await asyncio.sleep(2)
                await trouble(stands, child, plan)
                say(f"{trouble.__name__[1:]}: over")
            await asyncio.sleep(2)
        return await _compare(stands, pages)


@asynccontextmanager
async def _studying(stands: Ground, port: int, number: int) -> AsyncIterator[list[Page]]:
    """Pages that study meanwhile, and at the end send what they still have."""
    stop = asyncio.Event()
    limits = httpx.Limits(max_connections=number)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=5, trust_env=False
    ) as client:
        pages = [Page(await _learner(stands, n / number), client) for n in range(number)]
        async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as group:
            for page in pages:
                group.create_task(page.live(stop))
            yield pages
            stop.set()
            patience.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)


async def _learner(stands: Ground, share: float) -> Learner:
    """Opened a share of an interval ago, so that not all pages beat at once."""
    [learner] = await stands.learners(1, since_seconds=share * BEAT_SECONDS)
    return learner


async def _without_rabbitmq(stands: Ground, child: Child, plan: Plan) -> None:
    await stands.broker.stop()
    await asyncio.sleep(plan.rabbitmq_seconds)
    await stands.broker.start()
    await child.wait_ready()


async def _without_postgresql(stands: Ground, child: Child, plan: Plan) -> None:
    await stands.database.stop()
    await asyncio.sleep(plan.postgresql_seconds)
    await stands.database.start()
    await child.wait_ready()


async def _kill_consumer(stands: Ground, child: Child, plan: Plan) -> None:
    for _ in range(plan.kills):
        before = child.pid
        child.kill()
        while child.pid in (None, before):
            await asyncio.sleep(0.02)
        await child.wait_ready()
        await asyncio.sleep(0.5)


async def _compare(stands: Ground, pages: list[Page]) -> Report:
    made = sum(page.made for page in pages)
    stored = await stands.drained(made)
    differences = [] if stored == made else [f"{stored} beats are stored, {made} were made"]
    rows = await stands.pool.fetch(
        """
        SELECT s.session_id, p.credited_ms,
               round(1000 * extract(epoch FROM s.accounted_at - s.started_at))::bigint AS studied,
               (SELECT sum(b.credited_ms) FROM beats AS b WHERE b.session_id = s.session_id)
                   AS of_beats,
               (SELECT string_agg(format('%s %s to %s', reason, from_at - started_at,
                                         until_at - started_at), ', ')
                  FROM uncredited AS u
                 WHERE u.session_id = s.session_id) AS reasons
          FROM sessions            AS s
          JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
        """
    )
    differences += [
        f"session {row['session_id']}: {dict(row)}"
        for row in rows
        if not row["credited_ms"] == row["studied"] == row["of_beats"] or row["reasons"]
    ]
    shortest = min(page.made for page in pages) * 1000 * BEAT_SECONDS
    if any(row["credited_ms"] < shortest - 100 for row in rows):
        differences.append("a page was credited less than it studied")
    report = await audit(stands.pool)
    differences += [str(each) for each in report.differences]
    return Report(made, set().union(*(page.answers for page in pages)), differences)
