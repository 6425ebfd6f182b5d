"""The staff desk of the discount (W-2)."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis import clock
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from ..actions import discounts
from ..deps import staff_of
from ..model.discounts import NoSuchDiscount
from ..store import discount_desk as desk
from ..store import discounts as store
from ..store import learners

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/discounts", include_in_schema=False)

PAGE_SIZE = 50
WAITING_SHOWN = 100
Reader = StaffWith(Permission.PAYMENTS_READ)
Decider = Annotated[Session, StaffWith(Permission.PAYMENTS_CASES)]


class RefusalForm(BaseModel):
    reason: str = Field(min_length=1, max_length=1000)


@router.get("", dependencies=[Reader])
async def show_desk(
    request: Request,
    db: Db,
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What waits, the oldest first; then everything, the newest first."""
    found = await desk.search(db, text=q.strip(), before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    here = f"/staff/payments/discounts?{urlencode({'q': q.strip()})}"
    return page(
        request,
        "staff/discounts.html",
        waiting=await desk.list_waiting(db, limit=WAITING_SHOWN),
        waiting_count=await desk.count_waiting(db),
        unknown_courses=await desk.count_courses_of_unknown_kind(db),
        found=shown,
        q=q.strip(),
        now=clock.now(),
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={shown[-1].discount_id}" if len(found) > PAGE_SIZE else None,
    )


@router.get("/{discount_id}", dependencies=[Reader])
async def show_case(request: Request, db: Db, discount_id: UUID) -> Response:
    return await _case(request, db, discount_id)


@router.post("/{discount_id}/grant")
async def grant(request: Request, db: Db, discount_id: UUID, who: Decider) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            await discounts.grant(tx, discount_id=discount_id, by=staff_of(who))
    except NoSuchDiscount:
        raise
    except Refusal as refusal:
        return await _case(request, db, discount_id, refusal)
    log.info("discount_granted", discount_id=str(discount_id))
    flash = N_("The discount is granted; the learner is told.")
    return see_other("/staff/payments/discounts", request=request, flash=flash)


@router.post("/{discount_id}/refusal")
async def refuse(request: Request, db: Db, discount_id: UUID, who: Decider) -> Response:
    form = await read_form(request)
    try:
        wanted = parse(RefusalForm, form)
        async with transaction(db) as tx:
            await discounts.refuse(
                tx, discount_id=discount_id, by=staff_of(who), reason=wanted.reason
            )
    except NoSuchDiscount:
        raise
    except Refusal as refusal:
        return await _case(request, db, discount_id, refusal, form)
    log.info("discount_refused", discount_id=str(discount_id))
    flash = N_("The application is refused; the learner reads the reason.")
    return see_other("/staff/payments/discounts", request=request, flash=flash)


async def _case(
    request: Request,
    db: Pool,
    discount_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    discount = await store.get_discount(db, discount_id)
    if discount is None:
        raise NoSuchDiscount
    others = await store.list_discounts(db, discount.learner_id)
    return page(
        request,
        "staff/discount.html",
        discount=discount,
        learner=await learners.get_learner(db, discount.learner_id),
        renewals=await store.list_renewals(db, discount.learner_id),
        others=[other for other in others if other.discount_id != discount_id],
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
