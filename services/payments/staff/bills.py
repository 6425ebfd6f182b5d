"""The finance desk: the provider's daily bills, and settling what does not fit."""

from datetime import date
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints

from chassis import clock
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from .. import reconciler
from ..actions import reconciliation
from ..deps import WeChatPay, staff_of
from ..model.desk import NoSuchDiscrepancy
from ..model.reconciliation import NoSuchBill
from ..store import desk
from ..store import reconciliation as store

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/books", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Bookkeeper = Annotated[Session, StaffWith(Permission.PAYMENTS_RECEIPTS)]
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)
Day = Annotated[date, Path(ge=FIRST, le=LAST)]
DAYS_SHOWN = 31
DIFFERENCES_SHOWN = 200


class NoteForm(BaseModel):
    note: Annotated[str, StringConstraints(min_length=4, max_length=500)]


@router.get("/bills")
async def list_bills(
    request: Request,
    db: Db,
    who: Reader,
    before: Annotated[date | None, Query(ge=FIRST, le=LAST)] = None,
) -> Response:
    """The days, the latest first."""
    found = await store.list_days(db, before=before, limit=DAYS_SHOWN + 1)
    here = "/staff/payments/books/bills"
    more = f"{here}?before={found[DAYS_SHOWN - 1].day}" if len(found) > DAYS_SHOWN else None
    return page(
        request,
        "staff/bills.html",
        bills=found[:DAYS_SHOWN],
        next_url=more,
        first_url=here if before else None,
    )


@router.get("/bills/{day}")
async def show_bill(request: Request, day: Day, db: Db, who: Reader) -> Response:
    """One day: both sides' sums, and what does not fit."""
    bill = await store.get_day(db, day)
    if bill is None:
        raise NoSuchBill
    return page(
        request,
        "staff/bill.html",
        bill=bill,
        open=await desk.list_discrepancies(db, is_open=True, bill_day=day, limit=DIFFERENCES_SHOWN),
        closed=await desk.list_discrepancies(
            db, is_open=False, bill_day=day, limit=DIFFERENCES_SHOWN
        ),
    )


@router.post("/bills/{day}")
async def fetch_bill(
    request: Request, day: Day, db: Db, wechat: WeChatPay, who: Bookkeeper
) -> Response:
    """Ask for the bill of a day again, and compare. Harmless when nothing has changed."""
    await read_form(request)
    if await store.get_day(db, day) is None:
        raise NoSuchBill
    came = await reconciler.fetch(db, wechat, day, now=clock.now())
    log.info("bill_asked_for", day=day.isoformat(), came=came, staff_id=str(who.subject))
    here = f"/staff/payments/books/bills/{day}"
    if came:
        return see_other(here, request=request, flash="The bill was compared with our books.")
    flash = "The bill is not there yet. It is asked for again every half hour."
    return see_other(here, request=request, flash=flash, kind="warn")


@router.get("/differences/{discrepancy_id}")
async def show_difference(request: Request, discrepancy_id: UUID, db: Db, who: Reader) -> Response:
    return await _difference(request, db, discrepancy_id)


@router.post("/differences/{discrepancy_id}")
async def settle(request: Request, discrepancy_id: UUID, db: Db, who: Bookkeeper) -> Response:
    """Somebody has dealt with it, and says how."""
    form = await read_form(request)
    try:
        said = parse(NoteForm, form)
        async with transaction(db) as tx:
            await reconciliation.settle(
                tx, discrepancy_id, note=said.note, by=staff_of(who), now=clock.now()
            )
    except NoSuchDiscrepancy:
        raise
    except Refusal as refusal:
        return await _difference(request, db, discrepancy_id, refusal, form)
    log.info("difference_settled", discrepancy_id=str(discrepancy_id), staff_id=str(who.subject))
    return see_other("/staff/payments", request=request, flash="The difference is settled.")


async def _difference(
    request: Request,
    db: Pool,
    discrepancy_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    found = await desk.get_discrepancy(db, discrepancy_id)
    if found is None:
        raise NoSuchDiscrepancy
    return page(
        request,
        "staff/difference.html",
        doubt=found,
        refusal=refusal,
        form=form,
        status=refusal.status if refusal else 200,
    )
