"""Between us and WeChat, money on its way back: what is committed is sent, and its outcome
asked for and committed.

As in `checkout`, no call is made inside a transaction and no outcome is guessed. What is not known
is sent again with the same number, which WeChat refunds once.
"""

import asyncio
from datetime import timedelta

import structlog

from chassis import clock
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, transaction

from .actions import paybacks as actions
from .model.paybacks import PAYER_READS, Payback, PaybackStatus
from .providers.port import Provider, RefundAnswer, RefundAsked, RefundState, Refused, Unknown
from .store import paybacks as store

log = structlog.get_logger()

SWEEP_SECONDS = 3.0
AT_ONCE = 4
STATES = {
    RefundState.PROCESSING: PaybackStatus.PROCESSING,
    RefundState.SUCCESS: PaybackStatus.SUCCESS,
    RefundState.CLOSED: PaybackStatus.CLOSED,
    RefundState.ABNORMAL: PaybackStatus.ABNORMAL,
    RefundState.UNKNOWN_NUMBER: PaybackStatus.SUBMITTING,  # it did not get there: sent again
}


async def sweep(db: Pool, wechat: Provider, spacing: timedelta) -> None:
    """Send what may be sent now, and ask about what was."""
    async with transaction(db) as tx:
        due = await actions.take_due(tx, spacing=spacing)
    room = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_look_in_turn(room, db, wechat, payback) for payback in due))


async def _look_in_turn(
    room: asyncio.Semaphore, db: Pool, wechat: Provider, payback: Payback
) -> None:
    async with room:
        try:
            await (_send if payback.is_to_send else look)(db, wechat, payback)
        except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
            log.warning("payback_waits", reason=type(reason).__name__)
        except Exception:
            log.exception("payback_not_looked_after", out_refund_no=payback.out_refund_no)


async def _send(db: Pool, wechat: Provider, payback: Payback) -> None:
    """Its gate is passed and the intent committed."""
    asked = RefundAsked(
        out_refund_no=payback.out_refund_no,
        out_trade_no=payback.out_trade_no,
        transaction_id=payback.transaction_id,
        amount_fen=payback.amount_fen,
        total_fen=payback.total_fen,
        reason=PAYER_READS,
    )
    try:
        answer = await wechat.refund(asked)
    except Unknown as reason:
        _log_unknown("refund", payback, reason)
    except Refused as refused:
        await _not_taken(db, wechat, payback, refused)
    else:
        await _settle(db, payback, answer)


async def _not_taken(db: Pool, wechat: Provider, payback: Payback, refused: Refused) -> None:
    """A refusal counts only where WeChat knows of no such refund: an earlier call, of which the
    answer was lost, may have got there."""
    log.warning("refund_refused", out_refund_no=payback.out_refund_no, code=refused.code)
    try:
        answer = await wechat.query_refund(payback.out_refund_no)
    except (Unknown, Refused) as reason:
        _log_unknown("query_refund", payback, reason)
        return
    if answer.state is not RefundState.UNKNOWN_NUMBER:
        await _settle(db, payback, answer)
        return
    async with transaction(db) as tx:
        await actions.settle(
            tx, payback.out_refund_no, PaybackStatus.REFUSED, error_code=refused.code
        )


async def look(db: Pool, wechat: Provider, payback: Payback) -> None:
    """Ask what became of it."""
    try:
        answer = await wechat.query_refund(payback.out_refund_no)
    except (Unknown, Refused) as reason:
        _log_unknown("query_refund", payback, reason)
        return
    await _settle(db, payback, answer)


async def _settle(db: Pool, payback: Payback, answer: RefundAnswer) -> None:
    async with transaction(db) as tx:
        await actions.settle(
            tx,
            payback.out_refund_no,
            STATES[answer.state],
            wechat_id=answer.refund_id,
            amount_fen=answer.amount_fen,
            at=answer.settled_at,
        )


async def look_at_hint(db: Pool, wechat: Provider, out_refund_no: str) -> None:
    """Somebody says that something became of a refund: have it looked at, whatever comes of it."""
    async with transaction(db) as tx:
        waits = await store.look_now(tx, out_refund_no, now=clock.now())
    payback = await store.find_payback(db, out_refund_no) if waits else None
    if payback is not None:
        await look(db, wechat, payback)


def _log_unknown(call: str, payback: Payback, reason: Exception) -> None:
    log.warning(
        "wechat_outcome_unknown",
        call=call,
        out_refund_no=payback.out_refund_no,
        reason=str(reason),
    )
