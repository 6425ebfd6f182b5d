"""The staff page of events that a service could not handle: what, why, since when, replay."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import inbox
from chassis.db import transaction
from chassis.permissions import Permission
from chassis.refusals import Conflict
from chassis.web.deps import Db
from chassis.web.forms import read_form
from chassis.web.pages import page, see_other
from chassis.web.who import StaffWith


class NotParked(Conflict):
    """This event is not parked any more. Perhaps a colleague has replayed it."""


def events_router(service: str) -> APIRouter:
    """`/staff/<service>/events`, for who holds `<service>:events:replay`."""
    needed = StaffWith(Permission(f"{service}:events:replay"))
    router = APIRouter(
        prefix=f"/staff/{service}/events", dependencies=[needed], include_in_schema=False
    )

    @router.get("")
    async def show(request: Request, db: Db) -> Response:
        return page(request, "events.html", events=await inbox.list_unsettled(db), service=service)

    @router.post("/{message_id}/replay")
    async def replay(request: Request, message_id: str, db: Db) -> Response:
        await read_form(request)
        async with transaction(db) as tx:
            replayed = await inbox.replay(tx, message_id)
        if not replayed:
            raise NotParked()
        return see_other(
            f"/staff/{service}/events", request=request, flash="The event will be tried again now."
        )

    return router
