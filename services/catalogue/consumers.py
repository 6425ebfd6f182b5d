"""The message door of catalogue: which events it listens to, and why."""

import structlog

from chassis.consumer import Consumer
from chassis.db import Tx
from contracts.payments import OrderPaid, OrderRefunded

from . import actions

log = structlog.get_logger()
consumer = Consumer("catalogue")


@consumer.on(OrderPaid)
async def mark_owned(tx: Tx, event: OrderPaid) -> None:
    """What is paid for is marked as owned in the course centre (C-4)."""
    await actions.note_ownership(tx, event)
    log.info("ownership_noted", order_id=str(event.order_id), lines=len(event.lines))


@consumer.on(OrderRefunded)
async def unmark_owned(tx: Tx, event: OrderRefunded) -> None:
    """What was refunded as a whole is not owned any more, and can be bought again ($-8)."""
    await actions.note_refund(tx, event)
    log.info("refund_noted", order_id=str(event.order_id), courses=len(event.course_ids))
