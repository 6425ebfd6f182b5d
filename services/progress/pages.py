"""The learner's door: learning centre, player, exercise, hour account. Pages only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool, transaction
from chassis.web.deps import Db
from chassis.web.forms import Form, read_form
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner

from . import actions, days, read, timeline
from .model import CoursewarePage, ExerciseIncomplete, HourAccount, OwnedCourse, Paper, StillMissing
from .xapi import Author

DAYS_SHOWN = 14
FIELD = "answers."

router = APIRouter(include_in_schema=False)


@router.get("/study")
async def show_learning_centre(request: Request, db: Db, who: CurrentLearner) -> Response:
    """P-1: what I own, how far I am, and where to go on."""
    courses = await read.my_courses(db, who.subject)
    account = await read.hour_account(db, who.subject, clock.today(), courses)
    return page(
        request,
        "study.html",
        courses=sorted(courses, key=_finished),
        account=account,
        going_on=_going_on(courses),
        days=_days(account, DAYS_SHOWN),
        left_to_study=_bought_and_left(courses),
    )


@router.get("/hours")
async def show_hour_account(request: Request, db: Db, who: CurrentLearner) -> Response:
    """P-11: hours by kind, what is missing, the deadline, a plan."""
    account = await read.hour_account(db, who.subject, clock.today())
    return page(request, "hours.html", account=account, days=_days(account, 30))


@router.get("/study/{courseware_id}")
async def show_player(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    return await _player(request, db, courseware_id=courseware_id, learner_id=who.subject)


@router.get("/study/{courseware_id}/standing")
async def show_standing(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    """The parts of the player's page that change while one studies."""
    shown = await read.courseware_page(db, who.subject, courseware_id)
    band = await days.read_band(
        db, learner_id=who.subject, courseware_id=courseware_id, day=clock.today()
    )
    return page(request, "standing.html", **_player_context(request, shown, band))


@router.post("/study/{courseware_id}/completion")
async def press_done(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    """「学过了」 (P-7)."""
    await read_form(request)
    try:
        async with transaction(db) as tx:
            done = await actions.complete_courseware(
                tx,
                learner_id=who.subject,
                courseware_id=courseware_id,
                now=clock.now(),
                author=_author(request),
            )
    except StillMissing as refusal:
        return await _player(
            request, db, courseware_id=courseware_id, learner_id=who.subject, refusal=refusal
        )
    return see_other(
        f"/study/{courseware_id}",
        request=request,
        flash="Done: one more credit hour. You have %(hours)s in this cycle.",
        hours=done.hours_total,
    )


def _author(request: Request) -> Author | None:
    author: Author | None = request.app.state.kit.settings.author
    return author


@router.get("/study/{courseware_id}/completion")
async def go_back_to_player(courseware_id: UUID, who: CurrentLearner) -> Response:
    """Who reloads the answer to 「学过了」 is back in the courseware."""
    return see_other(f"/study/{courseware_id}")


@router.get("/study/{courseware_id}/exercise")
async def show_exercise(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    """P-6: how the last attempt was marked; before any, or `?again=yes`, the paper that is due."""
    shown = await read.exercise_page(db, who.subject, courseware_id)
    marked = None if "again" in request.query_params else shown.last
    return page(request, "exercise.html", shown=shown, marked=marked)


@router.post("/study/{courseware_id}/exercise")
async def hand_in_exercise(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    form = await read_form(request)
    attempt = _number(form.get("attempt", ""))
    shown = await read.exercise_page(db, who.subject, courseware_id, attempt)
    try:
        async with transaction(db) as tx:
            result = await actions.submit_exercise(
                tx,
                learner_id=who.subject,
                courseware_id=courseware_id,
                answers=_answers(form, shown.paper),
                attempt=shown.paper.attempt,
                now=clock.now(),
                author=_author(request),
            )
    except ExerciseIncomplete as refusal:
        return page(
            request,
            "exercise.html",
            shown=shown,
            marked=None,
            form=form,
            refusal=refusal,
            status=refusal.status,
        )
    return see_other(
        f"/study/{courseware_id}/exercise",
        request=request,
        flash="The exercise is done: %(score)s of 100 points.",
        score=result.score,
    )


async def _player(
    request: Request,
    db: Pool,
    *,
    courseware_id: UUID,
    learner_id: UUID,
    refusal: StillMissing | None = None,
) -> Response:
    shown = await read.courseware_page(db, learner_id, courseware_id)
    band = await days.read_band(
        db, learner_id=learner_id, courseware_id=courseware_id, day=clock.today()
    )
    return page(
        request,
        "player.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        **_player_context(request, shown, band),
    )


def _player_context(
    request: Request, shown: CoursewarePage, band: timeline.Band
) -> Mapping[str, Any]:
    unfinished = [one for one in shown.siblings if one.is_left]
    here = shown.courseware.courseware_id
    settings = request.app.state.kit.settings
    return {
        "shown": shown,
        "band": band,
        "number": next(
            (n for n, one in enumerate(shown.siblings, 1) if one.courseware_id == here), 1
        ),
        "next_one": next((one for one in unfinished if one.courseware_id != here), None),
        "idle_limit_seconds": settings.idle_limit_seconds,
        "question_mark_percent": settings.question_mark_percent,
    }


def _answers(form: Form, paper: Paper) -> dict[UUID, list[int]]:
    """The chosen places of each question of the paper; what is no number is no answer."""
    chosen = {
        asked.question_id: form.list(f"{FIELD}{asked.question_id}") for asked in paper.questions
    }
    return {
        question_id: [place for value in values if (place := _number(value)) is not None]
        for question_id, values in chosen.items()
    }


def _number(value: str) -> int | None:
    return int(value) if value.isdecimal() and len(value) < 4 else None


def _finished(course: OwnedCourse) -> bool:
    return bool(course.coursewares) and course.resume is None


def _going_on(courses: list[OwnedCourse]) -> OwnedCourse | None:
    """The course to go on with: the one studied last, else the one bought last."""
    unfinished = [course for course in courses if course.resume is not None]

    def last_studied(course: OwnedCourse) -> tuple[bool, datetime]:
        studied = [c.last_studied_at for c in course.coursewares if c.last_studied_at]
        return bool(studied), max(studied, default=course.enrolled_at)

    return max(unfinished, key=last_studied, default=None)


def _bought_and_left(courses: list[OwnedCourse]) -> dict[str, int]:
    """Hours that are owned and not done yet, by kind of course."""
    left: dict[str, int] = {}
    for course in courses:
        if course.kind is not None:
            left[course.kind] = left.get(course.kind, 0) + course.hours_left
    return left


def _days(account: HourAccount | None, count: int) -> list[tuple[Any, int]]:
    """(day, credited minutes) of the last days, none left out."""
    if account is None:
        return []
    seconds = dict(account.per_day)
    today = clock.today()
    days = [today.fromordinal(today.toordinal() - back) for back in range(count - 1, -1, -1)]
    return [(day, round(seconds.get(day, 0) / 60)) for day in days]
