"""What a learning record store refused: a staff page with the reasons, and the way to resend."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import transaction
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.forms import read_form
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from . import statements
from .store import statements as store

PLACE: Final = "/staff/progress/statements"
STATEMENTS_A_PAGE: Final = 30

router = APIRouter(prefix=PLACE, include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PROGRESS_READ)]
Resender = Annotated[Session, StaffWith(Permission.PROGRESS_EVENTS)]


@router.get("")
async def show_parked(
    request: Request, db: Db, who: Reader, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    """What was refused, the newest first."""
    found = await store.list_parked(db, before=cursor, limit=STATEMENTS_A_PAGE + 1)
    shown = found[:STATEMENTS_A_PAGE]
    more = len(found) > STATEMENTS_A_PAGE
    return page(
        request,
        "staff/statements.html",
        statements=shown,
        counts=await store.count(db),
        endpoint=request.app.state.kit.settings.xapi_endpoint,
        may_resend=who.may(Permission.PROGRESS_EVENTS),
        first_url=PLACE if cursor else None,
        next_url=f"{PLACE}?cursor={shown[-1].statement_id}" if more else None,
    )


@router.post("/{statement_id}/resend")
async def resend(request: Request, db: Db, who: Resender, statement_id: UUID) -> Response:
    await read_form(request)
    async with transaction(db) as tx:
        await statements.resend(tx, statement_id, now=clock.now())
    return see_other(PLACE, request=request, flash="The statement will be sent again now.")


@router.post("/resend")
async def resend_all(request: Request, db: Db, who: Resender) -> Response:
    await read_form(request)
    async with transaction(db) as tx:
        count = await statements.resend_all(tx, now=clock.now())
    return see_other(
        PLACE, request=request, flash="%(count)s statements will be sent again now.", count=count
    )
