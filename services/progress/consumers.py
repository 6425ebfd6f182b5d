"""The message door of progress: which events it listens to, and why."""

import structlog

from chassis import clock
from chassis.consumer import Consumer
from chassis.db import Tx
from contracts.catalogue import CoursePublished
from contracts.identity import LearnerChanged, LearnerFacts, LearnerRegistered, LearnerVerified
from contracts.payments import OrderPaid, WithdrawalRequested

from . import actions

log = structlog.get_logger()
consumer = Consumer("progress")


@consumer.on(LearnerRegistered, LearnerChanged, LearnerVerified)
async def keep_facts(tx: Tx, event: LearnerFacts) -> None:
    """The kind and the certificate's expiry date make the cycle and its requirement (P-10)."""
    await actions.keep_facts(tx, event, now=clock.now())


@consumer.on(CoursePublished)
async def keep_course(tx: Tx, event: CoursePublished) -> None:
    """The outline is what learners study (P-1)."""
    await actions.keep_course(tx, event)


@consumer.on(OrderPaid)
async def open_courses(tx: Tx, event: OrderPaid) -> None:
    """What is paid for opens at once ($-2)."""
    opened = await actions.open_courses(
        tx,
        learner_id=event.learner_id,
        course_ids=[course_id for line in event.lines for course_id in line.course_ids],
        order_id=event.order_id,
        enrolled_at=event.paid_at,
    )
    log.info("courses_opened", order_id=str(event.order_id), courses=opened)


@consumer.on(WithdrawalRequested)
async def withdraw_courses(tx: Tx, event: WithdrawalRequested) -> None:
    """What is refunded closes, so far as it is not studied ($-8)."""
    await actions.withdraw_courses(
        tx,
        refund_id=event.refund_id,
        order_id=event.order_id,
        learner_id=event.learner_id,
        course_ids=event.course_ids,
        now=clock.now(),
    )
    log.info("courses_withdrawn", refund_id=str(event.refund_id), courses=len(event.course_ids))
