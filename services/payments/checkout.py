"""Between us and WeChat: intent → commit → call → commit the outcome.

No call is made inside a transaction, and no outcome is guessed: what is not known stays as it is
until the sweeper asks again, with the same number.
"""

from uuid import UUID

import structlog

from chassis.db import Pool, transaction

from .actions import attempts as actions
from .actions import settlement
from .model.attempts import (
    ENDED_UNPAID,
    Attempt,
    AttemptStatus,
    Doubt,
    Method,
    PayerNotKnown,
    ProviderRefused,
    Trade,
    TradeState,
)
from .providers.port import Charge, Provider, Refused, Unknown
from .providers.wechat_login import WeChatLogin

log = structlog.get_logger()

ALREADY_PAID = "ORDERPAID"
ALREADY_CLOSED = "ORDERCLOSED"


async def start(
    db: Pool,
    wechat: Provider,
    *,
    learner_id: UUID,
    order_id: UUID,
    method: Method,
    openid: str | None = None,
) -> Attempt:
    """The attempt by which an order can be paid now; without a code while WeChat is silent.

    Raises what `actions.begin` raises, and `ProviderRefused`.
    """
    async with transaction(db) as tx:
        attempt, is_new = await actions.begin(
            tx, learner_id=learner_id, order_id=order_id, method=method, openid=openid
        )
    if not is_new:
        return attempt
    attempt = await fetch_code(db, wechat, attempt)
    if attempt.status is AttemptStatus.FAILED:
        raise ProviderRefused
    return attempt


async def identify(login: WeChatLogin, code: str) -> str:
    """The openid of whoever holds this code of WeChat's. Raises `PayerNotKnown`, or
    `ProviderRefused` while WeChat is silent."""
    try:
        return await login.identify(code)
    except Refused as refused:
        log.info("payer_not_known", code=refused.code)
        raise PayerNotKnown from None
    except Unknown as reason:
        log.warning("wechat_outcome_unknown", call="identify", reason=str(reason))
        raise ProviderRefused from None


async def fetch_code(db: Pool, wechat: Provider, attempt: Attempt) -> Attempt:
    """Ask for the code, or for what the bridge needs. Asked again, with the same number and values,
    WeChat gives the same."""
    charge = Charge(
        out_trade_no=attempt.out_trade_no,
        amount_fen=attempt.amount_fen,
        starts_at=attempt.created_at,
        expires_at=attempt.expires_at,
        method=attempt.method,
        openid=attempt.openid,
    )
    try:
        way = await wechat.create(charge)
    except Unknown as reason:
        _log_unknown("create", attempt, reason)
        return attempt
    except Refused as refused:
        return await _not_created(db, wechat, attempt, refused)
    async with transaction(db) as tx:
        return await actions.note_way(tx, attempt, way)


async def _not_created(db: Pool, wechat: Provider, attempt: Attempt, refused: Refused) -> Attempt:
    log.warning("wechat_refused", out_trade_no=attempt.out_trade_no, code=refused.code)
    if refused.code == ALREADY_PAID:
        await collect(db, wechat, attempt)
        return attempt
    status = AttemptStatus.CLOSED if refused.code == ALREADY_CLOSED else AttemptStatus.FAILED
    async with transaction(db) as tx:
        return await actions.give_up(tx, attempt, status)


async def collect(
    db: Pool, wechat: Provider, attempt: Attempt, *, notified: Trade | None = None
) -> TradeState | None:
    """Ask WeChat what became of a number, and settle it if it was paid. None: not known.

    `notified`: what a signed notification said; a query that says otherwise raises an alarm. That
    comes last: its row holds the order, which may be held only after its buyer.
    """
    try:
        answer = await wechat.query(attempt.out_trade_no)
    except Unknown as reason:
        _log_unknown("query", attempt, reason)
        return None
    trade = answer.trade
    async with transaction(db) as tx:
        if trade is not None and answer.state is TradeState.SUCCESS:
            verdict = await settlement.settle(tx, trade)
            log.info("payment_settled", out_trade_no=attempt.out_trade_no, verdict=verdict)
        elif trade is not None:
            await settlement.refunded(tx, trade)
        if notified is not None and trade is None:
            await settlement.doubt(tx, Doubt.NOT_CONFIRMED, notified, attempt)
        elif notified is not None and trade is not None and not trade.same_payment(notified):
            await settlement.doubt(tx, Doubt.OTHER_TRANSACTION, notified, attempt)
    return answer.state


async def close(db: Pool, wechat: Provider, attempt: Attempt, *, final: bool) -> None:
    """Query, close, query: an unwanted number takes no more money, and what it took is settled.

    `final`: its time is over for good, so that a number which still says NOTPAY is closed.
    """
    state = await collect(db, wechat, attempt)
    if state is TradeState.NOTPAY:
        try:
            await wechat.close(attempt.out_trade_no)
        except Unknown as reason:
            _log_unknown("close", attempt, reason)
        except Refused as refused:
            log.info("wechat_not_closed", out_trade_no=attempt.out_trade_no, code=refused.code)
        state = await collect(db, wechat, attempt)
    if state in ENDED_UNPAID or (final and state is TradeState.NOTPAY):
        async with transaction(db) as tx:
            await actions.give_up(tx, attempt, AttemptStatus.CLOSED)


def _log_unknown(call: str, attempt: Attempt, reason: Unknown) -> None:
    log.warning(
        "wechat_outcome_unknown",
        call=call,
        out_trade_no=attempt.out_trade_no,
        reason=str(reason),
    )
