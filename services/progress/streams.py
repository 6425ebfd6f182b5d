"""Server-sent events: a page is told the state of its session when it changes.

One LISTEN connection per process wakes the streams of a learner; each then reads the state for
itself. Whoever misses a stream polls the same state.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import asyncpg
import structlog

from chassis.db import DATABASE_AWAY

from .store.sessions import CHANNEL

log = structlog.get_logger()

PROBE_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
STREAM_SECONDS = 300.0  # then the browser connects again by itself
OVER = ("ended", "completed")


class Watch:
    """Wakes the streams of this process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self.stopped = False
        self.is_listening = False

    @property
    def watched(self) -> set[UUID]:
        """The learners whose streams are open here."""
        return set(self._waiting)

    def stop(self) -> None:
        """End every stream: the process is about to."""
        self.stopped = True
        self._wake_all()

    async def run(self) -> None:
        """Listen until cancelled; also after the database was away."""
        try:
            while True:
                try:
                    await self._listen()
                except DATABASE_AWAY as reason:
                    log.warning("streams_wait", reason=type(reason).__name__)
                self._wake_all()
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            self.stop()

    async def _listen(self) -> None:
        listener = await asyncpg.connect(self._url, timeout=3, command_timeout=5)
        try:
            await listener.add_listener(CHANNEL, self._hear)
            self.is_listening = True
            self._wake_all()
            while not listener.is_closed():
                await asyncio.sleep(PROBE_SECONDS)
                await listener.execute("SELECT 1")
        finally:
            self.is_listening = False
            listener.terminate()

    def _hear(self, _connection: object, _pid: int, _channel: str, learner_id: object) -> None:
        for woken in self._waiting.get(UUID(str(learner_id)), ()):
            woken.set()

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for woken in events:
                woken.set()

    @contextmanager
    def waiting(self, learner_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of this learner's sessions may be new."""
        woken = asyncio.Event()
        self._waiting[learner_id].add(woken)
        try:
            yield woken
        finally:
            self._waiting[learner_id].discard(woken)
            if not self._waiting[learner_id]:
                del self._waiting[learner_id]


async def stream(
    watch: Watch, learner_id: UUID, look: Callable[[], Awaitable[tuple[str, str]]], every: float
) -> AsyncIterator[str]:
    """`event: state` with the JSON that `look` answers beside the state's name: at once, when it
    changes, and at the end. Looks again every so many seconds, because silence also ends things.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + STREAM_SECONDS
    told = ""
    with watch.waiting(learner_id) as woken:
        while loop.time() < until and not watch.stopped:
            woken.clear()
            try:
                state, news = await look()
            except DATABASE_AWAY:
                return
            yield f"event: state\ndata: {news}\n\n" if news != told else ": still here\n\n"
            told = news
            if state in OVER:
                return
            try:
                async with asyncio.timeout(every):
                    await woken.wait()
            except TimeoutError:
                continue
