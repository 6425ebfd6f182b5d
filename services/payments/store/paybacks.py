"""Money on its way back to WeChat payments ($-8)."""

from dataclasses import astuple, fields
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.paybacks import Payback, PaybackStatus

COLUMNS = ", ".join(field.name for field in fields(Payback))


async def insert_payback(tx: Tx, payback: Payback) -> bool:
    """False if a payback of this number is there, or if this surplus is on its way already."""
    inserted = await tx.fetchval(
        """
        INSERT INTO paybacks (out_refund_no, refund_id, order_id, out_trade_no, transaction_id,
                              amount_fen, total_fen, status, made_at, next_try_at, error_code,
                              wechat_id, tries, settled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (out_refund_no) DO NOTHING
          RETURNING true
        """,
        *astuple(payback),
    )
    return inserted is not None


async def save_payback(tx: Tx, payback: Payback) -> None:
    """Keep what became of a payback that the caller holds."""
    await tx.execute(
        """
        UPDATE paybacks
           SET status = $2, next_try_at = $3, error_code = $4, wechat_id = $5, settled_at = $6
         WHERE out_refund_no = $1
        """,
        payback.out_refund_no,
        payback.status,
        payback.next_try_at,
        payback.error_code,
        payback.wechat_id,
        payback.settled_at,
    )


async def find_payback(db: Pool | Tx, out_refund_no: str) -> Payback | None:
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM paybacks WHERE out_refund_no = $1",  # noqa: S608 our names
        out_refund_no,
    )
    return _payback(row) if row else None


async def lock_payback(tx: Tx, out_refund_no: str) -> Payback | None:
    """Hold a payback, after buyer, order and refund, until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM paybacks WHERE out_refund_no = $1 FOR UPDATE",  # noqa: S608
        out_refund_no,
    )
    return _payback(row) if row else None


async def lock_due(tx: Tx, *, now: datetime, limit: int) -> list[Payback]:
    """What is to be looked after now, what waits longest first. What another sweeper holds is
    left to it."""
    rows = await tx.fetch(
        f"""
          SELECT {COLUMNS}
            FROM paybacks
           WHERE next_try_at <= $1
        ORDER BY next_try_at, out_refund_no
           LIMIT $2
             FOR UPDATE SKIP LOCKED
        """,  # noqa: S608 our names
        now,
        limit,
    )
    return [_payback(row) for row in rows]


async def pass_gate(tx: Tx, transaction_id: str, *, now: datetime, until: datetime) -> bool:
    """Take the one request that WeChat allows for a payment until then. False if it is taken."""
    passed = await tx.fetchval(
        """
        INSERT INTO payback_gates AS gate (transaction_id, open_at)
             VALUES ($1, $3)
        ON CONFLICT (transaction_id) DO UPDATE
                SET open_at = EXCLUDED.open_at
              WHERE gate.open_at <= $2
          RETURNING true
        """,
        transaction_id,
        now,
        until,
    )
    return passed is not None


async def note_try(
    tx: Tx, out_refund_no: str, *, status: PaybackStatus, next_try_at: datetime, counts: bool
) -> None:
    await tx.execute(
        """
        UPDATE paybacks
           SET status = $2, next_try_at = $3, tries = tries + CASE WHEN $4 THEN 1 ELSE 0 END
         WHERE out_refund_no = $1
        """,
        out_refund_no,
        status,
        next_try_at,
        counts,
    )


async def look_now(tx: Tx, out_refund_no: str, *, now: datetime) -> bool:
    """Have the sweeper look at a payback at once. False if none of this number is on its way."""
    known = await tx.fetchval(
        """
        UPDATE paybacks
           SET next_try_at = $2
         WHERE out_refund_no = $1
           AND status IN ('processing', 'abnormal')
     RETURNING true
        """,
        out_refund_no,
        now,
    )
    return known is not None


async def count_parts(tx: Tx, transaction_id: str) -> int:
    """How many parts of a payment were asked back."""
    parts: int = await tx.fetchval(
        "SELECT count(*) FROM paybacks WHERE transaction_id = $1", transaction_id
    )
    return parts


async def find_paid_attempt(tx: Tx, order_id: UUID) -> tuple[str, str, int] | None:
    """(number, transaction, sum) of the WeChat payment that paid an order."""
    row = await tx.fetchrow(
        """
        SELECT out_trade_no, transaction_id, amount_fen
          FROM attempts
         WHERE order_id = $1
           AND status = 'paid'
        """,
        order_id,
    )
    return (row["out_trade_no"], row["transaction_id"], row["amount_fen"]) if row else None


async def list_of_refund(db: Pool | Tx, refund_id: UUID) -> list[Payback]:
    """How a refund was sent, the latest first."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM paybacks
           WHERE refund_id = $1
        ORDER BY made_at DESC, out_refund_no DESC
        """,  # noqa: S608 our names
        refund_id,
    )
    return [_payback(row) for row in rows]


async def close_surplus_doubt(tx: Tx, *, transaction_id: str, at: datetime) -> None:
    """Nobody needs to look at this surplus payment any more."""
    await tx.execute(
        """
        UPDATE discrepancies
           SET refunded_at = $2
         WHERE kind = 'surplus'
           AND transaction_id = $1
        """,
        transaction_id,
        at,
    )


def _payback(row: asyncpg.Record) -> Payback:
    return Payback(**{**row, "status": PaybackStatus(row["status"])})
