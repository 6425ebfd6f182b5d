"""Refunds as the finance desk sees them: what waits for a person, and what is looked for."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.payments import PaymentMethod, RefundTarget

from ..model.paybacks import Payback, PaybackStatus
from ..model.refunds import Refund, RefundStatus

REFUND = ", ".join(f"r.{field.name}" for field in fields(Refund))
PAYBACK = ", ".join(f"p.{field.name}" for field in fields(Payback))
# Waits for a person, not for progress or WeChat. A refund of a card that is gone does both.
WAITS = """
    (r.status IN ('requested', 'second_wanted', 'blocked_by_invoice', 'failed', 'bank_wanted')
     OR EXISTS (SELECT 1
                  FROM paybacks AS p
                 WHERE p.refund_id = r.refund_id
                   AND p.status = 'abnormal'))
"""


@dataclass(frozen=True, slots=True)
class RefundCase:
    """A refund with its order; `left_fen`: what may still go back, as far as is known."""

    refund: Refund
    number: str
    learner_name: str
    order_fen: int
    paid_at: datetime
    method: PaymentMethod
    left_fen: int
    is_counted: bool  # progress has said what was studied
    abnormal: bool


@dataclass(frozen=True, slots=True)
class SurplusCase:
    """A payment that nobody needed, on its way back; `number` is the order's."""

    payback: Payback
    number: str
    learner_name: str


async def list_waiting(db: Pool | Tx, *, limit: int) -> list[RefundCase]:
    """What waits for a person, what waits longest first."""
    rows = await db.fetch(
        f"{_CASES} WHERE {WAITS} ORDER BY r.refund_id LIMIT $1",
        limit,
    )
    return [_case(row) for row in rows]


async def count_waiting(db: Pool | Tx) -> int:
    counted: int = await db.fetchval(
        f"SELECT count(*) FROM refunds AS r WHERE {WAITS}"  # noqa: S608 our names
    )
    return counted


async def search(
    db: Pool | Tx, *, text: str, status: RefundStatus | None, before: UUID | None, limit: int
) -> list[RefundCase]:
    """Refunds of everybody, newest first: with this case or order number or learner's name."""
    rows = await db.fetch(
        f"""
        {_CASES}
           WHERE ($1 = '' OR r.case_number = upper($1) OR o.number = upper($1)
                  OR strpos(o.learner_name, $1) > 0)
             AND ($2::text IS NULL OR r.status = $2)
             AND ($3::uuid IS NULL OR r.refund_id < $3)
        ORDER BY r.refund_id DESC
           LIMIT $4
        """,
        text,
        status,
        before,
        limit,
    )
    return [_case(row) for row in rows]


async def get_case(db: Pool | Tx, refund_id: UUID) -> RefundCase | None:
    row = await db.fetchrow(
        f"{_CASES} WHERE r.refund_id = $1",
        refund_id,
    )
    return _case(row) if row else None


async def find_order_id(db: Pool | Tx, number: str) -> UUID | None:
    """The order with this number, however it was typed."""
    order_id: UUID | None = await db.fetchval(
        "SELECT order_id FROM orders WHERE number = upper($1)", number
    )
    return order_id


async def list_titles(db: Pool | Tx, order_id: UUID) -> dict[UUID, str]:
    """The titles of the courses that an order opened, of those that are known."""
    rows = await db.fetch(
        """
        SELECT course_id, c.title
          FROM withdrawn_courses
          JOIN courses AS c USING (course_id)
         WHERE order_id = $1
           AND c.title IS NOT NULL
        """,
        order_id,
    )
    return {row["course_id"]: row["title"] for row in rows}


async def list_surplus(db: Pool | Tx, *, limit: int) -> list[SurplusCase]:
    """Surplus payments that are not back with their payers, those in trouble first."""
    rows = await db.fetch(
        f"""
          SELECT {PAYBACK}, o.number, o.learner_name
            FROM paybacks AS p
            JOIN orders   AS o USING (order_id)
           WHERE p.refund_id IS NULL
             AND p.status <> 'success'
        ORDER BY p.status IN ('refused', 'closed', 'abnormal') DESC, p.made_at
           LIMIT $1
        """,  # noqa: S608 our names
        limit,
    )
    return [
        SurplusCase(
            Payback(
                **{
                    **{field.name: row[field.name] for field in fields(Payback)},
                    "status": PaybackStatus(row["status"]),
                }
            ),
            row["number"],
            row["learner_name"],
        )
        for row in rows
    ]


_CASES = f"""
          SELECT {REFUND}, o.number, o.learner_name, o.amount_fen AS order_fen, o.paid_at,
                 o.method, w.unstudied_fen IS NOT NULL AS is_counted,
                 greatest(0, coalesce(w.unstudied_fen, o.amount_fen) - o.refunded_fen) AS left_fen,
                 EXISTS (SELECT 1
                           FROM paybacks AS p
                          WHERE p.refund_id = r.refund_id
                            AND p.status = 'abnormal') AS abnormal
            FROM refunds AS r
            JOIN orders AS o USING (order_id)
       LEFT JOIN order_withdrawals AS w USING (order_id)
"""  # noqa: S608 our names


def _case(row: asyncpg.Record) -> RefundCase:
    values = {field.name: row[field.name] for field in fields(Refund)}
    refund = Refund(
        **{
            **values,
            "target": RefundTarget(values["target"]),
            "status": RefundStatus(values["status"]),
        }
    )
    return RefundCase(
        refund=refund,
        number=row["number"],
        learner_name=row["learner_name"],
        order_fen=row["order_fen"],
        paid_at=row["paid_at"],
        method=PaymentMethod(row["method"]),
        left_fen=row["left_fen"],
        is_counted=row["is_counted"],
        abnormal=row["abnormal"],
    )
