"""What the staff page of payments shows: totals, disagreements, orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Pool

from ..model.attempts import Doubt
from ..model.orders import Order, OrderStatus
from .orders import with_lines


@dataclass(frozen=True, slots=True)
class Total:
    orders: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Where WeChat's word and ours do not agree."""

    kind: Doubt
    out_trade_no: str
    transaction_id: str
    expected_fen: int | None
    told_fen: int | None
    raised_at: datetime
    number: str | None
    learner_name: str | None


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


async def count_discrepancies(db: Pool) -> int:
    counted: int = await db.fetchval("SELECT count(*) FROM discrepancies WHERE refunded_at IS NULL")
    return counted


async def list_discrepancies(db: Pool, *, limit: int) -> list[Discrepancy]:
    """The latest first."""
    rows = await db.fetch(
        """
          SELECT kind, out_trade_no, transaction_id, expected_fen, told_fen, raised_at,
                 number, learner_name
            FROM discrepancies
       LEFT JOIN orders USING (order_id)
           WHERE refunded_at IS NULL
        ORDER BY raised_at DESC
           LIMIT $1
        """,
        limit,
    )
    return [Discrepancy(**{**row, "kind": Doubt(row["kind"])}) for row in rows]


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
