"""The appeals desk: a learner's words against a day's uncredited time (P-9, P-12)."""

from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Invalid, Refusal
from chassis.web.deps import Db
from chassis.web.forms import parse, read_form
from chassis.web.pages import page, see_other

from .. import actions, days
from ..actions import deciding
from ..model.desk import NoSuchAppeal
from ..store import desk_appeals
from .desk import DESK, PAGE_ROWS, Corrector, Reader, Reason, url, written_by

log = structlog.get_logger()
router = APIRouter(prefix=f"{DESK}/appeals", include_in_schema=False)

DECIDED_SHOWN = 20
DAY_MINUTES = 24 * 60


class DecisionForm(BaseModel):
    decision: Literal["grant", "decline"]
    minutes: Annotated[int, Field(ge=1, le=DAY_MINUTES)] | None = None
    answer: Reason

    @property
    def granted_ms(self) -> int:
        """Raises `Invalid` where time is granted without saying how much."""
        if self.decision == "decline":
            return 0
        if self.minutes is None:
            raise Invalid({"minutes": "Please fill this in."})
        return self.minutes * 60_000


@router.get("")
async def list_appeals(
    request: Request, db: Db, who: Reader, cursor: UUID | None = None
) -> Response:
    """Those that wait, the oldest first; below them the last that were decided."""
    found = await desk_appeals.list_open(db, after=cursor, limit=PAGE_ROWS + 1)
    more = len(found) > PAGE_ROWS
    return page(
        request,
        "staff/appeals.html",
        waiting=await desk_appeals.count_open(db),
        found=found[:PAGE_ROWS],
        decided=await desk_appeals.list_decided(db, limit=DECIDED_SHOWN),
        next_url=url("/appeals", cursor=found[PAGE_ROWS - 1].appeal_id) if more else None,
        first_url=url("/appeals") if cursor else None,
    )


@router.get("/{appeal_id}")
async def show_appeal(request: Request, appeal_id: UUID, db: Db, who: Reader) -> Response:
    return await _appeal(request, db, appeal_id)


@router.post("/{appeal_id}")
async def decide(request: Request, appeal_id: UUID, db: Db, who: Corrector) -> Response:
    """Grant minutes of that day, or decline; the learner reads the answer."""
    form = await read_form(request)
    try:
        said = parse(DecisionForm, form)
        async with transaction(db) as tx:
            await actions.decide_appeal(
                tx,
                appeal_id=appeal_id,
                granted_ms=said.granted_ms,
                answer=said.answer,
                by=written_by(who),
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _appeal(request, db, appeal_id, refusal=refusal, form=form)
    log.info("appeal_decided", appeal_id=str(appeal_id), staff_id=str(who.subject))
    return see_other(f"{DESK}/appeals", request=request, flash="The learner can read your answer.")


async def _appeal(
    request: Request, db: Pool, appeal_id: UUID, *, refusal: Refusal | None = None, **more: Any
) -> Response:
    appeal = await desk_appeals.get_case(db, appeal_id)
    if appeal is None:
        raise NoSuchAppeal()
    return page(
        request,
        "staff/appeal.html",
        status=refusal.status if refusal else 200,
        appeal=appeal,
        band=await days.read_band(
            db, learner_id=appeal.learner_id, courseware_id=appeal.courseware_id, day=appeal.day
        ),
        minutes_left=await deciding.grantable_ms(db, appeal) // 60_000,
        refusal=refusal,
        **more,
    )
