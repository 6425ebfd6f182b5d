"""Applications for the discount, which orders use it, and the certificates that prove it."""

from dataclasses import astuple
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.discounts import Discount, DiscountStatus, Renewal
from ..model.learners import Staff


async def insert_discount(tx: Tx, discount: Discount) -> None:
    await tx.execute(
        """
        INSERT INTO discounts (discount_id, case_number, learner_id, certificate_number,
                               cycle_ends_on, status, requested_at, decided_at, decided_by,
                               decided_by_name, reason, hours_taken)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *astuple(discount),
    )


async def list_discounts(db: Pool | Tx, learner_id: UUID) -> list[Discount]:
    """A learner's applications, newest first."""
    rows = await db.fetch(
        """
          SELECT discount_id, case_number, learner_id, certificate_number, cycle_ends_on, status,
                 requested_at, decided_at, decided_by, decided_by_name, reason, hours_taken
            FROM discounts
           WHERE learner_id = $1
        ORDER BY discount_id DESC
        """,
        learner_id,
    )
    return [_discount(row) for row in rows]


async def get_discount(db: Pool | Tx, discount_id: UUID) -> Discount | None:
    row = await db.fetchrow(
        """
        SELECT discount_id, case_number, learner_id, certificate_number, cycle_ends_on, status,
               requested_at, decided_at, decided_by, decided_by_name, reason, hours_taken
          FROM discounts
         WHERE discount_id = $1
        """,
        discount_id,
    )
    return _discount(row) if row else None


async def mark_decided(
    tx: Tx,
    discount_id: UUID,
    *,
    status: DiscountStatus,
    by: Staff,
    reason: str | None,
    now: datetime,
) -> None:
    """The caller holds the learner and has seen that it is undecided."""
    await tx.execute(
        """
        UPDATE discounts
           SET status = $2, decided_at = $3, decided_by = $4, decided_by_name = $5, reason = $6
         WHERE discount_id = $1
        """,
        discount_id,
        status,
        now,
        by.staff_id,
        by.name,
        reason,
    )


async def take_hours(tx: Tx, *, discount_id: UUID, order_id: UUID, hours: int) -> None:
    """Note that an order takes free hours; more than there are break a constraint."""
    await tx.execute(
        """
        INSERT INTO discount_uses (order_id, discount_id, hours)
             VALUES ($1, $2, $3)
        """,
        order_id,
        discount_id,
        hours,
    )
    await _change_taken(tx, discount_id, hours)


async def release_hours(tx: Tx, order_id: UUID, *, now: datetime) -> None:
    """Give back what the order took; nothing happens if it took none, or gave it back."""
    row = await tx.fetchrow(
        """
           UPDATE discount_uses
              SET released_at = $2
            WHERE order_id = $1
              AND released_at IS NULL
        RETURNING discount_id, hours
        """,
        order_id,
        now,
    )
    if row:
        await _change_taken(tx, row["discount_id"], -row["hours"])


async def take_again(tx: Tx, order_id: UUID) -> bool:
    """Take back what the order had released. False if that many hours are not left."""
    row = await tx.fetchrow(
        """
        SELECT use.discount_id, use.hours, discounts.hours_taken + use.hours <= 10 AS fits
          FROM discount_uses AS use
          JOIN discounts USING (discount_id)
         WHERE use.order_id = $1
           AND use.released_at IS NOT NULL
        """,
        order_id,
    )
    if row is None or not row["fits"]:
        return row is None
    await tx.execute("UPDATE discount_uses SET released_at = NULL WHERE order_id = $1", order_id)
    await _change_taken(tx, row["discount_id"], row["hours"])
    return True


async def get_hours_of(db: Pool | Tx, *, discount_id: UUID, order_id: UUID) -> int:
    """How many hours of this discount an order holds."""
    hours: int | None = await db.fetchval(
        """
        SELECT hours
          FROM discount_uses
         WHERE order_id = $1
           AND discount_id = $2
           AND released_at IS NULL
        """,
        order_id,
        discount_id,
    )
    return hours or 0


async def find_holder(db: Pool | Tx, discount_id: UUID, *, besides: UUID | None) -> str | None:
    """The number of an unpaid order that holds free hours."""
    number: str | None = await db.fetchval(
        """
          SELECT orders.number
            FROM discount_uses
            JOIN orders USING (order_id)
           WHERE discount_id = $1
             AND released_at IS NULL
             AND orders.status = 'unpaid'
             AND order_id IS DISTINCT FROM $2
        ORDER BY order_id
           LIMIT 1
        """,
        discount_id,
        besides,
    )
    return number


async def _change_taken(tx: Tx, discount_id: UUID, by: int) -> None:
    await tx.execute(
        "UPDATE discounts SET hours_taken = hours_taken + $2 WHERE discount_id = $1",
        discount_id,
        by,
    )


async def keep_renewal(tx: Tx, renewal: Renewal) -> None:
    """Keep that a certificate was issued to a holder; once more changes nothing."""
    await tx.execute(
        """
        INSERT INTO earlier_renewals (certificate_number, learner_id, issued_on, cycle_starts_on,
                                      previous_number)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (certificate_number) DO NOTHING
        """,
        *astuple(renewal),
    )


async def list_renewals(db: Pool | Tx, learner_id: UUID) -> list[Renewal]:
    """The certificates that a learner was issued as a holder, the latest first."""
    rows = await db.fetch(
        """
          SELECT certificate_number, learner_id, issued_on, cycle_starts_on, previous_number
            FROM earlier_renewals
           WHERE learner_id = $1
        ORDER BY issued_on DESC, certificate_number DESC
        """,
        learner_id,
    )
    return [Renewal(**row) for row in rows]


def _discount(row: asyncpg.Record) -> Discount:
    return Discount(**{**row, "status": DiscountStatus(row["status"])})
