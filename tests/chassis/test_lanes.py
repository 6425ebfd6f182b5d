"""Two processes share the shards of study beats."""

import asyncio
import uuid
from collections import defaultdict

from chassis.bus import SHARDS, ReceiveBeats
from chassis.rabbit import RabbitBus

PATIENCE_SECONDS = 40


class Fields:
    """What was received where: (bus, shard) and, per shard, the numbers in order of arrival."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.latest: dict[str, set[int]] = defaultdict(set)
        self.numbers: dict[int, list[int]] = defaultdict(list)

    def body(self, shard: int, number: int) -> bytes:
        return f"{self.mark} {shard} {number}".encode()

    def of(self, name: str) -> ReceiveBeats:
        async def receive(bodies: list[bytes]) -> None:
            for body in bodies:
                mark, shard, number = body.decode().split()
                if mark != self.mark:
                    continue
                self.latest[name].add(int(shard))
                if int(number) not in self.numbers[int(shard)]:
                    self.numbers[int(shard)].append(int(number))

        return receive


async def send_until(bus: RabbitBus, fields: Fields, first: int, *, shared: bool) -> int:
    """Beats on all shards until two buses have received in one second, or one in both its lanes;
    the next number."""
    for number in range(first, first + 10 * PATIENCE_SECONDS):
        if number % 10 == 0:
            fields.latest.clear()
        await asyncio.gather(
            *(bus.send_to_shard(shard, fields.body(shard, number)) for shard in range(SHARDS))
        )
        await asyncio.sleep(0.1)
        if shared and sorted(map(len, fields.latest.values())) == [SHARDS // 2] * 2:
            return number + 1
        if not shared and list(map(len, fields.latest.values())) == [SHARDS]:
            return number + 1
    raise AssertionError(f"the shards were not divided so: {dict(fields.latest)}")


async def test_two_processes_share_the_shards_and_one_takes_all_when_the_other_ends(
    amqp_url: str,
) -> None:
    # P-8: none is lost on the way, and each shard stays in order
    fields = Fields()
    buses = [RabbitBus(amqp_url, name=f"test {number}") for number in range(2)]
    sender = RabbitBus(amqp_url, name="test sends")
    for bus in (*buses, sender):
        await bus.start()
    try:
        await buses[0].subscribe_shards(fields.of("one"))
        count = await send_until(sender, fields, 0, shared=False)
        await buses[1].subscribe_shards(fields.of("other"))
        count = await send_until(sender, fields, count, shared=True)
        await buses[0].stop()
        count = await send_until(sender, fields, count, shared=False)
        await asyncio.sleep(1)
    finally:
        for bus in (*buses, sender):
            await bus.stop()
    assert {tuple(numbers) for numbers in fields.numbers.values()} == {tuple(range(count))}
