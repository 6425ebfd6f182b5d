"""Closing what a refund takes back ($-8)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.db import Tx
from contracts.progress import CoursesWithdrawn, Withdrawn

from ..model.withdrawals import OrderNotHeard, WithdrawnCourse
from ..store import learners, sessions, withdrawals


async def withdraw_courses(
    tx: Tx,
    *,
    refund_id: UUID,
    order_id: UUID,
    learner_id: UUID,
    course_ids: Iterable[UUID],
    now: datetime,
) -> None:
    """Close the hours of these courses that are not studied, and tell how many there are. The
    studied ones stay the learner's; asked again, the answer is the same.

    Raises `OrderNotHeard` where the order or an outline is not here yet: the inbox tries again, so
    that nothing is answered from half the facts.
    """
    await learners.lock_learner(tx, learner_id)
    answer = await withdrawals.find_answer(tx, refund_id)
    if answer is None:
        answer = await _close(tx, order_id, learner_id, sorted(set(course_ids)), now)
        await withdrawals.save_answer(
            tx,
            refund_id=refund_id,
            order_id=order_id,
            learner_id=learner_id,
            withdrawn_at=now,
            courses=answer,
        )
        await sessions.notify(tx, [learner_id])

    await outbox.add(
        tx,
        CoursesWithdrawn(
            refund_id=refund_id,
            order_id=order_id,
            learner_id=learner_id,
            courses=[
                Withdrawn(course_id=c.course_id, hours=c.hours, hours_studied=c.hours_studied)
                for c in answer
            ],
        ),
    )


async def _close(
    tx: Tx, order_id: UUID, learner_id: UUID, course_ids: list[UUID], now: datetime
) -> list[WithdrawnCourse]:
    enrolments = await withdrawals.find_enrolments(
        tx, learner_id=learner_id, order_id=order_id, course_ids=course_ids
    )
    if set(course_ids) - enrolments.keys():
        raise OrderNotHeard
    closed = []
    for course_id in course_ids:
        enrolment_id = enrolments[course_id]
        hours = await withdrawals.list_hours(tx, enrolment_id=enrolment_id, course_id=course_id)
        if not hours:
            raise OrderNotHeard
        kept = [hour.courseware_id for hour in hours if hour.is_studied]
        await withdrawals.close(tx, enrolment_id=enrolment_id, kept=kept, withdrawn_at=now)
        closed.append(WithdrawnCourse(course_id, len(hours), len(kept)))
    return closed
