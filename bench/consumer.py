"""The consumer alone: 16 filled queues, then one process on one core empties them.

RabbitMQ and PostgreSQL have the other cores.
"""

import asyncio
from contextlib import AsyncExitStack

from bench import ground, processes, shards
from bench.goals import Goals
from bench.ground import Ground
from chassis.bus import BusAway
from chassis.rabbit import RabbitBus

LEARNERS = 5_000
BEATS_EACH = 20
PER_SECOND = 15_000
AT_ONCE = 200
OWN_CORE, OTHER_CORE = 0, 1


async def measure(goals: Goals) -> None:
    async with ground.opened() as stands:
        await _declare(stands)
        people = await stands.learners(LEARNERS, since_seconds=BEATS_EACH * 15 + 60)
        await _fill(stands, list(shards.messages(people, first_seq=0, beats=BEATS_EACH)))
        for pid in (stands.broker.pid, stands.database.pid):
            processes.pin(pid, OTHER_CORE)
        before = stands.cpu_seconds()
        async with AsyncExitStack() as stack:
            child, _ = await stands.serve("progress", to=stack)
            processes.pin(child.pid, OWN_CORE)
            started = processes.cpu_seconds(child.pid)
            stored = await stands.drained(LEARNERS * BEATS_EACH)
            used = processes.cpu_seconds(child.pid) - started
            await _tell(goals, stands, stored, used, before)


async def _declare(stands: Ground) -> None:
    """The queues are there once a process has been."""
    async with AsyncExitStack() as stack:
        await stands.serve("progress", to=stack)


async def _fill(stands: Ground, messages: list[tuple[int, bytes]]) -> None:
    bus = RabbitBus(stands.broker.url, name="bench")
    await bus.start()
    try:
        for first in range(0, len(messages), AT_ONCE):
            chunk = messages[first : first + AT_ONCE]
            await asyncio.gather(*(_send(bus, shard, body) for shard, body in chunk))
    finally:
        await bus.stop()


async def _send(bus: RabbitBus, shard: int, body: bytes) -> None:
    while True:
        try:
            return await bus.send_to_shard(shard, body)
        except BusAway:
            await asyncio.sleep(0.2)


async def _tell(
    goals: Goals, stands: Ground, stored: int, used: float, before: dict[str, float]
) -> None:
    [(seconds,)] = await stands.fetch(
        """
        WITH folds AS (
            SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS beats
              FROM beats
          GROUP BY xmin::text, at
        )
        SELECT extract(epoch FROM max(at) - min(at)) FROM folds
        """
    )
    expected = LEARNERS * BEATS_EACH
    assert stored == expected, f"{stored} of {expected} beats are stored"
    others = {part: now - before[part] for part, now in stands.cpu_seconds().items()}
    print(
        f"consumer: {stored} beats in {seconds:.2f} s; processor µs per beat: "
        f"consumer {1e6 * used / stored:.0f} (without its start)  "
        + "  ".join(f"{part} {1e6 * spent / stored:.0f}" for part, spent in others.items())
    )
    goals.at_least("consumer alone, beats a second", stored / float(seconds), PER_SECOND)
