"""The provider's bills: the days they are of, their rows, and our movements to compare with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from chassis import ids
from chassis.db import Pool, Tx

from ..model.reconciliation import (
    BillDifference,
    BillState,
    Comparison,
    Movement,
    MovementKind,
)


@dataclass(frozen=True, slots=True)
class BillDay:
    """One day as the desk shows it; the sums once it was compared."""

    day: date
    state: BillState
    tries: int
    next_try_at: datetime | None
    reason: str | None
    compared_at: datetime | None
    payments_there: int | None
    payments_there_fen: int | None
    payments_here: int | None
    payments_here_fen: int | None
    refunds_there: int | None
    refunds_there_fen: int | None
    refunds_here: int | None
    refunds_here_fen: int | None
    open_differences: int


async def find_first_day(db: Pool) -> date | None:
    """The day in China of our first order."""
    first: date | None = await db.fetchval(
        "SELECT (min(created_at) AT TIME ZONE 'Asia/Shanghai')::date FROM orders"
    )
    return first


async def insert_days(tx: Pool | Tx, days: Sequence[date], *, now: datetime) -> None:
    """Wait for the bills of these days from now on; known ones stay as they are."""
    await tx.execute(
        """
        INSERT INTO bill_days (day, state, next_try_at)
             SELECT day, 'waiting', $2
               FROM unnest($1::date[]) AS day
        ON CONFLICT (day) DO NOTHING
        """,
        days,
        now,
    )


async def take_due(tx: Tx, *, now: datetime, next_try_at: datetime, limit: int) -> list[date]:
    """The days whose bill to ask for now, the oldest first; each is due again later, should the
    asking fail."""
    rows = await tx.fetch(
        """
             WITH due AS (
                    SELECT day
                      FROM bill_days
                     WHERE state = 'waiting'
                       AND next_try_at <= $1
                  ORDER BY day
                     LIMIT $3
                FOR UPDATE SKIP LOCKED)
           UPDATE bill_days
              SET next_try_at = $2, tries = tries + 1
             FROM due
            WHERE bill_days.day = due.day
        RETURNING bill_days.day
        """,
        now,
        next_try_at,
        limit,
    )
    return sorted(row["day"] for row in rows)


async def lock_day(tx: Tx, day: date) -> BillState | None:
    """Hold a day; None where nobody waits for its bill."""
    state = await tx.fetchval("SELECT state FROM bill_days WHERE day = $1 FOR UPDATE", day)
    return BillState(state) if state else None


async def note_reason(tx: Tx, day: date, reason: str) -> None:
    """Why asking for the bill brought nothing."""
    await tx.execute("UPDATE bill_days SET reason = $2 WHERE day = $1", day, reason)


async def mark_none(tx: Tx, day: date) -> None:
    """No bill is made of this day. One that was compared stays so."""
    await tx.execute(
        """
        UPDATE bill_days
           SET state = 'none', next_try_at = NULL
         WHERE day = $1
           AND state = 'waiting'
        """,
        day,
    )


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


async def is_compared(tx: Tx, day: date) -> bool:
    """Whether the bill of a day is here."""
    known: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM bill_days WHERE day = $1 AND state = 'compared')", day
    )
    return known


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


async def mark_compared(tx: Tx, day: date, comparison: Comparison, *, now: datetime) -> None:
    """Keep the sums of both sides. The caller holds the day."""
    payments, refunds = MovementKind.PAYMENT, MovementKind.REFUND
    sums = [
        figure
        for side, kind in (
            (comparison.there, payments),
            (comparison.here, payments),
            (comparison.there, refunds),
            (comparison.here, refunds),
        )
        for figure in (side[kind].count, side[kind].fen)
    ]
    await tx.execute(
        """
        UPDATE bill_days
           SET state = 'compared', next_try_at = NULL, reason = NULL, compared_at = $2,
               payments_there = $3, payments_there_fen = $4,
               payments_here = $5, payments_here_fen = $6,
               refunds_there = $7, refunds_there_fen = $8,
               refunds_here = $9, refunds_here_fen = $10
         WHERE day = $1
        """,
        day,
        now,
        *sums,
    )


async def keep_differences(
    tx: Tx, day: date, differences: Iterable[BillDifference], *, now: datetime
) -> int:
    """Raise what is new, raise again what had healed, heal what is gone. What a person settled
    stays as it is. Returns how many were raised."""
    raised = 0
    found = []
    for one in differences:
        raised += await _raise(tx, day, one)
        found.append("|".join((one.kind, one.out_trade_no, one.transaction_id, one.out_refund_no)))
    await tx.execute(
        """
        UPDATE discrepancies
           SET healed_at = $3
         WHERE bill_day = $1
           AND settled_at IS NULL
           AND healed_at IS NULL
           AND concat_ws('|', kind, out_trade_no, transaction_id, out_refund_no) <> ALL ($2)
        """,
        day,
        found,
        now,
    )
    return raised


async def _raise(tx: Tx, day: date, difference: BillDifference) -> bool:
    raised = await tx.fetchval(
        """
        INSERT INTO discrepancies (discrepancy_id, kind, out_trade_no, transaction_id,
                                   out_refund_no, order_id, expected_fen, told_fen, bill_day)
             VALUES ($1, $2, $3, $4, $5,
                     (SELECT order_id FROM attempts WHERE out_trade_no = $3), $6, $7, $8)
        ON CONFLICT (kind, out_trade_no, transaction_id, out_refund_no) DO UPDATE
                SET healed_at = NULL
              WHERE discrepancies.healed_at IS NOT NULL
                AND discrepancies.settled_at IS NULL
          RETURNING true
        """,
        ids.new_id(),
        difference.kind,
        difference.out_trade_no,
        difference.transaction_id,
        difference.out_refund_no,
        difference.expected_fen,
        difference.told_fen,
        day,
    )
    return raised is not None


async def list_days_in_doubt(db: Pool, *, since: date) -> list[date]:
    """The compared days with open differences."""
    rows = await db.fetch(
        """
        SELECT day
          FROM bill_days
         WHERE state = 'compared'
           AND day >= $1
           AND EXISTS (
               SELECT
                 FROM discrepancies
                WHERE bill_day = day
                  AND settled_at IS NULL
                  AND healed_at IS NULL)
      ORDER BY day
        """,
        since,
    )
    return [row["day"] for row in rows]


async def get_day(db: Pool, day: date) -> BillDay | None:
    found = await list_days(db, before=day + timedelta(days=1), limit=1)
    return found[0] if found and found[0].day == day else None


async def list_days(db: Pool, *, before: date | None, limit: int) -> list[BillDay]:
    """The latest first."""
    rows = await db.fetch(
        """
          SELECT day, state, tries, next_try_at, reason, compared_at,
                 payments_there, payments_there_fen, payments_here, payments_here_fen,
                 refunds_there, refunds_there_fen, refunds_here, refunds_here_fen,
                 (SELECT count(*)
                    FROM discrepancies
                   WHERE bill_day = day
                     AND settled_at IS NULL
                     AND healed_at IS NULL) AS open_differences
            FROM bill_days
           WHERE $1::date IS NULL OR day < $1
        ORDER BY day DESC
           LIMIT $2
        """,
        before,
        limit,
    )
    return [BillDay(**{**row, "state": BillState(row["state"])}) for row in rows]


def _movement(row: Any) -> Movement:
    return Movement(
        kind=MovementKind(row["kind"]),
        out_trade_no=row["out_trade_no"],
        transaction_id=row["transaction_id"],
        out_refund_no=row["out_refund_no"],
        amount_fen=row["amount_fen"],
        at=row["moved_at"],
    )
