"""The cart: put in, take out, look at it with what stands in the way."""

from dataclasses import replace

from chassis.db import Pool, Tx

from ..model.carts import Cart, CartLine
from ..model.goods import CART_MAX, Buyer, CartFull, Good, Item, NoSuchItem, problem
from ..model.orders import fingerprint
from ..store import goods as store
from ..store import orders as orders_store
from . import discounts


async def put(tx: Tx, *, buyer: Buyer, item: Item) -> Cart:
    """Put an item into the cart. Putting it twice changes nothing.

    Raises `NoSuchItem`, or the rule that keeps this learner from buying it (C-3, $-1).
    """
    buyer = await lock_buyer(tx, buyer)
    good = await get_good(tx, item)
    others = await store.list_goods(tx, await store.list_cart(tx, buyer.learner_id))

    refusal = problem(good, buyer=buyer, others=others)
    if refusal is not None:
        raise refusal
    if len(others) >= CART_MAX and item not in [other.item for other in others]:
        raise CartFull(lines=CART_MAX)

    await store.insert_cart_item(tx, buyer.learner_id, item)
    return await look(tx, buyer)


async def remove(tx: Tx, *, buyer: Buyer, item: Item) -> Cart:
    """Take an item out of the cart. What is not in it stays out."""
    buyer = await lock_buyer(tx, buyer)

    await store.delete_cart_items(tx, buyer.learner_id, [item])
    return await look(tx, buyer)


async def look(db: Pool | Tx, buyer: Buyer) -> Cart:
    """The cart at the price that an order of it would have ($-6), with the rule, if any, that
    stands in the way of each line."""
    buyer = await with_owned(db, buyer)
    goods = await store.list_goods(db, await store.list_cart(db, buyer.learner_id))
    open_order = await orders_store.find_open_order(
        db, learner_id=buyer.learner_id, content=fingerprint(good.item for good in goods)
    )
    offer = await discounts.offer(db, buyer.learner_id, goods, besides=open_order)
    lines = (
        CartLine(good, problem(good, buyer=buyer, others=goods), free)
        for good, free in zip(goods, offer.hours, strict=True)
    )
    return Cart(tuple(lines), discount_held_by=offer.held_by)


async def lock_buyer(tx: Tx, buyer: Buyer) -> Buyer:
    """Hold the buyer until the transaction ends, knowing what they own."""
    await store.lock_buyer(tx, buyer.learner_id)
    return await with_owned(tx, buyer)


async def with_owned(db: Pool | Tx, buyer: Buyer) -> Buyer:
    return replace(buyer, owned=await store.get_owned(db, buyer.learner_id))


async def get_good(db: Pool | Tx, item: Item) -> Good:
    """Raises `NoSuchItem`."""
    found = await store.list_goods(db, [item])
    if not found:
        raise NoSuchItem
    return found[0]
