"""Paying an order from the CNY account 「元账户」 ($-4)."""

from uuid import UUID

from chassis import clock
from chassis.db import Tx
from contracts.payments import PaymentMethod

from ..model.orders import Order, OrderExpired
from . import attempts, orders, settlement


async def pay_order(tx: Tx, *, learner_id: UUID, order_id: UUID) -> Order:
    """Pay the whole of an order from the balance; its courses open at once. Asked again, nothing
    more is taken. A WeChat code of the order is closed; what is paid on it all the same is surplus.

    Raises `NoSuchOrder`, why the order takes no payment, `CourseAlreadyOwned`, `BalanceTooLow`.
    """
    order = await orders.lock_own(tx, learner_id=learner_id, order_id=order_id)
    if order.method is PaymentMethod.WALLET:
        return order
    order.refuse_if_ended()
    if clock.now() >= order.expires_at:
        raise OrderExpired
    await attempts.refuse_what_is_owned(tx, order)

    return await settlement.pay_from_wallet(tx, order)
