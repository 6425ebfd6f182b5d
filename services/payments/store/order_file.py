"""Everything that is kept of one order, for staff to read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Pool

from ..model.attempts import Attempt
from ..model.invoices import Invoice
from ..model.ledger import Journal, Posting
from ..model.orders import Order
from ..model.refunds import Refund
from . import attempts, invoices, refunds

INVOICES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Notification:
    """A signed notification as it was kept."""

    out_trade_no: str
    transaction_id: str
    amount_fen: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class OrderFile:
    attempts: list[Attempt]  # the latest first
    notifications: list[Notification]  # the rest: the earliest first
    journals: list[Journal]
    refunds: list[Refund]
    refunded_fen: int  # or promised back
    invoices: list[Invoice]  # of its learner: an invoice is for what was spent, not for an order


async def get_file(db: Pool, order: Order) -> OrderFile:
    """What was tried, what was told, what was booked."""
    return OrderFile(
        attempts=await attempts.list_attempts(db, order.order_id),
        notifications=await _list_notifications(db, order.order_id),
        journals=await list_journals(db, order),
        refunds=await refunds.list_of_order(db, order.order_id),
        refunded_fen=await refunds.get_refunded(db, order.order_id),
        invoices=await invoices.list_invoices(
            db, learner_id=order.learner_id, before=None, limit=INVOICES_SHOWN
        ),
    )


async def _list_notifications(db: Pool, order_id: UUID) -> list[Notification]:
    rows = await db.fetch(
        """
          SELECT notifications.out_trade_no, notifications.transaction_id,
                 notifications.amount_fen, received_at
            FROM notifications
            JOIN attempts USING (out_trade_no)
           WHERE order_id = $1
        ORDER BY received_at
        """,
        order_id,
    )
    return [Notification(**row) for row in rows]


async def list_journals(db: Pool, order: Order) -> list[Journal]:
    """The journals that name this order, with their postings."""
    rows = await db.fetch(
        """
          SELECT journal_id, kind, reference, booked_at, label,
                 array_agg(account ORDER BY line) AS accounts,
                 array_agg(amount_fen ORDER BY line) AS amounts
            FROM journals
            JOIN postings USING (journal_id)
           WHERE label = $1
              OR reference = $2
        GROUP BY journal_id
        ORDER BY booked_at, journal_id
        """,
        order.number,
        str(order.order_id),
    )
    return [
        Journal(
            kind=row["kind"],
            reference=row["reference"],
            booked_at=row["booked_at"],
            postings=tuple(map(Posting, row["accounts"], row["amounts"])),
            label=row["label"],
        )
        for row in rows
    ]
