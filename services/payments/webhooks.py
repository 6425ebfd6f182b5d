"""WeChat's door: payment notifications.

The reply says that the notification is kept, not that it is believed: a query must agree before
anything is paid. Whatever may not be believed is answered FAIL and changes nothing. Each version of
the API has an address of its own; which of them is spoken, the settings say.
"""

import asyncio
import time
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response

from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, transaction
from chassis.web.deps import Db
from chassis.web.who import Anyone

from . import checkout, returning
from .actions import settlement
from .deps import OwnSettings, WeChatPay
from .model.attempts import Attempt, Trade
from .providers.port import NotTrusted, Provider, SignatureProbe
from .providers.wechat_json import NOT_TAKEN as NOT_TAKEN_V3
from .providers.wechat_json import TAKEN as TAKEN_V3
from .providers.wechat_xml import NOT_TAKEN, TAKEN

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, dependencies=[Anyone])

XML = "text/xml; charset=utf-8"
SUMMARY_SECONDS = 10.0


@dataclass
class RefusedNotifications:
    """Counts what was not believed, for one log line in ten seconds however many come."""

    count: int = 0
    told_at: float = float("-inf")

    def add(self, reason: str) -> None:
        self.count += 1
        if time.monotonic() - self.told_at >= SUMMARY_SECONDS:
            log.warning("notifications_not_trusted", count=self.count, last=reason)
            self.count, self.told_at = 0, time.monotonic()


@router.post("/webhooks/wechat")
async def receive_notification(
    request: Request, db: Db, wechat: WeChatPay, settings: OwnSettings
) -> Response:
    """API v2: XML. The reply's status does not matter to WeChat, its words do."""
    taken = await _receive(request, db, wechat, seconds=settings.webhook_wait_seconds)
    if taken:
        return Response(TAKEN, media_type=XML)
    return Response(NOT_TAKEN, status_code=400, media_type=XML)


@router.post("/webhooks/wechat/v3")
async def receive_notification_v3(
    request: Request, db: Db, wechat: WeChatPay, settings: OwnSettings
) -> Response:
    """API v3: no body says that it is kept; any 4xx or 5xx that it is not."""
    taken = await _receive(request, db, wechat, seconds=settings.webhook_wait_seconds)
    if taken:
        return Response(status_code=TAKEN_V3)
    return Response(NOT_TAKEN_V3, status_code=401, media_type="application/json")


async def _receive(request: Request, db: Pool, wechat: Provider, *, seconds: float) -> bool:
    """Keep it; settle at once where the query is quick, else leave it to the sweeper. False if it
    may not be believed."""
    raw = await request.body()
    try:
        trade = wechat.read_notification(raw, request.headers)
    except SignatureProbe:
        log.info("notification_was_a_probe")
        return False
    except NotTrusted as reason:
        request.app.state.refused_notifications.add(str(reason))
        return False
    if trade is None:
        return True

    async with transaction(db) as tx:
        attempt = await settlement.receive(tx, trade, raw)
    log.info("notification_kept", out_trade_no=trade.out_trade_no, amount_fen=trade.amount_fen)

    if attempt is not None:
        await _confirm(db, wechat, attempt, trade, seconds=seconds)
    return True


async def _confirm(
    db: Pool, wechat: Provider, attempt: Attempt, trade: Trade, *, seconds: float
) -> None:
    """Query and settle, within the time that WeChat waits. What fails here is the sweeper's."""
    try:
        async with asyncio.timeout(seconds):
            await checkout.collect(db, wechat, attempt, notified=trade)
    except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
        log.warning("notification_left_to_sweeper", reason=type(reason).__name__)


@router.post("/webhooks/wechat/refunds")
async def receive_refund_hint(
    request: Request, db: Db, wechat: WeChatPay, settings: OwnSettings
) -> Response:
    """API v2: a refund has moved, somebody says."""
    if await _look_at_refund(request, db, wechat, seconds=settings.webhook_wait_seconds):
        return Response(TAKEN, media_type=XML)
    return Response(NOT_TAKEN, status_code=400, media_type=XML)


@router.post("/webhooks/wechat/v3/refunds")
async def receive_refund_hint_v3(
    request: Request, db: Db, wechat: WeChatPay, settings: OwnSettings
) -> Response:
    """API v3: the same."""
    if await _look_at_refund(request, db, wechat, seconds=settings.webhook_wait_seconds):
        return Response(status_code=TAKEN_V3)
    return Response(NOT_TAKEN_V3, status_code=401, media_type="application/json")


async def _look_at_refund(request: Request, db: Pool, wechat: Provider, *, seconds: float) -> bool:
    """Look at it now: what is true WeChat's server tells. False if it may not be believed."""
    raw = await request.body()
    try:
        out_refund_no = wechat.read_refund_hint(raw, request.headers)
    except SignatureProbe:
        log.info("notification_was_a_probe")
        return False
    except NotTrusted as reason:
        request.app.state.refused_notifications.add(str(reason))
        return False
    if out_refund_no is not None:
        try:
            async with asyncio.timeout(seconds):
                await returning.look_at_hint(db, wechat, out_refund_no)
        except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
            log.warning("refund_left_to_sweeper", reason=type(reason).__name__)
    return True
