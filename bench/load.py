"""A load generator on raw sockets, in a process of its own.

Without a pace each connection sends its next request when it has an answer. With one, requests
are due at fixed times whatever the answers do, and wait for a free connection; their latency
counts from when they were due. It builds no objects per request and reads no body, so that it
costs less than what it measures.
"""

import asyncio
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import uvloop

PATH = "/api/progress/heartbeats"
CONNECTIONS = 1_000
TICK_SECONDS = 0.002


@dataclass(frozen=True)
class Learner:
    """A page: its token, when its session began, and who it is."""

    token: str
    started: float
    learner_id: bytes = b""
    session_id: bytes = b""


@dataclass(frozen=True)
class Load:
    """What is to be sent. `first_seq` is that of each page's first beat; `per_second` the pace."""

    port: int
    learners: Sequence[Learner]
    seconds: float
    first_seq: int
    per_second: float | None = None
    connections: int = CONNECTIONS


@dataclass(frozen=True)
class Result:
    """How many were answered in how long. `latencies` in seconds, sorted."""

    answered: int
    refused: int
    seconds: float
    latencies: Sequence[float]
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def latency_ms(self, share: float) -> float:
        if not self.latencies:
            return 0.0
        return 1000 * self.latencies[int(share * (len(self.latencies) - 1))]


def run(load: Load) -> Result:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (load,))


def _run(load: Load) -> Result:
    return uvloop.run(_Generator(load).run())


class _Generator:
    """The pages of one load, their connections and what was answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = _requests(load.learners, load.first_seq)
        self._until = 0.0
        self._due: deque[float] = deque()
        self._idle: deque[_Connection] = deque()  # each in its turn: the server ends what rests
        self.latencies: list[float] = []
        self.refused = 0

    async def run(self) -> Result:
        loop = asyncio.get_running_loop()
        pages = [_Connection(self) for _ in range(self._load.connections)]
        for page in pages:
            await loop.create_connection(lambda page=page: page, "127.0.0.1", self._load.port)  # type: ignore[misc]
        started, used = time.perf_counter(), time.process_time()
        self._until = started + self._load.seconds
        if self._load.per_second is None:
            for page in pages:
                page.send(next(self._requests), time.perf_counter())
        else:
            self._idle.extend(pages)
            await self._pace(started, self._load.per_second)
        await asyncio.gather(*(page.done.wait() for page in pages))
        took = time.perf_counter() - started
        answered = len(self.latencies)
        cpu_seconds = time.process_time() - used
        return Result(answered, self.refused, took, sorted(self.latencies), cpu_seconds)

    async def _pace(self, started: float, per_second: float) -> None:
        made = 0
        while (now := time.perf_counter()) < self._until:
            due = int((now - started) * per_second)
            self._due.extend(started + n / per_second for n in range(made, due))
            made = due
            while self._due and self._idle:
                self._idle.popleft().send(next(self._requests), self._due.popleft())
            await asyncio.sleep(TICK_SECONDS)
        self._due.clear()
        for page in self._idle:
            page.close()

    def answered(self, page: "_Connection", *, seconds: float, taken: bool) -> None:
        """A page has its answer: what it does next."""
        if taken:
            self.latencies.append(seconds)
        else:
            self.refused += 1
        now = time.perf_counter()
        if now >= self._until:
            page.close()
        elif self._load.per_second is None:
            page.send(next(self._requests), now)
        elif self._due:
            page.send(next(self._requests), self._due.popleft())
        else:
            self._idle.append(page)


def _requests(learners: Sequence[Learner], first_seq: int) -> Iterator[bytes]:
    """Beats of one page after the other, for ever: the media has moved as the clock."""
    makers = [_maker(learner) for learner in learners]
    seq = first_seq
    while True:
        for make in makers:
            yield make(seq)
        seq += 1


def _maker(learner: Learner) -> Callable[[int], bytes]:
    def make(seq: int) -> bytes:
        now = time.time()
        body = (
            b'{"session_token":"%b","beats":[{"seq":%d,"at":"%b","position_seconds":%.3f,'
            b'"playback_rate":1,"playing":true,"visible":true,"idle_seconds":2.5}]}'
            % (
                learner.token.encode(),
                seq,
                datetime.fromtimestamp(now, UTC).isoformat().encode(),
                now - learner.started,
            )
        )
        return (
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (PATH.encode(), len(body), body)
        )

    return make


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._due_at = 0.0
        self._got = b""
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due_at: float) -> None:
        assert self._transport is not None
        self._due_at = due_at
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, separator, body = self._got.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        assert b"transfer-encoding" not in head.lower(), "answers must say how long they are"
        self._got = b""
        seconds = time.perf_counter() - self._due_at
        self._generator.answered(self, seconds=seconds, taken=head.startswith(b"HTTP/1.1 202"))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def connection_lost(self, _reason: Exception | None) -> None:
        self.done.set()


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
