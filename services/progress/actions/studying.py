"""Opening and leaving a courseware (P-4)."""

from datetime import datetime
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from contracts.catalogue import CoursewareKind

from .. import enrolled, statements
from ..model import MAX_OPEN_SESSIONS, Courseware, NoSuchSession, Progress, TooManySessions
from ..settings import ProgressSettings
from ..store import enrolments, learners, questions, sessions
from . import questioning


async def open_session(
    tx: Tx,
    settings: ProgressSettings,
    *,
    learner_id: UUID,
    courseware_id: UUID,
    address: str | None,
    study_here: bool,
    now: datetime,
) -> UUID:
    """Open a courseware where it was left. While another is open, both are suspended, and the
    other's page is told at once; `study_here` ends all others instead.

    Raises `NoSuchCourseware`, `NotEnrolled`, `TooManySessions`.
    """
    await learners.lock_learner(tx, learner_id)
    courseware, enrolment = await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}

    if study_here:
        await sessions.end_others(tx, learner_id=learner_id, ended_at=now)
    open_now = await sessions.count_open(
        tx, learner_id=learner_id, heard_since=settings.silent_before(now)
    )
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
        max_rate=courseware.max_rate,
        address=address,
        completed=progress.completed_at is not None,
    )

    await _ready_questions(tx, settings, courseware, progress, session_id, now=now, **key)
    what = statements.studied(learner_id, enrolment, courseware)
    await statements.initialized(tx, settings.author, what, at=now)
    await sessions.notify(tx, [learner_id])
    return session_id


async def _ready_questions(
    tx: Tx,
    settings: ProgressSettings,
    courseware: Courseware,
    progress: Progress,
    session_id: UUID,
    *,
    enrolment_id: UUID,
    courseware_id: UUID,
    now: datetime,
) -> None:
    """A question that was left open waits in the new page; else the next one gets its moment."""
    key = {"enrolment_id": enrolment_id, "courseware_id": courseware_id}
    if await questions.get_open(tx, **key) is not None:
        await questioning.come_back(
            tx,
            settings,
            enrolment_id=enrolment_id,
            courseware_id=courseware_id,
            session_id=session_id,
            now=now,
        )
    elif progress.question_due_ms is None and progress.completed_at is None:
        due_ms = questioning.next_due(settings, courseware, progress.credited_ms)
        await questions.set_due(tx, **key, due_ms=due_ms)


async def leave_session(tx: Tx, *, learner_id: UUID, session_id: UUID, now: datetime) -> None:
    """Leave a courseware; leaving twice is harmless. Raises `NoSuchSession`."""
    await learners.lock_learner(tx, learner_id)
    left = await sessions.end_session(
        tx, session_id=session_id, learner_id=learner_id, ended_at=now
    )
    if left is None:
        raise NoSuchSession()

    if left:
        await sessions.notify(tx, [learner_id])
