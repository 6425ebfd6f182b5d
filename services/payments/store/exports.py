"""Orders and postings of a period, page by page in the order of their keys, for exports."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool

PAGE_ROWS = 500
NO_ID = UUID(int=0)


async def order_pages(
    db: Pool, *, since: datetime, until: datetime
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """The orders that were placed from `since` on and before `until`."""
    after = NO_ID
    while rows := await db.fetch(
        """
          SELECT order_id, number, created_at, learner_name, status, method, paid_at, amount_fen,
                 refunded_fen,
                 (SELECT sum(hours)::integer
                    FROM order_lines
                   WHERE order_lines.order_id = orders.order_id) AS hours,
                 (SELECT string_agg(title, '; ' ORDER BY position)
                    FROM order_lines
                   WHERE order_lines.order_id = orders.order_id) AS titles
            FROM orders
           WHERE order_id > $1
             AND created_at >= $2
             AND created_at < $3
        ORDER BY order_id
           LIMIT $4
        """,
        after,
        since,
        until,
        PAGE_ROWS,
    ):
        after = rows[-1]["order_id"]
        yield rows


async def posting_pages(
    db: Pool, *, since: datetime, until: datetime
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """Every posting that was booked from `since` on and before `until`, in the order of time."""
    after: tuple[datetime, UUID, int] = (since, NO_ID, 0)
    while rows := await db.fetch(
        """
          SELECT journal_id, booked_at, kind, label, reference, line, account, amount_fen
            FROM journals
            JOIN postings USING (journal_id)
           WHERE booked_at >= $1
             AND booked_at < $2
             AND (booked_at, journal_id, line) > ($1, $3, $4)
        ORDER BY booked_at, journal_id, line
           LIMIT $5
        """,
        after[0],
        until,
        after[1],
        after[2],
        PAGE_ROWS,
    ):
        after = (rows[-1]["booked_at"], rows[-1]["journal_id"], rows[-1]["line"])
        yield rows


async def count_orders(db: Pool, *, since: datetime, until: datetime) -> int:
    counted: int = await db.fetchval(
        "SELECT count(*) FROM orders WHERE created_at >= $1 AND created_at < $2", since, until
    )
    return counted


async def count_postings(db: Pool, *, since: datetime, until: datetime) -> int:
    counted: int = await db.fetchval(
        """
        SELECT count(*)
          FROM journals
          JOIN postings USING (journal_id)
         WHERE booked_at >= $1
           AND booked_at < $2
        """,
        since,
        until,
    )
    return counted
