"""What progress says of the hours that a refund takes back."""

import structlog

from chassis.db import Tx
from contracts.progress import CoursesWithdrawn

from ..actions import refunding
from ..model.withdrawals import WithdrawnCourse
from .door import consumer

log = structlog.get_logger()


@consumer.on(CoursesWithdrawn)
async def go_on_with_refund(tx: Tx, event: CoursesWithdrawn) -> None:
    """The unstudied hours are closed: now the sum is known ($-8)."""
    went_on = await refunding.hear_answer(
        tx,
        order_id=event.order_id,
        refund_id=event.refund_id,
        courses=[
            WithdrawnCourse(each.course_id, each.hours, each.hours_studied)
            for each in event.courses
        ],
    )
    log.info("withdrawal_heard", order_id=str(event.order_id), refunds=went_on)
