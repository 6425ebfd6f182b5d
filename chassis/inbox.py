"""The inbox: what a service has done about each event it heard, and what it could not do yet."""

from datetime import timedelta

import asyncpg

from chassis.db import Pool, Tx
from contracts.envelope import Message

TRIES = 8
FIRST_WAIT = timedelta(seconds=2)  # doubles with each try: 2 s, 4 s, … about 4 min before parking
RETRY_BATCH = 50
REASON_LENGTH = 500


async def claim(tx: Tx, message: Message) -> bool:
    """Note the event as handled by this transaction. False if it was handled before."""
    claimed = await tx.fetchval(
        """
        INSERT INTO inbox (message_id, name, state, settled_at)
             VALUES ($1, $2, 'handled', now())
        ON CONFLICT (message_id) DO UPDATE
                SET state = 'handled', headers = NULL, body = NULL, settled_at = now()
              WHERE inbox.state <> 'handled'
          RETURNING true
        """,
        message.event_id,
        message.name,
    )
    return claimed is not None


async def fail(pool: Pool, message: Message, *, reason: str) -> None:
    """Keep an event that could not be handled, to be tried again later or parked for good."""
    await pool.execute(
        """
        INSERT INTO inbox (message_id, name, headers, body, state, tries, reason, next_try_at)
             VALUES ($1, $2, $3, $4, 'failed', 1, $5, now() + $6)
        ON CONFLICT (message_id) DO UPDATE
                SET tries = inbox.tries + 1,
                    reason = EXCLUDED.reason,
                    next_try_at = now() + $6 * (2 ^ inbox.tries),
                    state = CASE WHEN inbox.tries + 1 >= $7 THEN 'parked' ELSE 'failed' END
              WHERE inbox.state = 'failed'
        """,
        message.event_id,
        message.name,
        message.headers,
        message.body,
        reason[:REASON_LENGTH],
        FIRST_WAIT,
        TRIES,
    )


async def park(pool: Pool, message: Message, *, reason: str) -> None:
    """Keep an event that no retry can help, until somebody looks at it."""
    await pool.execute(
        """
        INSERT INTO inbox (message_id, name, headers, body, state, tries, reason)
             VALUES ($1, $2, $3, $4, 'parked', 1, $5)
        ON CONFLICT (message_id) DO UPDATE
                SET state = 'parked', reason = EXCLUDED.reason
              WHERE inbox.state = 'failed'
        """,
        message.event_id,
        message.name,
        message.headers,
        message.body,
        reason[:REASON_LENGTH],
    )


async def replay(tx: Tx, message_id: str) -> bool:
    """Put a parked event back among those to be tried, now. False if it is not parked."""
    replayed = await tx.fetchval(
        """
        UPDATE inbox
           SET state = 'failed', tries = 0, next_try_at = now()
         WHERE message_id = $1
           AND state = 'parked'
     RETURNING true
        """,
        message_id,
    )
    return replayed is not None


async def due(pool: Pool) -> list[Message]:
    """The failed events whose next try has come, oldest first."""
    rows = await pool.fetch(
        """
          SELECT message_id, name, headers, body
            FROM inbox
           WHERE state = 'failed'
             AND next_try_at <= now()
        ORDER BY next_try_at
           LIMIT $1
        """,
        RETRY_BATCH,
    )
    return [Message(row["message_id"], row["name"], row["body"], row["headers"]) for row in rows]


async def list_unsettled(pool: Pool, *, limit: int = 100) -> list[asyncpg.Record]:
    """Parked and failed events for the staff desk, oldest first, without their bodies."""
    rows = await pool.fetch(
        """
          SELECT message_id, name, state, tries, reason, heard_at, next_try_at
            FROM inbox
           WHERE state <> 'handled'
        ORDER BY (state = 'parked') DESC, heard_at
           LIMIT $1
        """,
        limit,
    )
    return list(rows)


async def count_unsettled(pool: Pool) -> dict[str, int]:
    """How many events are failed and parked, and how many wait to be told."""
    row = await pool.fetchrow(
        """
        SELECT (SELECT count(*) FROM inbox WHERE state = 'failed')         AS failed,
               (SELECT count(*) FROM inbox WHERE state = 'parked')         AS parked,
               (SELECT count(*) FROM outbox WHERE published_at IS NULL)    AS waiting
        """
    )
    assert row is not None
    return dict(row)
