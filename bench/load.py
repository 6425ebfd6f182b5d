"""A load generator on raw sockets: each connection sends its next request when it has an answer.

It builds no objects per request and reads no body, so that it costs less than what it measures.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import uvloop

PATH = "/api/progress/heartbeats"
CONNECTIONS = 256


@dataclass(frozen=True)
class Learner:
    """A page: its token and when its session began."""

    token: str
    started: float


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
        return 1000 * self.latencies[int(share * (len(self.latencies) - 1))]


def run(port: int, learners: Sequence[Learner], seconds: float, *, first_seq: int) -> Result:
    """Load 127.0.0.1:`port` from a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (port, learners, seconds, first_seq))


def _run(port: int, learners: Sequence[Learner], seconds: float, first_seq: int) -> Result:
    return uvloop.run(_load(port, learners, seconds, first_seq))


async def _load(port: int, learners: Sequence[Learner], seconds: float, first_seq: int) -> Result:
    loop = asyncio.get_running_loop()
    requests = _requests(learners, first_seq)
    until = loop.time() + seconds
    pages = [_Connection(requests, until) for _ in range(CONNECTIONS)]
    started, used = loop.time(), time.process_time()
    for page in pages:
        await loop.create_connection(lambda page=page: page, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(page.done.wait() for page in pages))
    took = loop.time() - started
    latencies = sorted(latency for page in pages for latency in page.latencies)
    refused = sum(page.refused for page in pages)
    return Result(len(latencies), refused, took, latencies, time.process_time() - used)


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
    """One keep-alive connection, always with exactly one request under way."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self._requests = requests
        self._until = until
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0
        self._got = b""
        self.latencies: list[float] = []
        self.refused = 0
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, separator, body = self._got.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        assert b"transfer-encoding" not in head.lower(), "answers must say how long they are"
        self._got = b""
        now = time.perf_counter()
        if head.startswith(b"HTTP/1.1 202"):
            self.latencies.append(now - self._sent_at)
        else:
            self.refused += 1
        self._send()

    def connection_lost(self, _reason: Exception | None) -> None:
        self.done.set()

    def _send(self) -> None:
        assert self._transport is not None
        if asyncio.get_running_loop().time() >= self._until:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
