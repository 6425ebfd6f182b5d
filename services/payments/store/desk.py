"""What the finance desk shows: totals, orders, and what does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.desk import Discrepancy
from ..model.learners import Staff
from ..model.orders import Order, OrderStatus
from .orders import with_lines


@dataclass(frozen=True, slots=True)
class Total:
    orders: int
    amount_fen: int


async def get_totals(db: Pool) -> Mapping[OrderStatus, Total]:
    """How many orders of each state there are, and their sum."""
    rows = await db.fetch(
        """
          SELECT status, count(*) AS orders, sum(amount_fen)::bigint AS amount_fen
            FROM orders
        GROUP BY status
        """
    )
    known = {row["status"]: Total(row["orders"], row["amount_fen"]) for row in rows}
    return {status: known.get(status, Total(0, 0)) for status in OrderStatus}


async def list_discrepancies(
    db: Pool,
    *,
    is_open: bool,
    bill_day: date | None = None,
    order_id: UUID | None = None,
    limit: int,
) -> list[Discrepancy]:
    """Open ones or those that are settled or healed, the latest first; of one bill, of one
    order."""
    rows = await db.fetch(
        """
          SELECT discrepancy_id, kind, out_trade_no, transaction_id, out_refund_no,
                 discrepancies.order_id, expected_fen, told_fen, bill_day, raised_at, healed_at,
                 refunded_at, settled_at, settled_by_name, note, number, learner_name
            FROM discrepancies
       LEFT JOIN orders USING (order_id)
           WHERE (settled_at IS NULL AND healed_at IS NULL AND refunded_at IS NULL) = $1
             AND ($2::date IS NULL OR bill_day = $2)
             AND ($3::uuid IS NULL OR discrepancies.order_id = $3)
        ORDER BY raised_at DESC, discrepancy_id DESC
           LIMIT $4
        """,
        is_open,
        bill_day,
        order_id,
        limit,
    )
    return [Discrepancy(**row) for row in rows]


async def get_discrepancy(
    db: Pool | Tx, discrepancy_id: UUID, *, lock: bool = False
) -> Discrepancy | None:
    """One of them; held until the transaction ends where it is locked."""
    row = await db.fetchrow(
        f"""
           SELECT discrepancy_id, kind, out_trade_no, transaction_id, out_refund_no,
                  discrepancies.order_id, expected_fen, told_fen, bill_day, raised_at, healed_at,
                  refunded_at, settled_at, settled_by_name, note, number, learner_name
             FROM discrepancies
        LEFT JOIN orders USING (order_id)
            WHERE discrepancy_id = $1
        {"FOR UPDATE OF discrepancies" if lock else ""}
        """,  # noqa: S608 - both endings are ours
        discrepancy_id,
    )
    return Discrepancy(**row) if row else None


async def mark_settled(
    tx: Tx, discrepancy_id: UUID, *, note: str, by: Staff, now: datetime
) -> None:
    """The caller holds it and has seen that it is open."""
    await tx.execute(
        """
        UPDATE discrepancies
           SET settled_at = $2, settled_by = $3, settled_by_name = $4, note = $5
         WHERE discrepancy_id = $1
        """,
        discrepancy_id,
        now,
        by.staff_id,
        by.name,
        note,
    )


async def get_order(db: Pool, order_id: UUID) -> Order | None:
    """An order of anybody."""
    rows = await db.fetch(
        """
        SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
               expires_at, paid_at, method
          FROM orders
         WHERE order_id = $1
        """,
        order_id,
    )
    found = await with_lines(db, rows)
    return found[0] if found else None


async def list_orders(
    db: Pool, *, status: OrderStatus | None, text: str, before: UUID | None, limit: int
) -> list[Order]:
    """Orders of everybody, newest first: of one state, with this number or learner's name."""
    rows = await db.fetch(
        """
          SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
                 expires_at, paid_at, method
            FROM orders
           WHERE ($1::text IS NULL OR status = $1)
             AND ($2 = '' OR number = upper($2) OR strpos(learner_name, $2) > 0)
             AND ($3::uuid IS NULL OR order_id < $3)
        ORDER BY order_id DESC
           LIMIT $4
        """,
        status,
        text,
        before,
        limit,
    )
    return await with_lines(db, rows)
