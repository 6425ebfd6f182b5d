"""Opening and leaving a courseware (P-4)."""

from datetime import datetime
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from contracts.catalogue import CoursewareKind

from .. import enrolled
from ..model import MAX_OPEN_SESSIONS, NoSuchSession, TooManySessions
from ..store import enrolments, learners, sessions


async def open_session(
    tx: Tx, *, learner_id: UUID, courseware_id: UUID, now: datetime, silent_before: datetime
) -> UUID:
    """Open a courseware where it was left. While another is open, both are suspended, and the
    other's page is told at once. Raises `NoSuchCourseware`, `NotEnrolled`, `TooManySessions`.
    """
    await learners.lock_learner(tx, learner_id)
    courseware, enrolment = await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}

    open_now = await sessions.count_open(tx, learner_id=learner_id, heard_since=silent_before)
    if open_now >= MAX_OPEN_SESSIONS:
        raise TooManySessions(retry_after_seconds=60)

    await enrolments.ensure_progress(tx, **key, learner_id=learner_id)
    progress = await enrolments.lock_progress(tx, **key)
    session_id = ids.new_id()
    await sessions.insert_session(
        tx,
        **key,
        session_id=session_id,
        learner_id=learner_id,
        document=courseware.kind is CoursewareKind.DOCUMENT,
        started_at=now,
        position_ms=progress.position_ms,
        completed=progress.completed_at is not None,
    )

    await sessions.notify(tx, [learner_id])
    return session_id


async def leave_session(tx: Tx, *, learner_id: UUID, session_id: UUID, now: datetime) -> None:
    """Leave a courseware; leaving twice is harmless. Raises `NoSuchSession`."""
    left = await sessions.end_session(
        tx, session_id=session_id, learner_id=learner_id, ended_at=now
    )
    if left is None:
        raise NoSuchSession()

    if left:
        await sessions.notify(tx, [learner_id])
