"""Telling the merchant, again and again, on the published schedule, until it says that it knows."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from simulators.wechat_pay.book import GIVEN_UP, PENDING

# 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h: 24 hours and 4 minutes.
RETRY_GAPS_SECONDS: Sequence[int] = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the merchant answered; without a status it did not, and `body` says why."""

    status: int | None
    body: bytes


class Courier:
    """Posts to the merchant. `timeout` is the reply's deadline in seconds."""

    def __init__(self, timeout: float, transport: httpx.AsyncBaseTransport | None) -> None:
        self._timeout = timeout
        self._transport = transport

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            async with (
                asyncio.timeout(self._timeout),
                httpx.AsyncClient(
                    trust_env=False,
                    follow_redirects=False,
                    timeout=self._timeout,
                    transport=self._transport,
                ) as client,
            ):
                response = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Reply(None, type(error).__name__.encode())
        return Reply(response.status_code, response.content)


class Deliveries(ABC):
    """The schedule, one task for each number. `time_scale` stretches the gaps.

    A subclass says what is pending, makes one try, and keeps the outcome.
    """

    def __init__(self, time_scale: float) -> None:
        self._time_scale = time_scale
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @abstractmethod
    def pending(self) -> list[tuple[str, int, float]]:
        """Number, tries so far and next moment of what still has to be told."""

    @abstractmethod
    async def try_once(self, number: str) -> str:
        """One try; the state after it."""

    @abstractmethod
    def note(self, number: str, *, state: str, tries: int, next_at: float) -> None:
        """Keep what became of a try."""

    def start(self) -> None:
        """Go on with what was still to be told when the process ended."""
        for number, tries, next_at in self.pending():
            self._begin(number, tries, next_at)

    def tell(self, number: str, *, after_seconds: float = 0.0) -> None:
        """Tell it from now on; what was planned for this number before is dropped."""
        if number in self._tasks:
            self._tasks.pop(number).cancel()
        self._begin(number, 0, time.time() + after_seconds)

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, number: str, tries: int, next_at: float) -> None:
        task = asyncio.create_task(self._deliver(number, tries, next_at))
        self._tasks[number] = task
        task.add_done_callback(lambda done: self._ended(number, done))

    def _ended(self, number: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(number) is task:
            self._tasks.pop(number)
        if not task.cancelled() and task.exception():
            log.error("the notification of %s broke off", number, exc_info=task.exception())

    async def _deliver(self, number: str, tries: int, next_at: float) -> None:
        while True:
            await asyncio.sleep(max(0.0, next_at - time.time()))
            state = await self.try_once(number)
            if state == PENDING and tries == len(RETRY_GAPS_SECONDS):
                state = GIVEN_UP
            if state == PENDING:
                next_at = time.time() + RETRY_GAPS_SECONDS[tries] * self._time_scale
            tries += 1
            self.note(number, state=state, tries=tries, next_at=next_at)
            if state != PENDING:
                return
