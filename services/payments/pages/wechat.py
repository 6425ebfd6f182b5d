"""Paying inside WeChat: its browser is asked who it is, and comes back with a code ($-2)."""

import secrets
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.pages import see_other
from chassis.web.who import CurrentLearner

from .. import checkout
from ..deps import OwnSettings, WeChatPay, WhoInWeChat
from ..model.attempts import Method, PayerNotKnown
from ..model.orders import NoSuchOrder
from ..store import orders as store

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

STATE = "wechat_state"
STATE_SECONDS = 600
NEVER_STORED = {"Cache-Control": "no-store"}


def is_inside(request: Request) -> bool:
    """Whether this is WeChat's own browser."""
    return "MicroMessenger" in request.headers.get("user-agent", "")


@router.get("/orders/{order_id}/wechat")
async def ask_who_pays(
    request: Request,
    order_id: UUID,
    db: Db,
    who: CurrentLearner,
    login: WhoInWeChat,
    settings: OwnSettings,
) -> Response:
    """To WeChat, with a state that only this browser knows: nobody else's code comes back here."""
    if await store.get_order(db, order_id=order_id, learner_id=who.subject) is None:
        raise NoSuchOrder
    state = secrets.token_hex(16)
    here = f"/orders/{order_id}/wechat"
    address = login.address(back_to=f"{settings.public_url}{here}/callback", state=state)
    answer = RedirectResponse(address, status_code=303, headers=NEVER_STORED)
    answer.set_cookie(
        STATE,
        state,
        max_age=STATE_SECONDS,
        path=here,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )
    return answer


@router.get("/orders/{order_id}/wechat/callback")
async def come_back(
    request: Request,
    order_id: UUID,
    db: Db,
    who: CurrentLearner,
    wechat: WeChatPay,
    login: WhoInWeChat,
    code: Annotated[str, Query(max_length=512)] = "",
    state: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    """Have the payment made ready, and open it on the order's page."""
    try:
        _check_state(request, state)
        openid = await checkout.identify(login, code)
        await checkout.start(
            db,
            wechat,
            learner_id=who.subject,
            order_id=order_id,
            method=Method.WECHAT_JSAPI,
            openid=openid,
        )
    except NoSuchOrder:
        raise
    except Refusal as refusal:
        log.info("not_payable_inside_wechat", order_id=str(order_id), code=refusal.code)
        back = see_other(
            f"/orders/{order_id}",
            request=request,
            flash=refusal.message,
            kind="bad",
            **refusal.values,
        )
    else:
        back = see_other(f"/orders/{order_id}#pay-now")
    back.delete_cookie(STATE, path=f"/orders/{order_id}/wechat")
    return back


def _check_state(request: Request, state: str) -> None:
    kept = request.cookies.get(STATE, "")
    if not kept or not secrets.compare_digest(kept.encode(), state.encode()):
        raise PayerNotKnown
