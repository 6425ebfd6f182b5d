"""Refunds: asked for, begun by staff, approved, declined, gone on with ($-8)."""

from datetime import datetime
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from chassis.refusals import Conflict
from contracts.payments import RefundTarget

from ..model import refund_journals as journals
from ..model.cases import CaseKind, new_case_number
from ..model.learners import Staff
from ..model.money import yuan
from ..model.orders import NoSuchOrder, Order
from ..model.refunds import (
    AllStudied,
    BankReferenceUsed,
    MoreThanLeft,
    NoSuchRefund,
    NothingToRefund,
    Refund,
    RefundStatus,
    target_of,
)
from ..store import goods as goods_store
from ..store import ledger as ledger_store
from ..store import orders as orders_store
from ..store import refunds as store
from ..store import withdrawals as withdrawals_store
from . import orders, refunding


async def ask(
    tx: Tx, *, learner_id: UUID, order_id: UUID, target: RefundTarget, reason: str
) -> Refund:
    """A learner's wish for what is not studied of an order. There is one open wish for an order;
    asking again returns it.

    Raises `NoSuchOrder`, `OrderNotPaid`, `NothingToRefund`, `AllStudied`, `TooOldForSource`.
    """
    order = await orders.lock_own(tx, learner_id=learner_id, order_id=order_id)
    now = clock.now()
    target = target_of(order, target, now)
    open_wish = await store.find_open_wish(tx, order_id)
    if open_wish is not None:
        return open_wish
    await _left(tx, order)

    refund = _new(order, target, reason, now=now, by_staff=False)
    await store.insert_refund(tx, refund)
    return refund


async def start(
    tx: Tx,
    *,
    order_id: UUID,
    target: RefundTarget,
    reason: str,
    amount_fen: int | None,
    by: Staff,
    alone_fen: int,
) -> Refund:
    """A refund that staff begin, of all that is left or of an amount; it counts as approved by
    its starter.

    Raises `NoSuchOrder`, `OrderNotPaid`, `NothingToRefund`, `AllStudied`, `MoreThanLeft`,
    `TooOldForSource`.
    """
    order = await _lock_order(tx, order_id)
    now = clock.now()
    target = target_of(order, target, now)
    left_fen = await _left(tx, order)
    if amount_fen is not None and amount_fen > left_fen:
        raise MoreThanLeft(left_yuan=yuan(left_fen))

    refund = _new(order, target, reason, now=now, by_staff=True, wish_fen=amount_fen)
    await store.insert_refund(tx, refund)
    return await _approve(tx, refund, order, by, left_fen=left_fen, alone_fen=alone_fen)


async def approve(tx: Tx, *, refund_id: UUID, by: Staff, alone_fen: int) -> Refund:
    """One more person's approval; the last one that is needed brings the refund on its way.
    A sum that can be above `alone_fen` needs two persons.

    Raises `NoSuchRefund`, `SecondPersonNeeded`, `RefundDecided`.
    """
    refund, order = await lock(tx, refund_id)
    left_fen = await _room(tx, order)
    return await _approve(tx, refund, order, by, left_fen=left_fen, alone_fen=alone_fen)


async def _approve(
    tx: Tx, refund: Refund, order: Order, by: Staff, *, left_fen: int, alone_fen: int
) -> Refund:
    ceiling_fen = left_fen if refund.wish_fen is None else refund.wish_fen
    refund = refund.approve(by, ceiling_fen=ceiling_fen, alone_fen=alone_fen, at=clock.now())

    if refund.status is RefundStatus.WITHDRAWING:
        return await refunding.go(tx, refund, order)
    await store.save_refund(tx, refund)
    return refund


async def decline(tx: Tx, *, refund_id: UUID, answer: str) -> Refund:
    """Raises `NoSuchRefund`, `RefundDecided`."""
    refund, order = await lock(tx, refund_id)
    if refund.status is RefundStatus.DECLINED and refund.answer == answer:
        return refund

    return await refunding.decline(tx, refund, order, answer)


async def go_on(tx: Tx, *, refund_id: UUID, target: RefundTarget) -> Refund:
    """Try again what an invoice blocked or what did not get back, here or elsewhere.

    Raises `NoSuchRefund`, `RefundDecided`, `TooOldForSource`.
    """
    refund, order = await lock(tx, refund_id)
    refund = refund.go_on(target_of(order, target, clock.now()))
    return await refunding.go(tx, refund, order)


async def pay_by_bank(tx: Tx, *, refund_id: UUID, reference: str, by: Staff) -> Refund:
    """Record what the association paid to the learner's bank account, by a second person.

    Raises `NoSuchRefund`, `RefundDecided`, `BankPaymentByAnother`, `BankReferenceUsed`.
    """
    refund, order = await lock(tx, refund_id)
    if refund.bank_reference == reference:
        return refund
    now = clock.now()
    paid = refund.paid_by_bank(reference, by=by, at=now)
    if await store.is_bank_reference_used(tx, reference):
        raise BankReferenceUsed

    assert paid.amount_fen is not None
    await ledger_store.book(tx, journals.by_bank(paid, order, paid.amount_fen, now))
    return await refunding.finish(tx, paid, order)


async def lock(tx: Tx, refund_id: UUID) -> tuple[Refund, Order]:
    """Hold the buyer, the order and the refund, in this sequence. Raises `NoSuchRefund`."""
    found = await store.get_refund(tx, refund_id)
    if found is None:
        raise NoSuchRefund
    order = await _lock_order(tx, found.order_id)
    refund = await store.lock_refund(tx, refund_id)
    assert refund is not None
    return refund, order


async def _lock_order(tx: Tx, order_id: UUID) -> Order:
    learner_id = await orders_store.find_learner(tx, order_id)
    if learner_id is None:
        raise NoSuchOrder
    await goods_store.lock_buyer(tx, learner_id)
    order = await orders_store.lock_order(tx, order_id)
    assert order is not None
    return order


async def _left(tx: Tx, order: Order) -> int:
    """What may still go back, as far as is known. Raises `NothingToRefund`, `AllStudied`."""
    left_fen = await _room(tx, order)
    if left_fen == 0:
        withdrawal = await withdrawals_store.get_withdrawal(tx, order.order_id)
        all_studied = withdrawal is not None and withdrawal.unstudied_fen == 0
        refusal: Conflict = AllStudied() if all_studied else NothingToRefund()
        raise refusal
    return left_fen


async def _room(tx: Tx, order: Order) -> int:
    """Before progress has answered it is all that did not go back."""
    refunded_fen = await store.get_refunded(tx, order.order_id)
    withdrawal = await withdrawals_store.get_withdrawal(tx, order.order_id)
    left_fen = withdrawal.left_fen(refunded_fen) if withdrawal else None
    return order.amount_fen - refunded_fen if left_fen is None else left_fen


def _new(
    order: Order,
    target: RefundTarget,
    reason: str,
    *,
    now: datetime,
    by_staff: bool,
    wish_fen: int | None = None,
) -> Refund:
    return Refund(
        refund_id=ids.new_id(),
        case_number=new_case_number(CaseKind.REFUND, now),
        order_id=order.order_id,
        learner_id=order.learner_id,
        target=target,
        reason=reason,
        wish_fen=wish_fen,
        by_staff=by_staff,
        status=RefundStatus.REQUESTED,
        asked_at=now,
    )
