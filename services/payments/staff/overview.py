"""The finance desk: what needs action first, what came in, what is owed."""

from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from chassis import clock
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.i18n import ngettext
from chassis.web.pages import page, speak
from chassis.web.who import Session, StaffWith

from ..model.desk import nice_top
from ..store import desk, revenue, waiting

router = APIRouter(prefix="/staff/payments", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
CHART_DAYS = 30
DISCREPANCIES_SHOWN = 50


@router.get("")
async def show_desk(request: Request, db: Db, who: Reader) -> Response:
    today = clock.today()
    month_begins = datetime.combine(today.replace(day=1), time(), clock.CHINA)
    days = await revenue.list_revenue(db, since=today - timedelta(days=CHART_DAYS - 1), until=today)
    jobs = await waiting.list_waiting(db)
    return page(
        request,
        "staff/payments.html",
        jobs=jobs,
        waiting=sum(job.count for job in jobs),
        now=clock.now(),
        discrepancies=await desk.list_discrepancies(db, is_open=True, limit=DISCREPANCIES_SHOWN),
        days=days,
        top_fen=nice_top(max(day.total_fen for day in days)),
        month=await revenue.get_month(db, since=month_begins),
    )


@router.get("/waiting")
async def count(request: Request, db: Db, who: Reader) -> Response:
    """How much waits here, for the landing page of staff."""
    jobs = await waiting.list_waiting(db)
    number = sum(job.count for job in jobs)
    speak(request)
    return JSONResponse(
        {
            "waiting": number,
            "urgent": any(job.is_urgent for job in jobs),
            "text": ngettext("%(n)s matter waits", "%(n)s matters wait", number),
        },
        headers={"Cache-Control": "no-store"},
    )
