"""The learner's page 「消息」: everything that was mailed to them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import CurrentLearner

from . import store

MESSAGES_A_PAGE = 20

router = APIRouter(include_in_schema=False)


@router.get("/messages")
async def show_messages(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    """The latest first. Secret links are not shown: they are in the mail only."""
    found = await store.list_mails_of(
        db, learner_id=who.subject, before=cursor, limit=MESSAGES_A_PAGE + 1
    )
    shown = found[:MESSAGES_A_PAGE]
    more = len(found) > MESSAGES_A_PAGE
    return page(
        request,
        "messages.html",
        mails=shown,
        first_url="/messages" if cursor else None,
        next_url=f"/messages?cursor={shown[-1].mail_id}" if more else None,
    )
