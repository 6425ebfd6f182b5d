"""Exercises, 「学过了」, and the cycle that is satisfied by it (P-6, P-7, P-10)."""

from datetime import datetime
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from contracts.progress import CoursewareCompleted, CycleSatisfied

from .. import enrolled, statements
from ..account import Account, get_account
from ..model import Completion, ExerciseResult, NoSuchPaper, papers
from ..store import attempts, enrolments, learners, questions, sessions
from ..xapi import Author


async def submit_exercise(
    tx: Tx,
    *,
    learner_id: UUID,
    courseware_id: UUID,
    answers: dict[UUID, list[int]],
    now: datetime,
    author: Author | None,
    attempt: int | None = None,
) -> ExerciseResult:
    """Mark an exercise and keep it; it may be done again, the best score stays. The answers are
    given by the places on the paper of that attempt, of the one that is due if none is named.

    Raises `NoSuchCourseware`, `NotEnrolled`, `ExerciseIncomplete`, `NoSuchPaper`.
    """
    courseware, enrolment = await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}
    await enrolments.ensure_progress(tx, **key, learner_id=learner_id)
    before = await enrolments.lock_progress(tx, **key)
    due = 1 + await attempts.count_attempts(tx, **key)

    if attempt is not None and not 1 <= attempt <= due:
        raise NoSuchPaper()
    paper = papers.draw(
        courseware.exercise,
        learner_id=learner_id,
        courseware_id=courseware_id,
        attempt=attempt or due,
    )
    result = papers.mark(paper, answers)
    if not courseware.exercise:
        return result

    await attempts.insert_attempt(
        tx,
        **key,
        attempt_id=ids.new_id(),
        answers=result.answers,
        score=result.score,
        submitted_at=now,
    )

    if result.passed and not before.exercise_passed:
        what = statements.studied(learner_id, enrolment, courseware)
        await statements.passed(tx, author, what, score=result.score, at=now)
    await sessions.notify(tx, [learner_id])
    return result


async def complete_courseware(
    tx: Tx, *, learner_id: UUID, courseware_id: UUID, now: datetime, author: Author | None
) -> Completion:
    """「学过了」: write one hour into the account, once, and tell it; with the last hour that was
    missing also tell that the cycle is satisfied.

    Pressing again changes nothing. Raises `StillMissing`, `NoSuchCourseware`, `NotEnrolled`.
    """
    await learners.lock_learner(tx, learner_id)
    courseware, enrolment = await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )
    key = {"enrolment_id": enrolment.enrolment_id, "courseware_id": courseware_id}
    await enrolments.ensure_progress(tx, **key, learner_id=learner_id)
    progress = await enrolments.lock_progress(tx, **key)
    if progress.completed_at is not None:
        return Completion(await _hours_total(tx, learner_id, now), first=False)

    is_asked = await questions.get_open(tx, **key) is not None
    missing = progress.missing(courseware, is_asked=is_asked)
    if missing.anything:
        raise missing.refusal()

    await enrolments.complete(
        tx,
        **key,
        entry_id=ids.new_id(),
        learner_id=learner_id,
        course_id=courseware.course_id,
        course_kind=courseware.course_kind,
        completed_at=now,
    )
    await sessions.end_completed(tx, **key, ended_at=now)

    hours_total = await _hours_total(tx, learner_id, now)
    await outbox.add(
        tx,
        CoursewareCompleted(
            learner_id=learner_id,
            course_id=courseware.course_id,
            courseware_id=courseware_id,
            course_kind=courseware.course_kind,
            completed_at=now,
            hours_total=hours_total,
        ),
    )
    what = statements.studied(learner_id, enrolment, courseware)
    await statements.completed(tx, author, what, credited_ms=progress.credited_ms, at=now)
    await sessions.notify(tx, [learner_id])
    await review_cycle(tx, learner_id=learner_id, now=now)
    return Completion(hours_total, first=True)


async def review_cycle(tx: Tx, *, learner_id: UUID, now: datetime) -> None:
    """Tell, once per learner and cycle, that the requirement is met. The learner must be locked."""
    account = await get_account(tx, learner_id, clock.date_of(now))
    if account is None or not account.is_done or account.satisfied_at is not None:
        return

    hours = account.hours_done
    if await learners.insert_satisfied(
        tx, learner_id=learner_id, cycle=account.cycle, hours=hours, satisfied_at=now
    ):
        await outbox.add(tx, await _satisfied(tx, account, hours, now))


async def _satisfied(tx: Tx, account: Account, hours: int, now: datetime) -> CycleSatisfied:
    cycle, learner_id = account.cycle, account.facts.learner_id
    first_hour = account.first_day
    first_day = await enrolments.first_study_day(tx, learner_id, cycle.starts_on)
    return CycleSatisfied(
        learner_id=learner_id,
        cycle_starts_on=cycle.starts_on,
        cycle_ends_on=cycle.ends_on,
        hours=hours,
        study_started_on=min(first_day or first_hour, first_hour),
        satisfied_at=now,
    )


async def _hours_total(tx: Tx, learner_id: UUID, now: datetime) -> int:
    """The hours of this cycle; all hours while the cycle is not known yet."""
    account = await get_account(tx, learner_id, clock.date_of(now))
    if account is not None:
        return account.hours_done
    return len({hour.courseware_id for hour in await enrolments.list_hours(tx, learner_id)})
