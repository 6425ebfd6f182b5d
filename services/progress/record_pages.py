"""The learner's door to the record of a courseware: every day of it, and appeals (P-9)."""

from datetime import date
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Conflict, Invalid, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner

from . import actions, days
from .model import AppealDay, Words
from .settings import ProgressSettings

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)


class AppealForm(BaseModel):
    """`cursor`: the page of days on which the form stood."""

    day: AppealDay
    words: Words
    cursor: date | None = None


@router.get("/study/{courseware_id}/record")
async def show_record(
    request: Request,
    courseware_id: UUID,
    db: Db,
    who: CurrentLearner,
    cursor: Annotated[date | None, Query()] = None,
) -> Response:
    """Every day on which this courseware was studied, the latest first."""
    record = await _read(request, db, who.subject, courseware_id, cursor)
    return page(request, "study_record.html", record=record, cursor=cursor)


@router.post("/study/{courseware_id}/appeals")
async def open_appeal(
    request: Request, courseware_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    form = await read_form(request)
    day = form.get("day", "")
    try:
        appeal = parse(AppealForm, {**form, "words": form.get(f"words-{day}", "")})
        async with transaction(db) as tx:
            appeal_id = await actions.open_appeal(
                tx,
                learner_id=who.subject,
                courseware_id=courseware_id,
                day=appeal.day,
                words=appeal.words,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refusal:
        return await _show_again(request, db, who.subject, courseware_id, form, refusal)
    log.info("appeal_opened", appeal_id=str(appeal_id), courseware_id=str(courseware_id))
    place = f"?cursor={appeal.cursor}" if appeal.cursor else ""
    return see_other(
        f"/study/{courseware_id}/record{place}#day-{appeal.day}",
        request=request,
        flash="Your appeal has been sent. The answer will stand beside the day.",
    )


@router.get("/study/{courseware_id}/appeals")
async def go_back_to_record(courseware_id: UUID, who: CurrentLearner) -> Response:
    """Who reloads the answer to an appeal is back in the record."""
    return see_other(f"/study/{courseware_id}/record")


async def _show_again(
    request: Request, db: Pool, learner_id: UUID, courseware_id: UUID, form: Form, refusal: Refusal
) -> Response:
    """The page on which the form stood, with what was written and why it was refused."""
    if isinstance(refusal, Invalid) and "words" in refusal.errors:
        refusal = Invalid({f"words-{form['day']}": refusal.errors["words"]})
    cursor = _date(form.get("cursor", ""))
    record = await _read(request, db, learner_id, courseware_id, cursor)
    return page(
        request,
        "study_record.html",
        record=record,
        cursor=cursor,
        form=form,
        refusal=refusal,
        status=refusal.status,
    )


async def _read(
    request: Request, db: Pool, learner_id: UUID, courseware_id: UUID, cursor: date | None
) -> days.StudyRecord:
    settings: ProgressSettings = request.app.state.kit.settings
    return await days.read_record(
        db,
        learner_id=learner_id,
        courseware_id=courseware_id,
        silent_before=settings.silent_before(clock.now()),
        before=cursor,
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
