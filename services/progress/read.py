"""What pages and the API show, put together from the store."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from chassis import clock
from chassis.db import Pool, Tx

from . import enrolled
from .account import cycle_begins_after, get_account
from .model import (
    Courseware,
    CoursewarePage,
    Enrolment,
    ExercisePage,
    HourAccount,
    HourEntry,
    NoSuchSession,
    OwnedCourse,
    OwnedCourseware,
    Progress,
    SessionView,
    Unfinished,
    current_enrolment,
    make_plan,
    papers,
)
from .store import attempts, corrections, courses, credits, enrolments, questions, sessions

DAYS_SHOWN = 30
NOTHING = Progress()


async def my_courses(db: Pool | Tx, learner_id: UUID) -> list[OwnedCourse]:
    """What a learner owns and how far it is, newest first (P-1)."""
    owned: dict[UUID, list[Enrolment]] = defaultdict(list)
    for enrolment in await enrolments.list_enrolments(db, learner_id):
        owned[enrolment.course_id].append(enrolment)
    since = await cycle_begins_after(db, learner_id, clock.today())
    current = [e for each in owned.values() if (e := current_enrolment(each, since)) and e.is_open]

    outlines: dict[UUID, list[Courseware]] = defaultdict(list)
    for courseware in await courses.list_coursewares(db, list(owned)):
        outlines[courseware.course_id].append(courseware)
    hours = await courses.list_hours(db, list(owned))
    progress = await enrolments.list_progress(
        db, [e.enrolment_id for each in owned.values() for e in each]
    )
    return [
        _course(
            enrolment,
            _standing(outlines[enrolment.course_id], owned[enrolment.course_id], since, progress),
            outlines[enrolment.course_id],
            hours,
        )
        for enrolment in sorted(current, key=lambda e: (e.enrolled_at, e.course_id), reverse=True)
    ]


def _course(
    enrolment: Enrolment,
    coursewares: tuple[OwnedCourseware, ...],
    outline: list[Courseware],
    hours: dict[UUID, int],
) -> OwnedCourse:
    return OwnedCourse(
        course_id=enrolment.course_id,
        title=outline[0].course_title if outline else "",
        kind=outline[0].course_kind if outline else None,
        hours=hours.get(enrolment.course_id, 0),
        enrolled_at=enrolment.enrolled_at,
        coursewares=coursewares,
    )


def _standing(
    outline: list[Courseware],
    owned: list[Enrolment],
    since: datetime | None,
    progress: dict[tuple[UUID, UUID], Progress],
) -> tuple[OwnedCourseware, ...]:
    """How far each courseware is, under the enrolment that it is studied under. Hours of one
    course may differ in that: the studied ones stay with a refunded order ($-8)."""
    standing = []
    for courseware in outline:
        enrolment = current_enrolment(owned, since, courseware.courseware_id)
        assert enrolment is not None, "the course is owned"
        standing.append(
            _owned(
                courseware,
                _progress_of(progress, enrolment, courseware),
                refunded=not enrolment.opens(courseware.courseware_id),
            )
        )
    return tuple(standing)


def _progress_of(
    progress: dict[tuple[UUID, UUID], Progress], enrolment: Enrolment, courseware: Courseware
) -> Progress:
    return progress.get((enrolment.enrolment_id, courseware.courseware_id), NOTHING)


def _owned(
    courseware: Courseware, progress: Progress, *, refunded: bool = False
) -> OwnedCourseware:
    return OwnedCourseware(
        courseware_id=courseware.courseware_id,
        title=courseware.title,
        kind=courseware.kind,
        state="refunded" if refunded else progress.state_for(courseware),
        credited_seconds=progress.credited_ms // 1000,
        required_seconds=courseware.required_seconds,
        position_seconds=progress.position_ms / 1000,
        has_exercise=bool(courseware.exercise),
        exercise_done=progress.exercise_done_at is not None,
        completed_at=progress.completed_at,
        last_studied_at=progress.last_studied_at,
    )


async def courseware_page(db: Pool | Tx, learner_id: UUID, courseware_id: UUID) -> CoursewarePage:
    """Raises `NoSuchCourseware`, `NotEnrolled`."""
    courseware, enrolment = await enrolled.find(
        db, learner_id=learner_id, courseware_id=courseware_id, today=clock.today()
    )
    outline = await courses.list_coursewares(db, [courseware.course_id])
    owned = await enrolments.list_enrolments(db, learner_id, courseware.course_id)
    since = await cycle_begins_after(db, learner_id, clock.today()) if len(owned) > 1 else None
    progress = await enrolments.list_progress(db, [each.enrolment_id for each in owned])
    own = _progress_of(progress, enrolment, courseware)
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}
    studied_in = await sessions.list_sessions_of(db, **key)
    reasons = await sessions.list_uncredited(db, studied_in)
    return CoursewarePage(
        course_id=courseware.course_id,
        course_title=courseware.course_title,
        course_kind=courseware.course_kind,
        courseware=_owned(courseware, own),
        media_path=courseware.media_path,
        siblings=_standing(outline, owned, since, progress),
        missing=own.missing(courseware, is_asked=await questions.get_open(db, **key) is not None),
        max_rate=courseware.max_rate,
        exercise=courseware.exercise,
        score=own.best_score,
        reasons=tuple(reversed(reasons)),
    )


async def exercise_page(
    db: Pool | Tx, learner_id: UUID, courseware_id: UUID, attempt: int | None = None
) -> ExercisePage:
    """The paper that is due, or that of an earlier attempt, and how the last one was marked (P-6).

    Raises `NoSuchCourseware`, `NotEnrolled`.
    """
    courseware, enrolment = await enrolled.find(
        db, learner_id=learner_id, courseware_id=courseware_id, today=clock.today()
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}
    done = await attempts.count_attempts(db, **key)
    last = await attempts.get_last_attempt(db, **key)
    progress = await enrolments.list_progress(db, [enrolment.enrolment_id])
    own = _progress_of(progress, enrolment, courseware)
    paper = partial(
        papers.draw, courseware.exercise, learner_id=learner_id, courseware_id=courseware_id
    )
    return ExercisePage(
        courseware=_owned(courseware, own),
        score=own.best_score,
        paper=paper(attempt=attempt if attempt and 1 <= attempt <= done else done + 1),
        last=papers.review(paper(attempt=done), last) if last else None,
    )


async def session_view(
    db: Pool | Tx, *, session_id: UUID, learner_id: UUID, silent_before: datetime
) -> SessionView:
    """Raises `NoSuchSession`."""
    facts = await sessions.get_session(
        db, session_id=session_id, learner_id=learner_id, heard_since=silent_before
    )
    if facts is None:
        raise NoSuchSession()
    key = {"enrolment_id": facts.enrolment_id, "courseware_id": facts.courseware_id}
    asked = await questions.get_open(db, **key)
    return SessionView(
        session_id=session_id,
        enrolment_id=facts.enrolment_id,
        courseware_id=facts.courseware_id,
        state=facts.state_at(silent_before),
        ended_by=facts.ended_by,
        credited_seconds=facts.credited_ms // 1000,
        required_seconds=facts.required_seconds,
        position_seconds=facts.position_ms / 1000,
        last_seq=facts.last_seq if facts.last_seq >= 0 else None,
        missing=facts.missing(is_asked=asked is not None),
        reasons=tuple(await sessions.list_uncredited(db, [session_id])),
        question=asked if facts.ended_at is None else None,
        restart=await credits.last_restart(db, **key, since=facts.started_at),
    )


async def hour_account(
    db: Pool | Tx, learner_id: UUID, today: date, owned: list[OwnedCourse] | None = None
) -> HourAccount | None:
    """The hour account of the learner's cycle (P-11); None while their facts have not arrived.

    `owned`: the learner's courses, from whoever has read them already.
    """
    account = await get_account(db, learner_id, today)
    if account is None:
        return None
    if owned is None:
        owned = await my_courses(db, learner_id)
    days = await enrolments.list_study_days(db, learner_id, today - timedelta(days=DAYS_SHOWN - 1))
    earlier = [s for s in account.satisfied if not s.is_same(account.cycle)]
    satisfied = account.is_done or account.satisfied_at is not None
    plan = make_plan(
        account.parts, unfinished(owned), days, today=today, ends_on=account.cycle.ends_on
    )
    return HourAccount(
        kind=account.facts.kind,
        cycle=account.cycle,
        parts=tuple(account.parts),
        satisfied=satisfied,
        satisfied_at=account.satisfied_at,
        hours_done=account.hours_done,
        days_left=(account.cycle.ends_on - today).days,
        by_kind=account.by_kind,
        entries=tuple(await _entries(db, learner_id)),
        per_day=tuple(days),
        earlier=tuple(earlier),
        plan=None if satisfied else plan,
    )


async def _entries(db: Pool | Tx, learner_id: UUID) -> list[HourEntry]:
    """What was completed and what staff corrected, the newest first."""
    lines = await enrolments.list_entries(db, learner_id)
    for each in await corrections.list_corrections(db, learner_id):
        lines.append(
            HourEntry(
                completed_at=each.corrected_at,
                courseware_id=None,
                course_title="",
                courseware_title="",
                course_kind=each.course_kind,
                hours=each.hours,
                correction_reason=each.reason,
            )
        )
    return sorted(lines, key=lambda line: line.completed_at, reverse=True)


def unfinished(owned: list[OwnedCourse]) -> list[Unfinished]:
    """What is bought and not completed."""
    return [
        Unfinished(course.kind, max(0, one.required_seconds - one.credited_seconds))
        for course in owned
        if course.kind is not None
        for one in course.coursewares
        if one.is_left
    ]
