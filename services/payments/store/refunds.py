"""Refunds, and what of each order is promised back ($-8)."""

from dataclasses import astuple, dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from chassis import clock
from chassis.db import Pool, Tx
from contracts.payments import RefundTarget

from ..model.refunds import Refund, RefundStatus

COLUMNS = ", ".join(field.name for field in fields(Refund))
NAMED = ", ".join(f"r.{field.name}" for field in fields(Refund))


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that WeChat has given back, for comparing with its bill."""

    out_refund_no: str
    transaction_id: str
    amount_fen: int
    settled_at: datetime


async def insert_refund(tx: Tx, refund: Refund) -> None:
    await tx.execute(
        """
        INSERT INTO refunds (refund_id, case_number, order_id, learner_id, target, reason, wish_fen,
                             by_staff, status, asked_at, amount_fen, approved_by, approved_by_name,
                             approved_at, second_needed, second_by, second_by_name, answer, tries,
                             bank_reference, bank_by, bank_by_name, refunded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                     $18, $19, $20, $21, $22, $23)
        """,
        *astuple(refund),
    )


async def save_refund(tx: Tx, refund: Refund) -> None:
    """Keep what became of a refund that the caller holds."""
    await tx.execute(
        """
        UPDATE refunds
           SET target = $2, status = $3, amount_fen = $4, approved_by = $5, approved_by_name = $6,
               approved_at = $7, second_needed = $8, second_by = $9, second_by_name = $10,
               answer = $11, tries = $12, bank_reference = $13, bank_by = $14, bank_by_name = $15,
               refunded_at = $16
         WHERE refund_id = $1
        """,
        refund.refund_id,
        refund.target,
        refund.status,
        refund.amount_fen,
        refund.approved_by,
        refund.approved_by_name,
        refund.approved_at,
        refund.second_needed,
        refund.second_by,
        refund.second_by_name,
        refund.answer,
        refund.tries,
        refund.bank_reference,
        refund.bank_by,
        refund.bank_by_name,
        refund.refunded_at,
    )


async def get_refund(db: Pool | Tx, refund_id: UUID) -> Refund | None:
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM refunds WHERE refund_id = $1",  # noqa: S608 our names
        refund_id,
    )
    return _refund(row) if row else None


async def lock_refund(tx: Tx, refund_id: UUID) -> Refund | None:
    """Hold a refund, after its buyer and its order, until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM refunds WHERE refund_id = $1 FOR UPDATE",  # noqa: S608 our names
        refund_id,
    )
    return _refund(row) if row else None


async def lock_withdrawing(tx: Tx, order_id: UUID) -> list[Refund]:
    """The refunds of an order that wait for progress' answer, in the order they were asked."""
    rows = await tx.fetch(
        f"""
          SELECT {COLUMNS}
            FROM refunds
           WHERE order_id = $1
             AND status = 'withdrawing'
        ORDER BY refund_id
             FOR UPDATE
        """,  # noqa: S608 our names
        order_id,
    )
    return [_refund(row) for row in rows]


async def find_open_wish(tx: Tx, order_id: UUID) -> Refund | None:
    """The learner's own refund of an order that has not ended."""
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS}
          FROM refunds
         WHERE order_id = $1
           AND NOT by_staff
           AND status NOT IN ('refunded', 'declined')
        """,  # noqa: S608 our names
        order_id,
    )
    return _refund(row) if row else None


async def list_refunds(
    db: Pool | Tx, *, learner_id: UUID, before: UUID | None, limit: int
) -> list[tuple[Refund, str]]:
    """A learner's refunds with their orders' numbers, newest first."""
    rows = await db.fetch(
        f"""
          SELECT {NAMED}, o.number
            FROM refunds AS r
            JOIN orders  AS o USING (order_id)
           WHERE r.learner_id = $1
             AND ($2::uuid IS NULL OR r.refund_id < $2)
        ORDER BY r.refund_id DESC
           LIMIT $3
        """,  # noqa: S608 our names
        learner_id,
        before,
        limit,
    )
    return [(_refund(row), row["number"]) for row in rows]


async def list_of_order(db: Pool | Tx, order_id: UUID) -> list[Refund]:
    """All refunds of an order, newest first."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM refunds
           WHERE order_id = $1
        ORDER BY refund_id DESC
        """,  # noqa: S608 our names
        order_id,
    )
    return [_refund(row) for row in rows]


async def get_refunded(db: Pool | Tx, order_id: UUID) -> int:
    """How much of an order is promised back or has gone back, in fen."""
    refunded: int = await db.fetchval(
        "SELECT refunded_fen FROM orders WHERE order_id = $1", order_id
    )
    return refunded


async def reserve(tx: Tx, order_id: UUID, amount_fen: int) -> bool:
    """Promise so much of a paid order. False where less is left of it."""
    reserved = await tx.fetchval(
        """
           UPDATE orders
              SET refunded_fen = refunded_fen + $2
            WHERE order_id = $1
              AND status = 'paid'
              AND refunded_fen + $2 <= amount_fen
        RETURNING true
        """,
        order_id,
        amount_fen,
    )
    return reserved is not None


async def release(tx: Tx, order_id: UUID, amount_fen: int) -> None:
    """Take a promise back: the money did not move."""
    await tx.execute(
        "UPDATE orders SET refunded_fen = refunded_fen - $2 WHERE order_id = $1",
        order_id,
        amount_fen,
    )


async def is_bank_reference_used(tx: Tx, reference: str) -> bool:
    used: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT 1 FROM refunds WHERE bank_reference = $1)", reference
    )
    return used


async def delete_owned(tx: Tx, *, learner_id: UUID, order_id: UUID, course_ids: list[UUID]) -> None:
    """What an order opened is owned no more, and can be bought again."""
    await tx.execute(
        """
        DELETE FROM owned_courses
         WHERE learner_id = $1
           AND order_id = $2
           AND course_id = ANY($3)
        """,
        learner_id,
        order_id,
        course_ids,
    )


async def list_refunded(db: Pool | Tx, day: date) -> list[Refunded]:
    """What WeChat has given back on a day in China, refunds and surplus payments alike."""
    start = datetime.combine(day, datetime.min.time(), clock.CHINA)
    rows = await db.fetch(
        """
          SELECT out_refund_no, transaction_id, amount_fen, settled_at
            FROM paybacks
           WHERE settled_at >= $1
             AND settled_at < $2
        ORDER BY settled_at, out_refund_no
        """,
        start,
        start + timedelta(days=1),
    )
    return [Refunded(**row) for row in rows]


def _refund(row: asyncpg.Record) -> Refund:
    values = {field.name: row[field.name] for field in fields(Refund)}
    return Refund(
        **{
            **values,
            "target": RefundTarget(values["target"]),
            "status": RefundStatus(values["status"]),
        }
    )
