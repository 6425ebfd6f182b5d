"""The days of the provider's bills, and where they and our books do not agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chassis import ids
from chassis.db import Pool, Tx

from ..model.reconciliation import (
    BillDifference,
    BillState,
    Comparison,
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


async def is_compared(tx: Tx, day: date) -> bool:
    """Whether the bill of a day is here."""
    known: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM bill_days WHERE day = $1 AND state = 'compared')", day
    )
    return known


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
