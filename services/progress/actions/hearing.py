"""What progress keeps of what it hears. Order is not promised: each part is kept as it comes."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chassis import ids
from chassis.db import Tx
from contracts.catalogue import CoursePublished
from contracts.identity import LearnerFacts, LearnerKind

from ..store import courses, enrolments, learners
from .completing import review_cycle


async def keep_facts(tx: Tx, facts: LearnerFacts, *, now: datetime) -> None:
    """Keep the newest facts of a learner. Another kind or expiry date is another requirement,
    which may be satisfied already."""
    await learners.insert_learner(tx, facts.learner_id)
    await learners.lock_learner(tx, facts.learner_id)

    holds = facts.kind is LearnerKind.HOLDER and facts.qualification is not None
    saved = await learners.save_facts(
        tx,
        learner_id=facts.learner_id,
        version=facts.version,
        real_name=facts.real_name,
        kind=facts.kind,
        expires_on=facts.qualification.expires_on if holds and facts.qualification else None,
        registered_at=facts.registered_at,
    )

    if saved:
        await review_cycle(tx, learner_id=facts.learner_id, now=now)


async def keep_course(tx: Tx, event: CoursePublished) -> None:
    """Keep a course's newest outline; older versions that come late change nothing."""
    if await courses.save_course(tx, event):
        await courses.unlist_coursewares(tx, event.course_id)
        await courses.save_coursewares(tx, event)


async def open_courses(
    tx: Tx,
    *,
    learner_id: UUID,
    course_ids: Iterable[UUID],
    order_id: UUID,
    enrolled_at: datetime,
) -> int:
    """Enrol a learner in what an order paid for ($-2); return how many courses are new.

    Neither the courses nor the learner need to be known yet.
    """
    await learners.insert_learner(tx, learner_id)

    opened = sorted(set(course_ids))
    return await enrolments.insert_enrolments(
        tx,
        enrolment_ids=[ids.new_id() for _ in opened],
        course_ids=opened,
        learner_id=learner_id,
        order_id=order_id,
        enrolled_at=enrolled_at,
    )
