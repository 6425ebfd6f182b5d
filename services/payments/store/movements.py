"""Money that moved at the provider: the rows of its bills, and what our books say of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from chassis.db import Pool, Tx

from ..model.reconciliation import Movement, MovementKind


async def replace_rows(tx: Tx, day: date, movements: Sequence[Movement]) -> None:
    """Keep the bill as it came. The caller holds the day."""
    await tx.execute("DELETE FROM bill_rows WHERE day = $1", day)
    await tx.executemany(
        """
        INSERT INTO bill_rows (day, position, kind, out_trade_no, transaction_id, out_refund_no,
                               amount_fen, moved_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                day,
                position,
                one.kind,
                one.out_trade_no,
                one.transaction_id,
                one.out_refund_no,
                one.amount_fen,
                one.at,
            )
            for position, one in enumerate(movements, start=1)
        ],
    )


async def list_rows(tx: Tx, day: date) -> list[Movement]:
    """The bill of a day, in its own order."""
    rows = await tx.fetch(
        """
          SELECT kind, out_trade_no, transaction_id, out_refund_no, amount_fen, moved_at
            FROM bill_rows
           WHERE day = $1
        ORDER BY position
        """,
        day,
    )
    return [_movement(row) for row in rows]


async def list_ours(
    tx: Tx, *, since: datetime, until: datetime, told: Sequence[Movement] = ()
) -> list[Movement]:
    """What our books say moved at the provider, from `since` on and before `until`; and what a
    bill has `told` of, whenever it was, also a refund that we still wait for."""
    rows = await tx.fetch(
        """
        SELECT 'payment' AS kind, attempts.out_trade_no, attempts.transaction_id,
               '' AS out_refund_no, attempts.amount_fen, orders.paid_at AS moved_at
          FROM orders
          JOIN attempts USING (order_id)
         WHERE orders.status = 'paid'
           AND attempts.status = 'paid'
           AND ((orders.paid_at >= $1 AND orders.paid_at < $2)
                OR attempts.transaction_id = ANY ($3))
         UNION ALL
        SELECT 'payment', out_trade_no, transaction_id, '', amount_fen, received_at
          FROM surplus_payments
         WHERE (received_at >= $1 AND received_at < $2)
            OR transaction_id = ANY ($3)
         UNION ALL
        SELECT 'refund', out_trade_no, transaction_id, out_refund_no, amount_fen,
               coalesce(settled_at, made_at)
          FROM paybacks
         WHERE (status = 'success' AND settled_at >= $1 AND settled_at < $2)
            OR (status NOT IN ('closed', 'refused') AND out_refund_no = ANY ($4))
        """,
        since,
        until,
        [one.transaction_id for one in told if one.kind is MovementKind.PAYMENT],
        [one.out_refund_no for one in told if one.kind is MovementKind.REFUND],
    )
    return [_movement(row) for row in rows]


async def list_elsewhere(tx: Tx, day: date, ours: Sequence[Movement]) -> list[Movement]:
    """The rows by which bills of other days tell of these movements."""
    rows = await tx.fetch(
        """
        SELECT kind, out_trade_no, transaction_id, out_refund_no, amount_fen, moved_at
          FROM bill_rows
         WHERE day <> $1
           AND ((kind = 'payment' AND transaction_id = ANY ($2))
                OR (kind = 'refund' AND out_refund_no = ANY ($3)))
        """,
        day,
        [one.transaction_id for one in ours if one.kind is MovementKind.PAYMENT],
        [one.out_refund_no for one in ours if one.kind is MovementKind.REFUND],
    )
    return [_movement(row) for row in rows]


async def list_known_transactions(db: Pool, transaction_ids: Sequence[str]) -> set[str]:
    """Those of these payments that our books have."""
    rows = await db.fetch(
        """
        SELECT transaction_id FROM attempts WHERE transaction_id = ANY ($1)
         UNION
        SELECT transaction_id FROM surplus_payments WHERE transaction_id = ANY ($1)
        """,
        transaction_ids,
    )
    return {row["transaction_id"] for row in rows}


def _movement(row: Any) -> Movement:
    return Movement(
        kind=MovementKind(row["kind"]),
        out_trade_no=row["out_trade_no"],
        transaction_id=row["transaction_id"],
        out_refund_no=row["out_refund_no"],
        amount_fen=row["amount_fen"],
        at=row["moved_at"],
    )
