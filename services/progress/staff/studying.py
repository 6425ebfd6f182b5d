"""Who is studying now, and what all learners studied on each day (P-12)."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool
from chassis.web.deps import Db
from chassis.web.pages import page

from ..model.desk import DayOfAll
from ..settings import ProgressSettings
from ..store import desk as store
from .desk import DESK, PAGE_ROWS, Reader, url

DAYS_SHOWN = 30
ONE_DAY = timedelta(days=1)
SCALES: list[int] = [step * 10**power for power in range(1, 10) for step in (1, 2, 5)]

router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("")
async def show_studying(
    request: Request, db: Db, who: Reader, cursor: UUID | None = None
) -> Response:
    told: ProgressSettings = request.app.state.kit.settings
    midnight = datetime.combine(clock.today(), time.min, clock.CHINA)
    days = await _days_of_all(db)
    learners, hours = await store.count_today(db, midnight, session_life=told.session_life)
    return page(
        request,
        "staff/studying.html",
        learners=learners,
        hours=hours,
        days=days,
        tops={
            "hours": _top_of(max(each.hours for each in days)),
            "learners": _top_of(max(each.learners for each in days)),
        },
        **await _now(request, db, cursor),
    )


@router.get("/now")
async def show_now(request: Request, db: Db, who: Reader, cursor: UUID | None = None) -> Response:
    """The part of the page that is fetched again while somebody looks at it."""
    return page(request, "staff/now.html", **await _now(request, db, cursor))


async def _now(request: Request, db: Pool, cursor: UUID | None) -> dict[str, Any]:
    told: ProgressSettings = request.app.state.kit.settings
    heard_since = told.silent_before(clock.now())
    found = await store.list_open(db, heard_since, before=cursor, limit=PAGE_ROWS + 1)
    more = len(found) > PAGE_ROWS
    return {
        "studying": found[:PAGE_ROWS],
        "states": await store.count_states(db, heard_since),
        "next_url": url("", cursor=found[PAGE_ROWS - 1].session_id) if more else None,
        "first_url": url("") if cursor else None,
    }


async def _days_of_all(db: Pool) -> list[DayOfAll]:
    """The last days, none left out, oldest first."""
    today = clock.today()
    since = today - ONE_DAY * (DAYS_SHOWN - 1)
    studied = {each.day: each for each in await store.list_days_of_all(db, since)}
    days = [since + ONE_DAY * number for number in range(DAYS_SHOWN)]
    return [studied.get(day, DayOfAll(day, learners=0, credited_ms=0)) for day in days]


def _top_of(most: int) -> int:
    """The end of a chart's scale: 10, 20, 50, 100, 200, …"""
    return next(top for top in SCALES if top >= most)
