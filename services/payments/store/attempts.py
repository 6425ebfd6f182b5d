"""Attempts to collect money, and the evidence of what arrived."""

from datetime import datetime
from uuid import UUID

import asyncpg

from chassis import ids
from chassis.db import Pool, Tx

from ..model.attempts import Attempt, AttemptStatus, Doubt, Evidence, Method, Trade


async def insert_attempt(tx: Tx, attempt: Attempt) -> None:
    await tx.execute(
        """
        INSERT INTO attempts (attempt_id, order_id, ordinal, out_trade_no, method, amount_fen,
                              status, created_at, expires_at, next_look_at, openid)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        attempt.attempt_id,
        attempt.order_id,
        attempt.ordinal,
        attempt.out_trade_no,
        attempt.method,
        attempt.amount_fen,
        attempt.status,
        attempt.created_at,
        attempt.expires_at,
        attempt.next_look_at,
        attempt.openid,
    )


async def list_attempts(db: Pool | Tx, order_id: UUID) -> list[Attempt]:
    """An order's attempts, the latest first."""
    rows = await db.fetch(
        """
          SELECT attempt_id, order_id, ordinal, out_trade_no, method, amount_fen, status,
                 created_at, expires_at, code_url, transaction_id, looks, next_look_at, openid,
                 prepay_id
            FROM attempts
           WHERE order_id = $1
        ORDER BY ordinal DESC
        """,
        order_id,
    )
    return [_attempt(row) for row in rows]


async def find_attempt(db: Pool | Tx, out_trade_no: str) -> Attempt | None:
    row = await db.fetchrow(
        """
        SELECT attempt_id, order_id, ordinal, out_trade_no, method, amount_fen, status,
               created_at, expires_at, code_url, transaction_id, looks, next_look_at, openid,
               prepay_id
          FROM attempts
         WHERE out_trade_no = $1
        """,
        out_trade_no,
    )
    return _attempt(row) if row else None


async def lock_attempt(tx: Tx, out_trade_no: str) -> Attempt | None:
    """Hold an attempt, after its buyer and its order, until the transaction ends."""
    row = await tx.fetchrow(
        """
        SELECT attempt_id, order_id, ordinal, out_trade_no, method, amount_fen, status,
               created_at, expires_at, code_url, transaction_id, looks, next_look_at, openid,
               prepay_id
          FROM attempts
         WHERE out_trade_no = $1
           FOR UPDATE
        """,
        out_trade_no,
    )
    return _attempt(row) if row else None


async def lock_due_attempts(tx: Tx, *, now: datetime, limit: int) -> list[Attempt]:
    """Open attempts that are to be looked at, those waiting longest first. What another sweeper
    holds is left to it."""
    rows = await tx.fetch(
        """
          SELECT attempt_id, order_id, ordinal, out_trade_no, method, amount_fen, status,
                 created_at, expires_at, code_url, transaction_id, looks, next_look_at, openid,
                 prepay_id
            FROM attempts
           WHERE next_look_at <= $1
        ORDER BY next_look_at
           LIMIT $2
             FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )
    return [_attempt(row) for row in rows]


async def note_look(tx: Tx, attempt: Attempt, *, next_look_at: datetime) -> None:
    await tx.execute(
        """
        UPDATE attempts
           SET looks = looks + 1, next_look_at = $2
         WHERE attempt_id = $1
        """,
        attempt.attempt_id,
        next_look_at,
    )


async def look_now(tx: Tx, out_trade_no: str, *, now: datetime) -> None:
    """Have the sweeper look at an attempt at once, should nobody settle it first. One that was
    over is looked at again: money may arrive late."""
    await tx.execute(
        """
        UPDATE attempts
           SET next_look_at = $2,
               status = CASE WHEN next_look_at IS NULL THEN 'closing' ELSE status END
         WHERE out_trade_no = $1
           AND transaction_id IS NULL
        """,
        out_trade_no,
        now,
    )


async def note_way(
    tx: Tx, out_trade_no: str, *, code_url: str | None, prepay_id: str | None
) -> bool:
    """Keep the code that a phone can scan, or what WeChat's bridge is opened with. False if the
    attempt is no longer wanted."""
    noted = await tx.fetchval(
        """
        UPDATE attempts
           SET status = 'waiting', code_url = $2, prepay_id = $3
         WHERE out_trade_no = $1
           AND status IN ('creating', 'waiting')
     RETURNING true
        """,
        out_trade_no,
        code_url,
        prepay_id,
    )
    return noted is not None


async def mark_unwanted(tx: Tx, out_trade_no: str, *, now: datetime) -> None:
    """Have one live attempt closed at the provider, another takes its place."""
    await tx.execute(
        """
        UPDATE attempts
           SET status = 'closing', looks = 0, next_look_at = $2
         WHERE out_trade_no = $1
           AND status IN ('creating', 'waiting')
        """,
        out_trade_no,
        now,
    )


async def mark_closing(tx: Tx, order_id: UUID, *, now: datetime) -> None:
    """Have the order's live attempts closed at the provider."""
    await tx.execute(
        """
        UPDATE attempts
           SET status = 'closing', looks = 0, next_look_at = $2
         WHERE order_id = $1
           AND status IN ('creating', 'waiting')
        """,
        order_id,
        now,
    )


async def mark_over(tx: Tx, out_trade_no: str, status: AttemptStatus) -> None:
    """Closed or failed: known to take no money."""
    await tx.execute(
        """
        UPDATE attempts
           SET status = $2, next_look_at = NULL
         WHERE out_trade_no = $1
           AND status IN ('creating', 'waiting', 'closing')
        """,
        out_trade_no,
        status,
    )


async def mark_collected(
    tx: Tx, trade: Trade, *, status: AttemptStatus, evidence: Evidence
) -> None:
    """Paid or surplus. A second transaction of the same number leaves the first where it is."""
    await tx.execute(
        """
        UPDATE attempts
           SET status = $2, transaction_id = $3, settled_by = $4, next_look_at = NULL
         WHERE out_trade_no = $1
           AND transaction_id IS NULL
        """,
        trade.out_trade_no,
        status,
        trade.transaction_id,
        evidence,
    )


async def insert_discrepancy(
    tx: Tx,
    kind: Doubt,
    *,
    out_trade_no: str,
    transaction_id: str = "",
    order_id: UUID | None = None,
    expected_fen: int | None = None,
    told_fen: int | None = None,
) -> bool:
    """Keep a disagreement for staff. False if it was kept before."""
    inserted = await tx.fetchval(
        """
        INSERT INTO discrepancies (discrepancy_id, kind, out_trade_no, transaction_id, order_id,
                                   expected_fen, told_fen)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING
          RETURNING true
        """,
        ids.new_id(),
        kind,
        out_trade_no,
        transaction_id,
        order_id,
        expected_fen,
        told_fen,
    )
    return inserted is not None


async def insert_surplus(tx: Tx, trade: Trade, *, order_id: UUID) -> bool:
    """Keep money that is to go back. False if it was kept before."""
    inserted = await tx.fetchval(
        """
        INSERT INTO surplus_payments
                    (transaction_id, out_trade_no, order_id, amount_fen, received_at)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
          RETURNING true
        """,
        trade.transaction_id,
        trade.out_trade_no,
        order_id,
        trade.amount_fen,
        trade.paid_at,
    )
    return inserted is not None


def _attempt(row: asyncpg.Record) -> Attempt:
    return Attempt(
        attempt_id=row["attempt_id"],
        order_id=row["order_id"],
        ordinal=row["ordinal"],
        out_trade_no=row["out_trade_no"],
        method=Method(row["method"]),
        amount_fen=row["amount_fen"],
        status=AttemptStatus(row["status"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        code_url=row["code_url"],
        transaction_id=row["transaction_id"],
        looks=row["looks"],
        next_look_at=row["next_look_at"],
        openid=row["openid"],
        prepay_id=row["prepay_id"],
    )
