"""Learners at the desk: the search, one learner's record, and putting it right (P-11, P-12)."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, field_validator

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import parse, read_form
from chassis.web.pages import page, see_other
from contracts.catalogue import CourseKind

from .. import actions, days, read
from ..model import HourAccount, NoSuchCourseware, NotEnrolled
from ..model.desk import FoundLearner, NoSuchLearner
from ..settings import ProgressSettings
from ..store import corrections, desk_appeals, entries, flags
from ..store import desk as store
from .desk import DESK, PAGE_ROWS, Corrector, Reader, Reason, url, written_by

log = structlog.get_logger()
router = APIRouter(prefix=f"{DESK}/learners", include_in_schema=False)

ID_PREFIX = re.compile(r"[0-9a-f]{6,32}")
DAYS_SHOWN = 30
HOURS_MAX = 40  # of one correction: a whole cycle
MINUTES_MAX = 600
LINES_SHOWN = 50  # of entries, appeals and flags each


class HoursForm(BaseModel):
    """Hours of a kind, added or taken away."""

    course_kind: CourseKind
    hours: Annotated[int, Field(ge=-HOURS_MAX, le=HOURS_MAX)]
    reason: Reason

    @field_validator("hours")
    @classmethod
    def changes_something(cls, hours: int) -> int:
        if hours == 0:
            raise ValueError("Enter how many hours to add, or with a minus how many to take away.")
        return hours


class TimeForm(BaseModel):
    """Minutes of a courseware, added or taken away."""

    courseware: UUID
    minutes: Annotated[int, Field(ge=-MINUTES_MAX, le=MINUTES_MAX)]
    why: Reason

    @field_validator("minutes")
    @classmethod
    def changes_something(cls, minutes: int) -> int:
        if minutes == 0:
            raise ValueError(
                "Enter how many minutes to add, or with a minus how many to take away."
            )
        return minutes


class Ids(NamedTuple):
    """Every account id that begins with the same characters."""

    first: UUID
    last: UUID


@router.get("")
async def search(
    request: Request,
    db: Db,
    who: Reader,
    q: Annotated[str, Query(max_length=80)] = "",
    cursor: UUID | None = None,
) -> Response:
    """By a name's beginning, or by the beginning of an account id."""
    wanted = q.strip().replace("\0", "")
    found = await _find(db, wanted, after=cursor)
    more = len(found) > PAGE_ROWS
    return page(
        request,
        "staff/learners.html",
        q=wanted,
        found=found[:PAGE_ROWS],
        next_url=url("/learners", q=wanted, cursor=found[PAGE_ROWS - 1].learner_id)
        if more
        else None,
        first_url=url("/learners", q=wanted) if cursor else None,
    )


async def _find(db: Pool, wanted: str, *, after: UUID | None) -> list[FoundLearner]:
    if ids := ids_beginning(wanted):
        return await store.list_by_id(db, ids.first, ids.last, after=after, limit=PAGE_ROWS + 1)
    return await store.list_by_name(db, wanted, after=after, limit=PAGE_ROWS + 1)


def ids_beginning(text: str) -> Ids | None:
    """None where the text is no beginning of an account id."""
    digits = text.lower().replace("-", "")
    if not ID_PREFIX.fullmatch(digits):
        return None
    return Ids(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))


@router.get("/{learner_id}")
async def show_learner(request: Request, learner_id: UUID, db: Db, who: Reader) -> Response:
    """Everything that is recorded of a learner."""
    learner = await _get(db, learner_id)
    account = await read.hour_account(db, learner_id, clock.today())
    return page(
        request,
        "staff/learner.html",
        learner=learner,
        account=account,
        courses=await read.my_courses(db, learner_id),
        days=_minutes_per_day(account),
        corrections=await corrections.list_corrections(db, learner_id),
        entries=await entries.list_of_learner(db, learner_id, limit=LINES_SHOWN),
        appeals=await desk_appeals.list_of_learner(db, learner_id, limit=LINES_SHOWN),
        flags=await flags.list_of_learner(db, learner_id, limit=LINES_SHOWN),
    )


@router.get("/{learner_id}/coursewares/{courseware_id}")
async def show_courseware(
    request: Request,
    learner_id: UUID,
    courseware_id: UUID,
    db: Db,
    who: Reader,
    cursor: date | None = None,
) -> Response:
    """The record of one courseware, day by day, as its learner sees it (P-9)."""
    learner = await _get(db, learner_id)
    told: ProgressSettings = request.app.state.kit.settings
    try:
        record = await days.read_record(
            db,
            learner_id=learner_id,
            courseware_id=courseware_id,
            silent_before=told.silent_before(clock.now()),
            before=cursor,
        )
    except NotEnrolled:
        raise NoSuchCourseware() from None
    place = f"/learners/{learner_id}/coursewares/{courseware_id}"
    return page(
        request,
        "staff/courseware.html",
        learner=learner,
        record=record,
        next_url=url(place, cursor=record.next_cursor) if record.next_cursor else None,
        first_url=url(place) if cursor else None,
    )


@router.get("/{learner_id}/corrections")
async def show_corrections(request: Request, learner_id: UUID, db: Db, who: Corrector) -> Response:
    return await _corrections(request, db, learner_id)


@router.post("/{learner_id}/corrections/hours")
async def correct_hours(request: Request, learner_id: UUID, db: Db, who: Corrector) -> Response:
    """An entry in the hour account, with its reason."""
    form = await read_form(request)
    try:
        asked = parse(HoursForm, form)
        async with transaction(db) as tx:
            hours_total = await actions.correct_hours(
                tx,
                learner_id=learner_id,
                course_kind=asked.course_kind,
                hours=asked.hours,
                reason=asked.reason,
                by=written_by(who),
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _corrections(request, db, learner_id, refusal=refusal, sent="hours", form=form)
    log.info("hours_corrected", learner_id=str(learner_id), staff_id=str(who.subject))
    return see_other(
        f"{DESK}/learners/{learner_id}",
        request=request,
        flash="The entry is written. The account has %(hours)s hours in this cycle now.",
        hours=hours_total,
    )


@router.post("/{learner_id}/corrections/time")
async def correct_time(request: Request, learner_id: UUID, db: Db, who: Corrector) -> Response:
    """An entry beside the study time of a courseware, with its reason."""
    form = await read_form(request)
    try:
        asked = parse(TimeForm, form)
        async with transaction(db) as tx:
            credited_ms = await actions.correct_study_time(
                tx,
                learner_id=learner_id,
                courseware_id=asked.courseware,
                change_ms=asked.minutes * 60_000,
                reason=asked.why,
                by=written_by(who),
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _corrections(request, db, learner_id, refusal=refusal, sent="time", form=form)
    log.info("study_time_corrected", learner_id=str(learner_id), staff_id=str(who.subject))
    return see_other(
        f"{DESK}/learners/{learner_id}",
        request=request,
        flash="The entry is written. %(minutes)s minutes are credited for the courseware now.",
        minutes=credited_ms // 60_000,
    )


async def _corrections(
    request: Request, db: Pool, learner_id: UUID, *, refusal: Refusal | None = None, **more: Any
) -> Response:
    return page(
        request,
        "staff/corrections.html",
        status=refusal.status if refusal else 200,
        learner=await _get(db, learner_id),
        account=await read.hour_account(db, learner_id, clock.today()),
        courses=await read.my_courses(db, learner_id),
        refusal=refusal,
        **{"sent": None, **more},
    )


async def _get(db: Pool, learner_id: UUID) -> FoundLearner:
    """Raises `NoSuchLearner`."""
    found = await store.list_by_id(db, learner_id, learner_id, after=None, limit=1)
    if not found:
        raise NoSuchLearner()
    return found[0]


def _minutes_per_day(account: HourAccount | None) -> list[tuple[Any, int]]:
    """(day, credited minutes) of the last days, none left out, oldest first."""
    seconds = dict(account.per_day) if account else {}
    today = clock.today()
    days = [today - timedelta(days=back) for back in range(DAYS_SHOWN - 1, -1, -1)]
    return [(day, round(seconds.get(day, 0) / 60)) for day in days]
