"""Micro-batches: beats that arrive within a few milliseconds leave as one message per shard."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import Counter, Histogram

from chassis.bus import SHARDS, BusAway

from . import wire

BATCH_MAX = 500  # requests in one message
WAITING_MAX = 5_000  # requests of one shard; beyond it the page is asked to come again

Send = Callable[[int, bytes], Awaitable[None]]

sent = Counter("beats_sent_total", "Beats that the bus has confirmed")
refused = Counter("beats_refused_total", "Requests turned away because the bus did not confirm")
sizes = Histogram(
    "beat_batch_requests", "Requests in one message", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)


class _Batch:
    """Requests that share one message, and what became of it."""

    __slots__ = ("failed", "requests", "settled")

    def __init__(self) -> None:
        self.requests: list[wire.WireRequest] = []
        self.settled = asyncio.Event()
        self.failed = False


class _Lane:
    """One shard: at most one message is under way, the next one fills meanwhile."""

    def __init__(self, shard: int, send: Send, window_seconds: float) -> None:
        self._shard = shard
        self._send = send
        self._window = window_seconds
        self._waiting: list[_Batch] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, request: wire.WireRequest) -> None:
        batch = self._batch()
        batch.requests.append(request)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await batch.settled.wait()
        if batch.failed:
            raise BusAway("the beats were not confirmed")

    def _batch(self) -> _Batch:
        if self._waiting and len(self._waiting[-1].requests) < BATCH_MAX:
            return self._waiting[-1]
        if len(self._waiting) * BATCH_MAX >= WAITING_MAX:
            raise BusAway("too many beats are waiting")
        self._waiting.append(_Batch())
        return self._waiting[-1]

    async def _run(self) -> None:
        try:
            await asyncio.sleep(self._window)
            while self._waiting:
                await self._settle(self._waiting.pop(0))
        finally:
            self._task = None
            for batch in self._waiting:
                self._fail(batch)
            self._waiting = []

    async def _settle(self, batch: _Batch) -> None:
        try:
            await self._send(self._shard, wire.pack(batch.requests))
        except BusAway:
            self._fail(batch)
        except BaseException:
            self._fail(batch)
            raise
        else:
            sizes.observe(len(batch.requests))
            sent.inc(sum(len(request.beats) for request in batch.requests))
            batch.settled.set()

    @staticmethod
    def _fail(batch: _Batch) -> None:
        refused.inc(len(batch.requests))
        batch.failed = True
        batch.settled.set()


class Batcher:
    """`await add(request)` returns when the bus has the request for sure; else `BusAway`."""

    def __init__(self, send: Send, *, window_seconds: float) -> None:
        self._lanes = [_Lane(shard, send, window_seconds) for shard in range(SHARDS)]

    async def add(self, request: wire.WireRequest) -> None:
        await self._lanes[shard_of(request.learner)].add(request)


def shard_of(learner: bytes) -> int:
    """All beats of a learner go one way. The last byte of an id is random."""
    return learner[-1] % SHARDS
