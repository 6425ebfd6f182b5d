"""Paybacks: taken up by the sweeper, and what WeChat's answer about one does ($-8)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from chassis import clock
from chassis.db import Tx

from ..model import refund_journals as journals
from ..model.orders import Order
from ..model.paybacks import OVER, NoSuchPayback, Payback, PaybackStatus, surplus_number
from ..model.refunds import Refund, RefundStatus
from ..store import goods as goods_store
from ..store import ledger as ledger_store
from ..store import orders as orders_store
from ..store import paybacks as store
from ..store import refunds as refunds_store
from . import refunding

log = structlog.get_logger()

SWEEP_BATCH = 40


async def take_due(tx: Tx, *, spacing: timedelta) -> list[Payback]:
    """What to send or to ask about now. Each is due again later, should this time fail.

    What is to be sent passes its payment's gate first: WeChat takes one request in a minute for
    one payment. What finds it shut comes back when it opens.
    """
    now = clock.now()
    taken = []
    for payback in await store.lock_due(tx, now=now, limit=SWEEP_BATCH):
        number, status = payback.out_refund_no, payback.status
        if not payback.is_to_send:
            await store.note_try(
                tx, number, status=status, next_try_at=payback.next_look(now), counts=True
            )
            taken.append(payback)
        elif await store.pass_gate(tx, payback.transaction_id, now=now, until=now + spacing):
            sent = replace(payback, status=PaybackStatus.SUBMITTING)
            await store.note_try(
                tx, number, status=sent.status, next_try_at=now + spacing, counts=True
            )
            taken.append(sent)
        else:
            await store.note_try(tx, number, status=status, next_try_at=now + spacing, counts=False)
    return taken


async def settle(
    tx: Tx,
    out_refund_no: str,
    status: PaybackStatus,
    *,
    wechat_id: str = "",
    error_code: str = "",
    amount_fen: int | None = None,
    at: datetime | None = None,
) -> Payback | None:
    """Do what WeChat's own server has said of a payback. Harmless when repeated: what is over
    stays as it is. Locks the buyer, the order, the refund, the payback, in this sequence."""
    found = await store.find_payback(tx, out_refund_no)
    if found is None:
        return None
    order = await _lock_order(tx, found.order_id)
    refund = await refunds_store.lock_refund(tx, found.refund_id) if found.refund_id else None
    payback = await store.lock_payback(tx, out_refund_no)
    assert payback is not None
    if payback.is_over:
        return payback
    if amount_fen is not None and amount_fen != payback.amount_fen:
        log.error("refund_of_another_amount", out_refund_no=out_refund_no, told_fen=amount_fen)
        return payback

    now = clock.now()
    settled = replace(
        payback,
        status=status,
        wechat_id=wechat_id or payback.wechat_id,
        error_code=error_code,
        next_try_at=None if status in OVER else payback.next_look(now),
        settled_at=(at or now) if status is PaybackStatus.SUCCESS else None,
    )

    await store.save_payback(tx, settled)
    if refund is not None:
        await _refund_went(tx, refund, order, settled)
    elif status is PaybackStatus.SUCCESS:
        await ledger_store.book(tx, journals.surplus_returned(settled, order, at or now))
        await store.close_surplus_doubt(tx, transaction_id=settled.transaction_id, at=now)
    if status is not payback.status:
        log.info("payback_moved", out_refund_no=out_refund_no, status=status, code=error_code)
    return settled


async def _refund_went(tx: Tx, refund: Refund, order: Order, payback: Payback) -> None:
    now = clock.now()
    if payback.status is PaybackStatus.SUCCESS:
        assert payback.settled_at is not None
        await ledger_store.book(tx, journals.to_source(payback, order, payback.settled_at))
        await refunding.finish(tx, refund.refunded(payback.settled_at), order)
    elif payback.is_over:
        await refunds_store.release(tx, order.order_id, payback.amount_fen)
        await ledger_store.book(tx, journals.released(refund, order, payback.amount_fen, now))
        answer = payback.error_code or payback.status
        await refunds_store.save_refund(tx, refund.stuck(RefundStatus.FAILED, answer))


async def return_surplus(
    tx: Tx, order: Order, *, transaction_id: str, out_trade_no: str, amount_fen: int
) -> None:
    """Have a payment that nobody needed go back by itself, under its one number. The caller holds
    the buyer and the order."""
    now = clock.now()
    await store.insert_payback(
        tx,
        Payback(
            out_refund_no=surplus_number(transaction_id),
            refund_id=None,
            order_id=order.order_id,
            out_trade_no=out_trade_no,
            transaction_id=transaction_id,
            amount_fen=amount_fen,
            total_fen=amount_fen,
            status=PaybackStatus.WAITING,
            made_at=now,
            next_try_at=now,
        ),
    )


async def send_again(tx: Tx, out_refund_no: str) -> None:
    """Staff have a surplus payment that WeChat refused tried again, with the same number; what is
    on its way is looked at now. Raises `NoSuchPayback`."""
    found = await store.find_payback(tx, out_refund_no)
    if found is None:
        raise NoSuchPayback
    await _lock_order(tx, found.order_id)
    payback = await store.lock_payback(tx, out_refund_no)
    assert payback is not None
    now = clock.now()
    if payback.refund_id is None and payback.status is PaybackStatus.REFUSED:
        payback = replace(payback, status=PaybackStatus.WAITING, error_code="")
    if not payback.is_over:
        await store.save_payback(tx, replace(payback, next_try_at=now))


async def _lock_order(tx: Tx, order_id: UUID) -> Order:
    learner_id = await orders_store.find_learner(tx, order_id)
    assert learner_id is not None
    await goods_store.lock_buyer(tx, learner_id)
    order = await orders_store.lock_order(tx, order_id)
    assert order is not None
    return order
