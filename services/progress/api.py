"""The JSON door of progress. Its hot path is `heartbeats`."""

import time
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from chassis import clock
from chassis.db import Pool, transaction
from chassis.web.deps import Db, client_address
from chassis.web.i18n import gettext
from chassis.web.pages import speak
from chassis.web.who import CurrentLearner, Session

from . import actions, read, shapes, streams, tokens
from .model import AppealDay, FactsNotHeard, QuestionClosed, SessionView, Words
from .settings import ProgressSettings

log = structlog.get_logger()
router = APIRouter(prefix="/api/progress", tags=["progress"])

CHOICES_MAX = 50
QUESTIONS_MAX = 200


def _settings(request: Request) -> ProgressSettings:
    settings: ProgressSettings = request.app.state.kit.settings
    return settings


def _address(request: Request) -> str | None:
    try:
        return str(ip_address(client_address(request)))
    except ValueError:
        return None


ClientAddress: TypeAlias = Annotated[str | None, Depends(_address)]
Told: TypeAlias = Annotated[ProgressSettings, Depends(_settings)]


class SessionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    courseware_id: UUID
    study_here: bool = False


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question_id: UUID
    choices: Annotated[list[int], Field(max_length=CHOICES_MAX)]


class ExerciseIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    attempt: int | None = None  # whose order the answers follow; without it, of the one that is due
    answers: Annotated[
        dict[UUID, Annotated[list[int], Field(max_length=CHOICES_MAX)]],
        Field(max_length=QUESTIONS_MAX),
    ]


class AppealIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    day: AppealDay
    words: Words


@router.get("/enrolments")
async def list_enrolments(db: Db, who: CurrentLearner) -> dict[str, Any]:
    """The learner's courses and how far each courseware is (P-1)."""
    owned = await read.my_courses(db, who.subject)
    return {"items": [shapes.course(course) for course in owned], "next_cursor": None}


@router.post("/sessions", status_code=201)
async def open_session(
    body: SessionIn, db: Db, who: CurrentLearner, told: Told, address: ClientAddress
) -> dict[str, Any]:
    """Open a courseware. The token in the answer is what heartbeats are signed with; with
    `study_here` every other page of the learner ends (P-4)."""
    async with transaction(db) as tx:
        session_id = await actions.open_session(
            tx,
            told,
            learner_id=who.subject,
            courseware_id=body.courseware_id,
            address=address,
            study_here=body.study_here,
            now=clock.now(),
        )
    log.info("session_opened", session_id=str(session_id))
    token = tokens.sign(
        told.beat_token_key.get_secret_value(),
        learner_id=who.subject,
        session_id=session_id,
        expires_at_seconds=int(time.time() + told.session_hours * 3600),
    )
    return {"session_token": token, **await _look(db, told, who, session_id)}


@router.get("/sessions/{session_id}")
async def show_session(session_id: UUID, db: Db, who: CurrentLearner, told: Told) -> dict[str, Any]:
    """The session's state, and why time was not credited (P-9)."""
    return await _look(db, told, who, session_id)


@router.post("/sessions/{session_id}/answers")
async def answer_question(
    session_id: UUID, body: AnswerIn, db: Db, who: CurrentLearner, told: Told
) -> dict[str, Any]:
    """Answer the pop-up question that the session shows (P-5), once."""
    async with transaction(db) as tx:
        answer = await actions.answer(
            tx,
            told,
            learner_id=who.subject,
            session_id=session_id,
            asking_id=body.question_id,
            choices=body.choices,
            now=clock.now(),
        )
    log.info("question_answered", session_id=str(session_id), correct=answer.correct)
    if not answer.in_time:
        raise QuestionClosed()
    shown = await _look(db, told, who, session_id)
    return {
        "correct": answer.correct,
        "restarted": answer.restarted,
        "right": answer.right,
        "explanation": answer.explanation,
        "state": shown["state"],
        "credited_seconds": shown["credited_seconds"],
    }


@router.delete("/sessions/{session_id}", status_code=204)
async def leave_session(session_id: UUID, db: Db, who: CurrentLearner) -> Response:
    """Leave the courseware; leaving twice is harmless."""
    async with transaction(db) as tx:
        await actions.leave_session(
            tx, learner_id=who.subject, session_id=session_id, now=clock.now()
        )
    return Response(status_code=204)


@router.get("/sessions/{session_id}/events", response_class=StreamingResponse)
async def stream_session(
    request: Request, session_id: UUID, db: Db, who: CurrentLearner, told: Told
) -> StreamingResponse:
    """Server-sent events `state`, each with the JSON of the session."""
    await _look(db, told, who, session_id)

    async def look() -> tuple[str, str]:
        shown = await _look(db, told, who, session_id)
        return shown["state"], shapes.as_json(shown)

    watch: streams.Watch = request.app.state.watch
    every = told.beat_interval_seconds
    return StreamingResponse(
        streams.stream(watch, who.subject, look, every),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _look(db: Pool, told: ProgressSettings, who: Session, session_id: UUID) -> dict[str, Any]:
    now = clock.now()
    view = await _view(db, told, who, session_id, now)
    if view.question is not None:
        async with transaction(db) as tx:
            is_other = await actions.meet(
                tx,
                told,
                learner_id=who.subject,
                enrolment_id=view.enrolment_id,
                courseware_id=view.courseware_id,
                now=now,
            )
        if is_other:
            view = await _view(db, told, who, session_id, now)
    return shapes.session(view, beat_interval_seconds=told.beat_interval_seconds, now=now)


async def _view(
    db: Pool, told: ProgressSettings, who: Session, session_id: UUID, now: datetime
) -> SessionView:
    return await read.session_view(
        db,
        session_id=session_id,
        learner_id=who.subject,
        silent_before=told.silent_before(now),
    )


@router.get("/coursewares/{courseware_id}/exercise")
async def show_exercise(courseware_id: UUID, db: Db, who: CurrentLearner) -> dict[str, Any]:
    """The paper that is due, in this learner's and attempt's order, without its answers (P-6)."""
    paper = (await read.exercise_page(db, who.subject, courseware_id)).paper
    return {"attempt": paper.attempt, "questions": [shapes.question(q) for q in paper.questions]}


@router.post("/coursewares/{courseware_id}/exercise", status_code=201)
async def submit_exercise(
    courseware_id: UUID, body: ExerciseIn, db: Db, who: CurrentLearner, told: Told
) -> dict[str, Any]:
    """Answer the exercise, as often as wanted; the best score stays (P-6)."""
    async with transaction(db) as tx:
        result = await actions.submit_exercise(
            tx,
            learner_id=who.subject,
            courseware_id=courseware_id,
            answers=body.answers,
            attempt=body.attempt,
            now=clock.now(),
            author=told.author,
        )
    log.info("exercise_submitted", courseware_id=str(courseware_id), score=result.score)
    return shapes.exercise_result(result)


@router.post("/coursewares/{courseware_id}/completion", status_code=201)
async def complete_courseware(
    courseware_id: UUID, db: Db, who: CurrentLearner, told: Told
) -> JSONResponse:
    """「学过了」 (P-7): 201, or 200 when it was pressed before; 409 says what is missing."""
    async with transaction(db) as tx:
        done = await actions.complete_courseware(
            tx,
            learner_id=who.subject,
            courseware_id=courseware_id,
            now=clock.now(),
            author=told.author,
        )
    if done.first:
        log.info("courseware_completed", courseware_id=str(courseware_id))
    return JSONResponse({"hours_total": done.hours_total}, 201 if done.first else 200)


@router.post("/coursewares/{courseware_id}/appeals", status_code=201)
async def open_appeal(
    courseware_id: UUID, body: AppealIn, db: Db, who: CurrentLearner
) -> dict[str, Any]:
    """Ask the association to look at a day's uncredited time (P-9)."""
    async with transaction(db) as tx:
        appeal_id = await actions.open_appeal(
            tx,
            learner_id=who.subject,
            courseware_id=courseware_id,
            day=body.day,
            words=body.words,
            now=clock.now(),
        )
    log.info("appeal_opened", appeal_id=str(appeal_id), courseware_id=str(courseware_id))
    return {"appeal_id": str(appeal_id), "state": "open"}


@router.get("/hours")
async def show_hours(request: Request, db: Db, who: CurrentLearner) -> dict[str, Any]:
    """The hour account of this cycle (P-10, P-11)."""
    account = await read.hour_account(db, who.subject, clock.today())
    if account is None:
        raise FactsNotHeard(retry_after_seconds=2)
    speak(request)
    return shapes.hours(account, say=gettext)
