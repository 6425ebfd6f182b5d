"""Pop-up questions (P-5): asked and timed here, judged here; a missed one starts the courseware
again. The learner must be locked, except where an action says that it locks."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis import ids
from chassis.db import Tx
from chassis.refusals import Invalid
from contracts.catalogue import Question, QuestionRule

from ..model import (
    AWAY_MAX,
    Answer,
    Asked,
    Courseware,
    NoSuchQuestion,
    QuestionClosed,
    is_right,
    mark,
    shuffled,
    wrong_form,
)
from ..settings import ProgressSettings
from ..store import courses, credits, enrolments, learners, questions, sessions
from ..store.beats import Due

dice = random.SystemRandom()  # what comes when must not be foreseen


def next_due(settings: ProgressSettings, courseware: Courseware, credited_ms: int) -> int | None:
    """The credit at which the next question is asked: half to a whole interval from here. None
    when the courseware asks nothing any more."""
    due_ms = credited_ms + int(1000 * settings.question_every_seconds * dice.uniform(0.5, 1))
    is_left = due_ms <= 1000 * courseware.required_seconds
    return due_ms if courseware.asks and is_left else None


async def ask(
    tx: Tx, settings: ProgressSettings, due: Due, session_id: UUID, *, now: datetime
) -> None:
    """Ask a question of the courseware's pool in this session, one that was asked least."""
    key = {"enrolment_id": due.enrolment_id, "courseware_id": due.courseware_id}
    courseware = await courses.get_courseware(tx, due.courseware_id)
    progress = await enrolments.lock_progress(tx, **key)
    await questions.set_due(tx, **key, due_ms=None)
    if courseware is None or not courseware.asks or progress.completed_at is not None:
        return
    await questions.insert_question(
        tx,
        Asked(
            asking_id=ids.new_id(),
            learner_id=due.learner_id,
            **key,
            session_id=session_id,
            question=shuffled(_choose(courseware, await questions.times_asked(tx, **key)), dice),
            asked_at=now,
            deadline=now + timedelta(seconds=settings.question_limit_seconds),
            state="open",
            credited_ms=progress.credited_ms,
            position_ms=progress.position_ms,
            answered_at=None,
        ),
    )


def _choose(courseware: Courseware, times: dict[UUID, int]) -> Question:
    least = min(times.get(question.question_id, 0) for question in courseware.pool)
    return dice.choice([q for q in courseware.pool if times.get(q.question_id, 0) == least])


async def answer(
    tx: Tx,
    settings: ProgressSettings,
    *,
    learner_id: UUID,
    session_id: UUID,
    asking_id: UUID,
    choices: Sequence[int],
    now: datetime,
) -> Answer:
    """Judge an answer, once; locks the learner. Below the mark the courseware starts again.

    An answer that comes too late (`in_time` false) is no answer: the courseware starts again too.
    Raises `NoSuchQuestion`, `QuestionClosed`, `Invalid` for an impossible choice.
    """
    await learners.lock_learner(tx, learner_id)
    asked = await questions.get_question(tx, asking_id=asking_id, learner_id=learner_id)
    if asked is None or not await sessions.is_of_courseware(
        tx,
        session_id=session_id,
        learner_id=learner_id,
        enrolment_id=asked.enrolment_id,
        courseware_id=asked.courseware_id,
    ):
        raise NoSuchQuestion()
    if asked.state != "open":
        raise QuestionClosed()
    if sentence := wrong_form(asked.question, list(choices)):
        raise Invalid({"choices": sentence})
    right = tuple(asked.question.correct)
    if await _is_missed(tx, settings, asked, now):
        await miss(tx, settings, asked, now=now)
        return Answer(False, True, right, asked.question.explanation, in_time=False)

    correct = is_right(asked.question, choices)
    state = "right" if correct else "wrong"
    await questions.settle(tx, asking_id=asking_id, state=state, chosen=choices, at=now)

    restarted = not correct and await _below_mark(tx, settings, asked)
    if restarted:
        await _start_again(tx, settings, asked, cause="wrong", now=now)
    else:
        await _go_on(tx, settings, asked)
    await sessions.notify(tx, [learner_id])
    return Answer(correct, restarted, right, asked.question.explanation)


async def _is_missed(tx: Tx, settings: ProgressSettings, asked: Asked, now: datetime) -> bool:
    """Whether an answer comes too late: after the limit, and not because of an outage."""
    contact = await questions.last_contact(tx, asked.asking_id)
    is_outage = (now - contact).total_seconds() > settings.outage_seconds
    return asked.is_late(now) and not (is_outage and contact < asked.deadline)


async def _below_mark(tx: Tx, settings: ProgressSettings, asked: Asked) -> bool:
    key = {"enrolment_id": asked.enrolment_id, "courseware_id": asked.courseware_id}
    since = await credits.restarted_at(tx, **key)
    right, answered = await questions.count_since(tx, **key, since=since)
    return mark(right, answered) < settings.question_mark_percent


async def _go_on(tx: Tx, settings: ProgressSettings, asked: Asked) -> None:
    key = {"enrolment_id": asked.enrolment_id, "courseware_id": asked.courseware_id}
    courseware = await courses.get_courseware(tx, asked.courseware_id)
    progress = await enrolments.lock_progress(tx, **key)
    if courseware:
        due_ms = next_due(settings, courseware, progress.credited_ms)
        await questions.set_due(tx, **key, due_ms=due_ms)


async def miss_overdue(
    tx: Tx, settings: ProgressSettings, asking_id: UUID, learner_id: UUID, *, now: datetime
) -> bool:
    """The limit ran out without an answer; locks the learner. False if it was settled meanwhile."""
    await learners.lock_learner(tx, learner_id)
    asked = await questions.get_question(tx, asking_id=asking_id, learner_id=learner_id)
    if asked is None or asked.state != "open" or not asked.is_late(now):
        return False
    await miss(tx, settings, asked, now=now)
    return True


async def miss(tx: Tx, settings: ProgressSettings, asked: Asked, *, now: datetime) -> None:
    """No answer within the limit: the courseware starts again."""
    await questions.settle(tx, asking_id=asked.asking_id, state="missed", chosen=None, at=now)
    await _start_again(tx, settings, asked, cause="unanswered", now=now)
    await sessions.notify(tx, [asked.learner_id])


async def _start_again(
    tx: Tx, settings: ProgressSettings, asked: Asked, *, cause: str, now: datetime
) -> None:
    """From zero, or from the last passed question, as the courseware's rule says; recorded."""
    key = {"enrolment_id": asked.enrolment_id, "courseware_id": asked.courseware_id}
    courseware = await courses.get_courseware(tx, asked.courseware_id)
    progress = await enrolments.lock_progress(tx, **key)
    by_checkpoint = courseware and courseware.question_rule is QuestionRule.CHECKPOINT
    passed = await questions.last_passed(tx, **key) if by_checkpoint else None
    since = passed.answered_at if passed else await credits.restarted_at(tx, **key)
    kept_ms = min(passed.credited_ms, progress.credited_ms) if passed else 0
    credited_ms = await credits.add_entry(
        tx,
        credits.CreditEntry(
            entry_id=ids.new_id(),
            learner_id=asked.learner_id,
            enrolment_id=asked.enrolment_id,
            courseware_id=asked.courseware_id,
            session_id=asked.session_id,
            kind="restart",
            credited_ms=kept_ms - progress.credited_ms,
            reason=cause,
            since_at=since,
            question_id=asked.asking_id,
            made_at=now,
        ),
    )
    await credits.go_back(
        tx,
        **key,
        position_ms=passed.position_ms if passed else 0,
        due_ms=next_due(settings, courseware, credited_ms) if courseware else None,
    )
    await sessions.void_until(tx, **key, until=now)


async def come_back(
    tx: Tx,
    settings: ProgressSettings,
    *,
    enrolment_id: UUID,
    courseware_id: UUID,
    session_id: UUID | None = None,
    heard_at: datetime | None = None,
    now: datetime,
) -> None:
    """A page of the courseware is heard: `session_id`, last heard `heard_at` if ever. After an
    outage the limit moves, because it did not run meanwhile (P-5). Who was away too long is asked
    another question instead, as soon as study goes on."""
    key = {"enrolment_id": enrolment_id, "courseware_id": courseware_id}
    asked = await questions.get_open(tx, **key)
    if asked is None:
        return
    contact = await questions.last_contact(tx, asked.asking_id, besides=session_id)
    contact = max(contact, heard_at or contact)
    away = now - contact
    if asked.deadline <= contact or away.total_seconds() <= settings.outage_seconds:
        return
    if away > AWAY_MAX:
        await questions.settle(tx, asking_id=asked.asking_id, state="void", chosen=None, at=now)
        await questions.set_due(tx, **key, due_ms=0)
    else:
        silent = away - timedelta(seconds=settings.beat_interval_seconds)
        await questions.set_deadline(tx, asked.asking_id, asked.deadline + silent)


async def meet(
    tx: Tx,
    settings: ProgressSettings,
    *,
    learner_id: UUID,
    enrolment_id: UUID,
    courseware_id: UUID,
    now: datetime,
) -> bool:
    """A page that shows an open question asks how things stand; locks the learner. True when the
    question is another now, or none, or has another limit."""
    await learners.lock_learner(tx, learner_id)
    key = {"enrolment_id": enrolment_id, "courseware_id": courseware_id}
    before = await questions.get_open(tx, **key)
    await come_back(tx, settings, enrolment_id=enrolment_id, courseware_id=courseware_id, now=now)
    asked = await questions.get_open(tx, **key)
    if asked is not None and asked.is_late(now):
        await miss(tx, settings, asked, now=now)
        return True
    if asked is not None:
        await questions.set_seen(tx, asked.asking_id, now)
    return asked != before
