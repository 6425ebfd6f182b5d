"""What progress was asked about an order, and what it answered ($-8)."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.withdrawals import Withdrawal, WithdrawnCourse


async def get_withdrawal(db: Pool | Tx, order_id: UUID) -> Withdrawal | None:
    row = await db.fetchrow(
        """
        SELECT order_id, refund_id, asked_at, unstudied_fen
          FROM order_withdrawals
         WHERE order_id = $1
        """,
        order_id,
    )
    return Withdrawal(**row) if row else None


async def insert_withdrawal(tx: Tx, withdrawal: Withdrawal) -> None:
    await tx.execute(
        """
        INSERT INTO order_withdrawals (order_id, refund_id, asked_at, unstudied_fen)
             VALUES ($1, $2, $3, $4)
        """,
        *astuple(withdrawal),
    )


async def save_answer(
    tx: Tx,
    order_id: UUID,
    *,
    unstudied_fen: int,
    courses: Sequence[WithdrawnCourse],
    at: datetime,
) -> None:
    """Keep the first answer; the caller holds the order and has seen that there is none."""
    await tx.execute(
        """
        UPDATE order_withdrawals
           SET answered_at = $2, unstudied_fen = $3
         WHERE order_id = $1
        """,
        order_id,
        at,
        unstudied_fen,
    )
    await tx.executemany(
        """
        INSERT INTO withdrawn_courses (order_id, course_id, hours, hours_studied)
             VALUES ($1, $2, $3, $4)
        """,
        [(order_id, *astuple(course)) for course in courses],
    )


async def list_courses(db: Pool | Tx, order_id: UUID) -> list[WithdrawnCourse]:
    rows = await db.fetch(
        """
          SELECT course_id, hours, hours_studied
            FROM withdrawn_courses
           WHERE order_id = $1
        ORDER BY course_id
        """,
        order_id,
    )
    return [WithdrawnCourse(**row) for row in rows]
