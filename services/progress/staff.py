"""The study desk: who is studying now (the first part of P-12). Read only."""

from datetime import datetime, time
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import clock
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import Session, StaffWith

from .settings import ProgressSettings
from .store import desk

router = APIRouter(prefix="/staff/progress", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PROGRESS_READ)]


@router.get("")
async def show_desk(request: Request, db: Db, who: Reader) -> Response:
    told: ProgressSettings = request.app.state.kit.settings
    midnight = datetime.combine(clock.today(), time.min, clock.CHINA)
    learners, hours = await desk.count_today(db, midnight, session_life=told.session_life)
    return page(
        request,
        "staff/studying.html",
        studying=await desk.list_open(db, told.silent_before(clock.now())),
        learners=learners,
        hours=hours,
        may_replay=who.may(Permission.PROGRESS_EVENTS),
    )
