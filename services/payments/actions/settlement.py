"""Settling: from WeChat's verified word to open courses, a booked journal, and an event ($-2, $-9).

The notification, the sweeper and the closing of an order all end in `settle`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from chassis import clock, outbox
from chassis.db import Tx
from contracts.payments import OrderLine, OrderPaid, PaymentMethod

from ..model import ledger
from ..model.attempts import Attempt, AttemptStatus, Doubt, Evidence, Trade, Verdict, judge
from ..model.orders import Order, OrderStatus
from ..store import attempts as attempts_store
from ..store import goods as goods_store
from ..store import ledger as ledger_store
from ..store import notifications as notifications_store
from ..store import orders as orders_store
from . import discounts, paybacks

log = structlog.get_logger()


async def receive(tx: Tx, trade: Trade, raw: bytes) -> Attempt | None:
    """Keep a verified notification. Returns the attempt that a query must now confirm, or None
    where there is nothing to confirm: a repeat, an unknown number, another amount.

    Nothing is paid by a notification alone: a leaked key can sign one, but can't make WeChat's
    server answer that the money is there.
    """
    is_new = await notifications_store.insert_notification(tx, trade, raw)
    attempt = await attempts_store.find_attempt(tx, trade.out_trade_no)
    if attempt is None:
        await doubt(tx, Doubt.UNKNOWN_NUMBER, trade)
        return None
    if attempt.amount_fen != trade.amount_fen:
        await doubt(tx, Doubt.WRONG_AMOUNT, trade, attempt)
        return None
    if attempt.transaction_id == trade.transaction_id:
        return None
    await attempts_store.look_now(tx, trade.out_trade_no, now=clock.now())
    return attempt if is_new else None


async def settle(tx: Tx, trade: Trade) -> Verdict:
    """Do what a payment does that a signed query has confirmed. Harmless when repeated.

    Locks the buyer, the order, the attempt, in this sequence.
    """
    found = await attempts_store.find_attempt(tx, trade.out_trade_no)
    assert found is not None, "only our own numbers are asked for"
    learner_id = await orders_store.find_learner(tx, found.order_id)
    assert learner_id is not None
    await goods_store.lock_buyer(tx, learner_id)
    order = await orders_store.lock_order(tx, found.order_id)
    attempt = await attempts_store.lock_attempt(tx, trade.out_trade_no)
    assert order is not None
    assert attempt is not None
    owned = await goods_store.get_owned(tx, learner_id)

    verdict = judge(order, attempt, trade, owned=owned)
    if verdict is Verdict.SETTLE and not await discounts.take_again(tx, order.order_id):
        verdict = Verdict.SURPLUS  # it had ended, and its free hours went into another order

    if verdict is Verdict.WRONG_AMOUNT:
        await doubt(tx, Doubt.WRONG_AMOUNT, trade, attempt)
    elif verdict is Verdict.SURPLUS:
        await _keep_surplus(tx, order, trade)
    elif verdict is Verdict.SETTLE:
        if order.course_ids & owned.keys():
            await doubt(tx, Doubt.PARTLY_OWNED, trade, attempt)
        await _collected(tx, trade, AttemptStatus.PAID)
        await ledger_store.book(tx, ledger.order_paid(order, trade))
        await _give(tx, order, method=PaymentMethod.WECHAT, paid_at=trade.paid_at)
    return verdict


async def refunded(tx: Tx, trade: Trade) -> None:
    """Money that went back. Of a payment that we have, that is our own doing; of one that we never
    had, somebody else's, for staff to look at."""
    attempt = await attempts_store.find_attempt(tx, trade.out_trade_no)
    if attempt is None or attempt.transaction_id != trade.transaction_id:
        await doubt(tx, Doubt.REFUNDED_OUTSIDE, trade, attempt)


async def pay_nothing(tx: Tx, order: Order) -> Order:
    """Pay an order of zero fen: no provider, no movement of money. The caller holds the buyer."""
    return await _give(tx, order, method=PaymentMethod.NONE, paid_at=clock.now())


async def pay_from_wallet(tx: Tx, order: Order) -> Order:
    """Pay an order from its learner's CNY account ($-4). The caller holds both and has checked that
    the order can be paid. Raises `BalanceTooLow`."""
    paid_at = clock.now()
    await ledger_store.book(tx, ledger.order_paid_from_wallet(order, paid_at))
    return await _give(tx, order, method=PaymentMethod.WALLET, paid_at=paid_at)


async def doubt(tx: Tx, kind: Doubt, trade: Trade, attempt: Attempt | None = None) -> None:
    """Keep for staff that the provider's word and ours do not agree."""
    is_new = await attempts_store.insert_discrepancy(
        tx,
        kind,
        out_trade_no=trade.out_trade_no,
        transaction_id=trade.transaction_id,
        order_id=attempt.order_id if attempt else None,
        expected_fen=attempt.amount_fen if attempt else None,
        told_fen=trade.amount_fen,
    )
    if is_new:
        log.error(
            "payment_discrepancy",
            kind=kind,
            out_trade_no=trade.out_trade_no,
            told_fen=trade.amount_fen,
        )


async def _keep_surplus(tx: Tx, order: Order, trade: Trade) -> None:
    """Money for an order that has its money, or has nothing left to open: to go back."""
    if not await attempts_store.insert_surplus(tx, trade, order_id=order.order_id):
        return
    await _collected(tx, trade, AttemptStatus.SURPLUS)
    await ledger_store.book(tx, ledger.surplus_received(order, trade))
    await paybacks.return_surplus(
        tx,
        order,
        transaction_id=trade.transaction_id,
        out_trade_no=trade.out_trade_no,
        amount_fen=trade.amount_fen,
    )
    attempt = await attempts_store.find_attempt(tx, trade.out_trade_no)
    await doubt(tx, Doubt.SURPLUS, trade, attempt)


async def _collected(tx: Tx, trade: Trade, status: AttemptStatus) -> None:
    notified = await notifications_store.was_notified(tx, trade)
    evidence = Evidence.NOTIFICATION_AND_QUERY if notified else Evidence.QUERY
    await attempts_store.mark_collected(tx, trade, status=status, evidence=evidence)


async def _give(tx: Tx, order: Order, *, method: PaymentMethod, paid_at: datetime) -> Order:
    """Open the courses: paid, owned, out of the cart, told to the others."""
    await orders_store.mark_paid(tx, order.order_id, method=method, paid_at=paid_at)
    await attempts_store.mark_closing(tx, order.order_id, now=clock.now())
    await goods_store.insert_owned(
        tx,
        learner_id=order.learner_id,
        order_id=order.order_id,
        course_ids=sorted(order.course_ids),
    )
    await goods_store.delete_cart_items(tx, order.learner_id, order.items)
    await outbox.add(
        tx,
        OrderPaid(
            order_id=order.order_id,
            number=order.number,
            learner_id=order.learner_id,
            method=method,
            amount_fen=order.amount_fen,
            paid_at=paid_at,
            lines=_lines(order),
        ),
    )
    return replace(order, status=OrderStatus.PAID, method=method, paid_at=paid_at)


def _lines(order: Order) -> Sequence[OrderLine]:
    return [
        OrderLine(
            kind=line.kind,
            item_id=line.item_id,
            title=line.title,
            hours=line.hours,
            amount_fen=line.amount_fen,
            course_ids=list(line.course_ids),
        )
        for line in order.lines
    ]
