"""From an approved refund to reserved money: progress is asked once for an order, its answer says
what may go back, and the sum is promised before anything moves ($-8)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from chassis import clock, outbox
from chassis.db import Tx
from chassis.refusals import Refusal
from chassis.web.i18n import read_catalogue
from contracts.payments import (
    OrderRefunded,
    PaymentMethod,
    RefundDeclined,
    RefundTarget,
    WithdrawalRequested,
)

from ..model import refund_journals as journals
from ..model.invoice_room import RedFlushFirst
from ..model.orders import Order
from ..model.paybacks import PARTS_MAX, Payback, PaybackStatus
from ..model.refunds import (
    AllStudied,
    LessIsLeft,
    NothingToRefund,
    Refund,
    RefundStatus,
    TooManyParts,
)
from ..model.withdrawals import Withdrawal, WithdrawnCourse, unstudied_fen, wholly_withdrawn
from ..store import goods as goods_store
from ..store import ledger as ledger_store
from ..store import orders as orders_store
from ..store import paybacks as paybacks_store
from ..store import refunds as store
from ..store import withdrawals as withdrawals_store
from . import invoices

log = structlog.get_logger()

MAILS_SPEAK = read_catalogue(Path(__file__).parents[1] / "locale")  # events know no language


async def go(tx: Tx, refund: Refund, order: Order) -> Refund:
    """Bring an approved refund on its way. The caller holds buyer, order and refund.

    An order's hours are asked for once; while the answer is not there the refund waits.
    """
    withdrawal = await withdrawals_store.get_withdrawal(tx, order.order_id)
    if withdrawal is None:
        await _ask_progress(tx, refund, order)
    if withdrawal is None or withdrawal.unstudied_fen is None:
        await store.save_refund(tx, refund)
        return refund
    return await reserve(tx, refund, order, withdrawal)


async def _ask_progress(tx: Tx, refund: Refund, order: Order) -> None:
    await store.save_refund(tx, refund)
    asked = Withdrawal(order.order_id, refund.refund_id, clock.now(), unstudied_fen=None)
    await withdrawals_store.insert_withdrawal(tx, asked)
    await outbox.add(
        tx,
        WithdrawalRequested(
            refund_id=refund.refund_id,
            order_id=order.order_id,
            learner_id=order.learner_id,
            course_ids=sorted(order.course_ids),
        ),
    )


async def hear_answer(
    tx: Tx, *, order_id: UUID, refund_id: UUID, courses: Sequence[WithdrawnCourse]
) -> int:
    """Keep what progress says of an order, and go on with the refunds that wait for it; return
    how many. Harmless when repeated: an order is answered once."""
    learner_id = await orders_store.find_learner(tx, order_id)
    if learner_id is None:
        return 0
    await goods_store.lock_buyer(tx, learner_id)
    order = await orders_store.lock_order(tx, order_id)
    withdrawal = await withdrawals_store.get_withdrawal(tx, order_id)
    waiting = await store.lock_withdrawing(tx, order_id)
    if order is None or withdrawal is None or withdrawal.refund_id != refund_id:
        return 0
    if withdrawal.unstudied_fen is not None:
        return 0

    value = unstudied_fen(order, courses)
    answered = Withdrawal(order_id, refund_id, withdrawal.asked_at, value)

    await withdrawals_store.save_answer(
        tx, order_id, unstudied_fen=value, courses=courses, at=clock.now()
    )
    for refund in waiting:
        await reserve(tx, refund, order, answered)
    return len(waiting)


async def reserve(tx: Tx, refund: Refund, order: Order, withdrawal: Withdrawal) -> Refund:
    """Promise the sum and send it on its way. What can not go back is declined by itself, what an
    invoice covers waits for its red-flush. The caller holds buyer, order and refund."""
    left_fen = withdrawal.left_fen(await store.get_refunded(tx, order.order_id))
    assert left_fen is not None, "progress has answered"
    amount_fen = left_fen if refund.wish_fen is None else refund.wish_fen

    if left_fen == 0:
        return await decline(
            tx, refund, order, NothingToRefund() if withdrawal.unstudied_fen else AllStudied()
        )
    if amount_fen > left_fen:
        return await decline(tx, refund, order, LessIsLeft())
    try:
        await invoices.check_refund(
            tx,
            learner_id=order.learner_id,
            amount_fen=amount_fen,
            method=order.method or PaymentMethod.WECHAT,
        )
    except RedFlushFirst as refusal:
        return await _wait(tx, refund, RefundStatus.BLOCKED, refusal)
    return await _promise(tx, refund, order, amount_fen)


async def _promise(tx: Tx, refund: Refund, order: Order, amount_fen: int) -> Refund:
    now = clock.now()
    if refund.target is RefundTarget.SOURCE:
        return await _promise_to_source(tx, refund, order, amount_fen, now)
    await _take(tx, order, amount_fen)
    refund = refund.reserved(amount_fen)
    if refund.target is RefundTarget.WALLET:
        await ledger_store.book(tx, journals.to_wallet(refund, order, amount_fen, now))
        return await finish(tx, refund.refunded(now), order)
    await ledger_store.book(tx, journals.promised(refund, order, amount_fen, now))
    await store.save_refund(tx, refund)
    return refund


async def _promise_to_source(
    tx: Tx, refund: Refund, order: Order, amount_fen: int, now: datetime
) -> Refund:
    """The intent, committed before WeChat hears of it; the sweeper sends it."""
    paid = await paybacks_store.find_paid_attempt(tx, order.order_id)
    assert paid is not None, "an order that WeChat paid has its attempt"
    out_trade_no, transaction_id, total_fen = paid
    if await paybacks_store.count_parts(tx, transaction_id) >= PARTS_MAX:
        return await _wait(tx, refund, RefundStatus.FAILED, TooManyParts())
    await _take(tx, order, amount_fen)
    refund = refund.reserved(amount_fen)
    await ledger_store.book(tx, journals.promised(refund, order, amount_fen, now))
    await store.save_refund(tx, refund)
    await paybacks_store.insert_payback(
        tx,
        Payback(
            out_refund_no=refund.out_refund_no,
            refund_id=refund.refund_id,
            order_id=order.order_id,
            out_trade_no=out_trade_no,
            transaction_id=transaction_id,
            amount_fen=amount_fen,
            total_fen=total_fen,
            status=PaybackStatus.WAITING,
            made_at=now,
            next_try_at=now,
        ),
    )
    return refund


async def _take(tx: Tx, order: Order, amount_fen: int) -> None:
    taken = await store.reserve(tx, order.order_id, amount_fen)
    assert taken, "what may go back is within what was paid"


async def _wait(tx: Tx, refund: Refund, status: RefundStatus, why: Refusal) -> Refund:
    """It stands on the desk until staff go on with it."""
    refund = refund.stuck(status, why.message)
    await store.save_refund(tx, refund)
    log.warning("refund_waits", case_number=refund.case_number, status=status, code=why.code)
    return refund


async def decline(tx: Tx, refund: Refund, order: Order, why: Refusal | str) -> Refund:
    """End a refund without money, and tell its learner why. A rule's sentence is kept as it is
    written, so that pages say it in either language."""
    answer = why.message if isinstance(why, Refusal) else why
    refund = refund.decline(answer)
    await store.save_refund(tx, refund)
    await outbox.add(
        tx,
        RefundDeclined(
            refund_id=refund.refund_id,
            order_id=order.order_id,
            number=order.number,
            learner_id=order.learner_id,
            reason=str(MAILS_SPEAK.get(answer, answer)),
        ),
    )
    return refund


async def finish(tx: Tx, refund: Refund, order: Order) -> Refund:
    """The money is back: what nothing was studied of can be bought again, and it is told."""
    assert refund.amount_fen is not None
    assert refund.refunded_at is not None
    courses = await withdrawals_store.list_courses(tx, order.order_id)
    gone = wholly_withdrawn(courses)
    await store.save_refund(tx, refund)
    await store.delete_owned(
        tx, learner_id=order.learner_id, order_id=order.order_id, course_ids=gone
    )
    await outbox.add(
        tx,
        OrderRefunded(
            refund_id=refund.refund_id,
            order_id=order.order_id,
            number=order.number,
            learner_id=order.learner_id,
            amount_fen=refund.amount_fen,
            target=refund.target,
            course_ids=gone,
            refunded_at=refund.refunded_at,
        ),
    )
    log.info("order_refunded", case_number=refund.case_number, amount_fen=refund.amount_fen)
    return refund
