"""The mail desk: what could not be delivered, why, and the button that sends it again (W-5)."""

from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.db import transaction
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.forms import read_form
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from . import actions, store
from .model import MailNotFound, State

router = APIRouter(prefix="/staff/notifications", include_in_schema=False)

MAILS_A_PAGE: Final = 30
SEARCH_LENGTH: Final = 100
LISTS: Final[dict[str, tuple[State, ...]]] = {
    "parked": (State.PARKED,),
    "waiting": (State.QUEUED, State.SENDING, State.FAILED),
    "sent": (State.SENT,),
}

Reader = Annotated[Session, StaffWith(Permission.NOTIFICATIONS_READ)]
Resender = Annotated[Session, StaffWith(Permission.NOTIFICATIONS_RESEND)]


@router.get("")
async def show_queue(
    request: Request,
    db: Db,
    who: Reader,
    show: str = "parked",
    q: str = "",
    cursor: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Parked mails first; `show` is parked, waiting or sent, `q` searches in it."""
    show = show if show in LISTS else "parked"
    search = q.strip()[:SEARCH_LENGTH]
    found = await store.list_queue(
        db, states=LISTS[show], search=search, before=cursor, limit=MAILS_A_PAGE + 1
    )
    shown = found[:MAILS_A_PAGE]
    more = len(found) > MAILS_A_PAGE
    counts = await store.count_by_state(db)
    return page(
        request,
        "staff/queue.html",
        mails=shown,
        show=show,
        search=search,
        counts={name: sum(counts[state] for state in states) for name, states in LISTS.items()},
        unknowns=await store.count_unknowns(db),
        may_resend=who.may(Permission.NOTIFICATIONS_RESEND),
        first_url=_here(show, search) if cursor else None,
        next_url=_here(show, search, cursor=str(shown[-1].mail_id)) if more else None,
    )


@router.get("/mails/{mail_id}")
async def show_mail(request: Request, db: Db, who: Reader, mail_id: UUID) -> Response:
    """One mail with everything that happened to it."""
    mail = await store.get_mail(db, mail_id)
    if mail is None:
        raise MailNotFound
    return page(
        request,
        "staff/mail.html",
        mail=mail,
        entries=await store.list_trail(db, mail_id),
        may_resend=who.may(Permission.NOTIFICATIONS_RESEND),
    )


@router.post("/mails/{mail_id}/resend")
async def resend(request: Request, db: Db, who: Resender, mail_id: UUID) -> Response:
    await read_form(request)
    async with transaction(db) as tx:
        await actions.resend(tx, mail_id, staff_id=who.subject, staff_name=who.name)
    return see_other(
        f"/staff/notifications/mails/{mail_id}",
        request=request,
        flash="The mail will be sent again now.",
    )


@router.post("/parked/resend")
async def resend_all(request: Request, db: Db, who: Resender) -> Response:
    await read_form(request)
    async with transaction(db) as tx:
        count = await actions.resend_all(tx, staff_id=who.subject, staff_name=who.name)
    return see_other(
        "/staff/notifications?show=waiting",
        request=request,
        flash="%(count)s mails will be sent again now.",
        count=count,
    )


def _here(show: str, search: str, **more: str) -> str:
    asked = {"show": show, **({"q": search} if search else {}), **more}
    return f"/staff/notifications?{urlencode(asked)}"
