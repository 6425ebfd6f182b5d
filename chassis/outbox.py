"""The outbox: events leave a service only when the change they tell of is committed."""

import asyncio

import asyncpg
import structlog
from structlog.contextvars import get_contextvars

from chassis.bus import Bus, BusAway
from chassis.db import ACQUIRE_SECONDS, DATABASE_AWAY, Pool, Tx
from contracts.envelope import Message, pack
from contracts.event import Event

log = structlog.get_logger()

RELAY_BATCH = 100
POLL_SECONDS = 1.0  # when a NOTIFY was missed
KEEP_DAYS = 7  # published rows, to fill a lost queue again
REMEMBER_DAYS = 35  # handled events: longer than anybody could publish one again
RELAY_LOCK = 0x0B0C


async def add(tx: Tx, event: Event) -> None:
    """Queue an event for publishing, if and only if this transaction commits."""
    message = pack(event, traceparent=get_contextvars().get("traceparent"))
    await tx.execute(
        """
        INSERT INTO outbox (event_id, name, headers, body)
             VALUES ($1, $2, $3, $4)
        """,
        event.event_id,
        message.name,
        message.headers,
        message.body,
    )


async def relay_once(pool: Pool, bus: Bus) -> int:
    """Publish the oldest waiting events and mark them; return how many went out.

    A crash between the two publishes them twice: consumers expect that.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as db:
        rows = await db.fetch(
            """
              SELECT position, event_id, name, headers, body
                FROM outbox
               WHERE published_at IS NULL
            ORDER BY position
               LIMIT $1
            """,
            RELAY_BATCH,
        )
    if not rows:
        return 0
    await bus.publish(
        [Message(str(row["event_id"]), row["name"], row["body"], row["headers"]) for row in rows]
    )
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as db:
        await db.execute(
            "UPDATE outbox SET published_at = now() WHERE position = ANY($1)",
            [row["position"] for row in rows],
        )
    return len(rows)


async def prune(pool: Pool) -> None:
    """Forget what was published, and what was handled, long enough ago."""
    await pool.execute(
        "DELETE FROM outbox WHERE published_at < now() - make_interval(days => $1)", KEEP_DAYS
    )
    await pool.execute(
        """
        DELETE FROM inbox
         WHERE state = 'handled'
           AND heard_at < now() - make_interval(days => $1)
        """,
        REMEMBER_DAYS,
    )


async def relay_forever(url: str, pool: Pool, bus: Bus) -> None:
    """Relay until cancelled. One relay per service: an advisory lock on its own connection."""
    seconds = 0.2
    while True:
        try:
            await _relay_while_connected(url, pool, bus)
        except BusAway as reason:
            log.warning("relay_waits", reason=str(reason))
        except DATABASE_AWAY as reason:
            log.warning("relay_waits", reason=type(reason).__name__)
        await asyncio.sleep(seconds)
        seconds = min(seconds * 1.5, 2)


async def _relay_while_connected(url: str, pool: Pool, bus: Bus) -> None:
    woken = asyncio.Event()
    listener = await asyncpg.connect(url, timeout=3, command_timeout=5)
    try:
        listener.add_termination_listener(lambda _: woken.set())
        while not await listener.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        await listener.add_listener("outbox", lambda *_: woken.set())
        while not listener.is_closed():
            woken.clear()
            while await relay_once(pool, bus) == RELAY_BATCH:
                pass
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await woken.wait()
            except TimeoutError:
                await listener.execute("SELECT 1")
    finally:
        listener.terminate()
