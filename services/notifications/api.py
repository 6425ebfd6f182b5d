"""The JSON door of notifications: a learner's messages."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from . import store
from .model import Mail, State, Template

router = APIRouter(prefix="/api/notifications", tags=["notifications"])

LIMIT_MAX = 100


class Delivery(StrEnum):
    """Where the mail behind a message is."""

    ON_ITS_WAY = "on_its_way"
    SENT = "sent"
    NOT_DELIVERED = "not_delivered"


class Message(BaseModel):
    """A mail as its learner may read it again: without secret links."""

    message_id: UUID
    kind: Template
    subject: str
    text: str
    delivery: Delivery
    at: datetime


class MessagePage(BaseModel):
    items: list[Message]
    next_cursor: UUID | None


@router.get("/messages")
async def list_messages(
    db: Db,
    who: CurrentLearner,
    cursor: Annotated[UUID | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 20,
) -> MessagePage:
    """Everything that was mailed to the learner, the latest first."""
    found = await store.list_mails_of(db, learner_id=who.subject, before=cursor, limit=limit + 1)
    items = [_message(mail) for mail in found[:limit]]
    more = len(found) > limit
    return MessagePage(items=items, next_cursor=items[-1].message_id if more else None)


def _message(mail: Mail) -> Message:
    return Message(
        message_id=mail.mail_id,
        kind=mail.template,
        subject=mail.subject or "",
        text=mail.body or "",
        delivery=delivery_of(mail.state),
        at=mail.sent_at or mail.queued_at,
    )


def delivery_of(state: State) -> Delivery:
    known = {State.SENT: Delivery.SENT, State.PARKED: Delivery.NOT_DELIVERED}
    return known.get(state, Delivery.ON_ITS_WAY)
