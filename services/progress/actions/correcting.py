"""Putting an account right by an entry of its own, never by editing history (P-12)."""

from datetime import datetime
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from contracts.catalogue import CourseKind
from contracts.progress import HoursCorrected

from .. import enrolled
from ..account import get_account
from ..model.desk import NoSuchLearner, NotSoManyHours, NotSoMuchTime, StaffMember
from ..store import corrections, credits, enrolments, learners, sessions
from .completing import review_cycle


async def correct_hours(
    tx: Tx,
    *,
    learner_id: UUID,
    course_kind: CourseKind,
    hours: int,
    reason: str,
    by: StaffMember,
    now: datetime,
) -> int:
    """Add hours of a kind to the learner's cycle, or take some away; return how many it has then.

    Tells `HoursCorrected`, and `CycleSatisfied` where nothing is missing any more. A cycle that has
    been told stays satisfied. Raises `NoSuchLearner`; `NotSoManyHours` when fewer are there.
    """
    await learners.lock_learner(tx, learner_id)
    account = await get_account(tx, learner_id, clock.date_of(now))
    if account is None:
        raise NoSuchLearner()

    there = account.by_kind.get(course_kind, 0)
    if there + hours < 0:
        raise NotSoManyHours(hours=there)

    await corrections.insert_correction(
        tx,
        correction_id=ids.new_id(),
        learner_id=learner_id,
        course_kind=course_kind,
        hours=hours,
        reason=reason,
        by_staff=by.staff_id,
        by_name=by.name,
        corrected_at=now,
    )

    hours_total = account.hours_done + hours
    await outbox.add(
        tx,
        HoursCorrected(
            learner_id=learner_id,
            course_kind=course_kind,
            hours=hours,
            reason=reason,
            corrected_at=now,
            hours_total=hours_total,
        ),
    )
    await sessions.notify(tx, [learner_id])
    await review_cycle(tx, learner_id=learner_id, now=now)
    return hours_total


async def correct_study_time(
    tx: Tx,
    *,
    learner_id: UUID,
    courseware_id: UUID,
    change_ms: int,
    reason: str,
    by: StaffMember,
    now: datetime,
) -> int:
    """Add study time to a courseware, or take some away; return what is credited then, in ms.

    Beats stay as they are; the entry stands beside them. Raises `NoSuchCourseware`, `NotEnrolled`;
    `NotSoMuchTime` when less is credited.
    """
    await learners.lock_learner(tx, learner_id)
    _, enrolment = await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}
    await enrolments.ensure_progress(tx, **key, learner_id=learner_id)
    progress = await enrolments.lock_progress(tx, **key)
    if progress.credited_ms + change_ms < 0:
        raise NotSoMuchTime(minutes=progress.credited_ms // 60_000)

    credited_ms = await credits.add_entry(
        tx,
        credits.CreditEntry(
            entry_id=ids.new_id(),
            learner_id=learner_id,
            enrolment_id=enrolment.enrolment_id,
            courseware_id=courseware_id,
            kind="correction",
            credited_ms=change_ms,
            reason=reason,
            made_at=now,
            by_staff=by.staff_id,
            by_name=by.name,
        ),
    )

    await sessions.notify(tx, [learner_id])
    return credited_ms
