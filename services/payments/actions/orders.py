"""Orders: placed, cancelled, expired. Paying them is `settlement`'s."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from chassis.refusals import Invalid

from ..model.goods import Buyer, Good, Item, NoSuchItem, check
from ..model.orders import (
    GRACE,
    EmptyCart,
    NoSuchOrder,
    Order,
    OrderStatus,
    fingerprint,
    new_number,
)
from ..store import attempts as attempts_store
from ..store import goods as goods_store
from ..store import orders as store
from . import carts, discounts, settlement


async def place(
    tx: Tx, *, buyer: Buyer, items: Sequence[Item] | None, pay_within: timedelta
) -> Order:
    """Make an order of these items, or of the cart ($-1).

    At most one open order per content: asking again returns it, unless the discount ($-6) makes
    it cheaper by now. An order of nothing to pay is paid at once. Raises the rule that keeps the
    goods from being bought, before any payment.
    """
    buyer = await carts.lock_buyer(tx, buyer)
    goods = await _goods(tx, buyer, items)
    content = fingerprint(good.item for good in goods)
    now = clock.now()

    check(goods, buyer=buyer)
    open_order = await store.find_open_order(tx, learner_id=buyer.learner_id, content=content)
    offer = await discounts.offer(tx, buyer.learner_id, goods, besides=open_order)
    if open_order is not None:
        payable = open_order.takes_new_payment(now)
        if payable and offer.discount_fen <= open_order.discount_fen:
            return open_order
        await end(tx, open_order, OrderStatus.CANCELLED if payable else OrderStatus.EXPIRED)

    order = Order(
        order_id=ids.new_id(),
        number=new_number(now),
        learner_id=buyer.learner_id,
        learner_name=buyer.name,
        status=OrderStatus.UNPAID,
        amount_fen=sum(line.amount_fen for line in offer.lines),
        created_at=now,
        expires_at=now + pay_within,
        paid_at=None,
        method=None,
        lines=offer.lines,
    )
    await store.insert_order(tx, order, content=content)
    await discounts.take(tx, offer, order)
    if order.amount_fen == 0:
        return await settlement.pay_nothing(tx, order)
    return order


async def _goods(tx: Tx, buyer: Buyer, items: Sequence[Item] | None) -> list[Good]:
    if items is None:
        items = await goods_store.list_cart(tx, buyer.learner_id)
        if not items:
            raise EmptyCart
    if len(set(items)) < len(items):
        raise Invalid({"items": "The same item is listed twice."})
    goods = await goods_store.list_goods(tx, items)
    if len(goods) < len(items):
        raise NoSuchItem
    return goods


async def cancel(tx: Tx, *, learner_id: UUID, order_id: UUID) -> Order:
    """End an unpaid order at its learner's wish; cancelling twice is harmless.

    Its codes are closed at the provider by the sweeper; money that was already on its way is
    still taken, and opens the courses. Raises `NoSuchOrder`, `OrderAlreadyPaid`, `OrderExpired`.
    """
    order = await lock_own(tx, learner_id=learner_id, order_id=order_id)
    if order.status is OrderStatus.CANCELLED:
        return order
    order.refuse_if_ended()

    await end(tx, order, OrderStatus.CANCELLED)
    return await _again(tx, order)


async def expire(tx: Tx, order_id: UUID) -> bool:
    """End an unpaid order whose time is over. False if that is no longer so."""
    learner_id = await store.find_learner(tx, order_id)
    if learner_id is None:
        return False
    order = await lock_own(tx, learner_id=learner_id, order_id=order_id)
    if order.status is not OrderStatus.UNPAID or clock.now() < order.expires_at + GRACE:
        return False

    await end(tx, order, OrderStatus.EXPIRED)
    return True


async def end(tx: Tx, order: Order, status: OrderStatus) -> None:
    """Mark an unpaid order ended, have its codes closed, and its free hours free again. The caller
    holds it."""
    await store.mark_ended(tx, order.order_id, status)
    await attempts_store.mark_closing(tx, order.order_id, now=clock.now())
    await discounts.release(tx, order.order_id)


async def lock_own(tx: Tx, *, learner_id: UUID, order_id: UUID) -> Order:
    """Hold a learner and an order of theirs, always in this sequence. Raises `NoSuchOrder`."""
    await goods_store.lock_buyer(tx, learner_id)
    order = await store.lock_order(tx, order_id)
    if order is None or order.learner_id != learner_id:
        raise NoSuchOrder
    return order


async def _again(tx: Tx, order: Order) -> Order:
    found = await store.get_order(tx, order_id=order.order_id, learner_id=order.learner_id)
    assert found is not None
    return found
