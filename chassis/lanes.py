"""Receiving study beats from RabbitMQ: each process takes the shards in two lanes, side by side,
so that one computes while the database works for the other.

A shard has one receiver at a time, the one that asked first; the others stand by. A process that
is busy in all its lanes while another stands by gives the last one away, so that two processes
share the work; when one dies, the broker hands its shards to the other.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aio_pika.abc import AbstractChannel
from aiormq.abc import AbstractChannel as UnderlayChannel
from aiormq.abc import DeliveredMessage

from chassis import topology
from chassis.bus import FOLD_MAX, SHARDS, ReceiveBeats

log = structlog.get_logger()

LANES = 2
GATHER_SECONDS = 0.02  # a transaction costs as much as ten beats: let some come together
LIST_BYTES = 128 * 1024  # about 1,700 beats: a transaction far from its time limit
RETRY_MIN_SECONDS, RETRY_MAX_SECONDS = 0.3, 3.0
SHARE_SECONDS = 2.0  # between looks at who stands by; whoever received so recently is busy


class Lane:
    """Some of the shards, received list by list. `others` are the process's lanes before it."""

    def __init__(
        self, shards: Sequence[int], receive: ReceiveBeats, others: Sequence["Lane"]
    ) -> None:
        self._shards = shards
        self._receive = receive
        self._others = others
        self._received_at = float("-inf")

    @property
    def is_busy(self) -> bool:
        return asyncio.get_running_loop().time() - self._received_at < SHARE_SECONDS

    async def consume(self, channel: AbstractChannel, *ends: asyncio.Event) -> None:
        """Until one of the events is set, or the lane is given to another process: what was not
        acknowledged by then is delivered again, there."""
        await channel.set_qos(FOLD_MAX // SHARDS)
        underlay = await channel.get_underlay_channel()
        arrived: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        await topology.announce_receiver(underlay)
        for shard in self._shards:
            await underlay.basic_consume(topology.shard_queue(shard), arrived.put)
        tasks = [
            asyncio.create_task(self._fold_forever(underlay, arrived)),
            asyncio.create_task(self._until_wanted_elsewhere(underlay)),
            *(asyncio.create_task(end.wait()) for end in ends),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fold_forever(
        self, channel: UnderlayChannel, arrived: asyncio.Queue[DeliveredMessage]
    ) -> None:
        """All that waits, list by list; one acknowledgement for each list."""
        while True:
            batch = [await arrived.get()]
            await asyncio.sleep(GATHER_SECONDS)
            left = LIST_BYTES - len(batch[0].body)
            while left > 0 and len(batch) < FOLD_MAX and not arrived.empty():
                batch.append(arrived.get_nowait())
                left -= len(batch[-1].body)
            self._received_at = asyncio.get_running_loop().time()
            await self._fold([incoming.body for incoming in batch])
            await channel.basic_ack(batch[-1].delivery_tag or 0, multiple=True)

    async def _fold(self, bodies: list[bytes]) -> None:
        """Until it succeeds, with the list unacknowledged: giving it back would count as a
        delivery and lead to the dead letters."""
        seconds = RETRY_MIN_SECONDS
        while True:
            try:
                return await self._receive(bodies)
            except Exception as reason:
                log.warning("beats_wait", reason=type(reason).__name__)
                await asyncio.sleep(seconds)
                seconds = min(seconds * 2, RETRY_MAX_SECONDS)

    async def _until_wanted_elsewhere(self, channel: UnderlayChannel) -> None:
        """Only a process's last lane is ever given away."""
        is_last = len(self._others) == LANES - 1
        while True:
            await asyncio.sleep(SHARE_SECONDS)
            if is_last and self._has_all and await self._somebody_stands_by(channel):
                log.info("lane_given_away", shards=len(self._shards))
                return

    @property
    def _has_all(self) -> bool:
        return self.is_busy and all(lane.is_busy for lane in self._others)

    async def _somebody_stands_by(self, channel: UnderlayChannel) -> bool:
        return await topology.count_receivers(channel) > LANES


def lanes_for(receive: ReceiveBeats) -> list[Lane]:
    """The lanes of one process; together they cover every shard."""
    lanes: list[Lane] = []
    for number in range(LANES):
        lanes.append(Lane(range(number, SHARDS, LANES), receive, tuple(lanes)))
    return lanes
