"""The bus inside one process: `publish` calls the consumers and returns when they have settled.

The outbox row is marked only then, so it keeps the promises of `chassis.bus` across a restart.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from chassis.bus import FOLD_MAX, BusAway, Receive, ReceiveBeats
from contracts.envelope import Message


class InProcessBus:
    """For the standalone mode: one instance, shared by all services of the process."""

    def __init__(self) -> None:
        self._receivers: dict[str, dict[str, Receive]] = defaultdict(dict)
        self._receive_beats: ReceiveBeats | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._turn = asyncio.Lock()
        self._stopped = False

    async def start(self) -> None:
        self._stopped = False

    async def stop(self) -> None:
        self._stopped = True

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._refuse_when_stopped()
            receivers = self._receivers[message.name].values()
            await asyncio.gather(*(receive(message) for receive in list(receivers)))

    async def send_to_shard(self, shard: int, body: bytes) -> None:
        self._refuse_when_stopped()
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, stored))
        async with self._turn:
            if not stored.done():
                await self._hand_over()
        await stored

    async def _hand_over(self) -> None:
        """Give the receiver all that waits; each sender learns what became of its own."""
        batch, self._waiting = self._waiting[:FOLD_MAX], self._waiting[FOLD_MAX:]
        try:
            if self._receive_beats is None:
                raise BusAway("nobody receives study beats yet")
            await self._receive_beats([body for body, _ in batch])
        except Exception as reason:
            for _, stored in batch:
                stored.set_exception(BusAway(type(reason).__name__))
        else:
            for _, stored in batch:
                stored.set_result(None)

    async def subscribe(self, service: str, names: Sequence[str], receive: Receive) -> None:
        for name in names:
            self._receivers[name][service] = receive

    async def subscribe_shards(self, receive: ReceiveBeats) -> None:
        self._receive_beats = receive

    def healthy(self) -> bool:
        return not self._stopped

    def _refuse_when_stopped(self) -> None:
        if self._stopped:
            raise BusAway("the bus is stopped")
