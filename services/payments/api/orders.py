"""The JSON door: cart, orders, payments."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Query, Request, Response

from chassis.db import transaction
from chassis.web.deps import Db
from chassis.web.pages import speak
from chassis.web.who import CurrentLearner
from contracts.payments import ItemKind

from .. import checkout
from ..actions import carts, idempotency, orders, wallet
from ..deps import PayWithin, WeChatPay, WhoInWeChat, buyer_of
from ..model.attempts import AttemptStatus, Method
from ..model.goods import Item
from ..model.orders import NoSuchOrder
from ..store import attempts as attempts_store
from ..store import orders as orders_store
from .shapes import CartShown, OrderAsked, OrderShown, OrdersShown, PaymentAsked, PaymentShown

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])

PENDING = 202  # WeChat has not answered yet; the order shows the code as soon as it has
PAGE_SIZE = 20
Key = Annotated[
    str | None, Header(min_length=1, max_length=idempotency.KEY_MAX, pattern=r"^[!-~]+$")
]


@router.get("/cart")
async def show_cart(request: Request, db: Db, who: CurrentLearner) -> CartShown:
    speak(request)
    return CartShown.of(await carts.look(db, buyer_of(who)))


@router.put("/cart/items/{kind}/{item_id}")
async def put_into_cart(
    request: Request, kind: ItemKind, item_id: UUID, db: Db, who: CurrentLearner
) -> CartShown:
    """Put a course or a package into the cart; twice is once."""
    speak(request)
    async with transaction(db) as tx:
        cart = await carts.put(tx, buyer=buyer_of(who), item=Item(kind, item_id))
    return CartShown.of(cart)


@router.delete("/cart/items/{kind}/{item_id}")
async def remove_from_cart(
    request: Request, kind: ItemKind, item_id: UUID, db: Db, who: CurrentLearner
) -> CartShown:
    speak(request)
    async with transaction(db) as tx:
        cart = await carts.remove(tx, buyer=buyer_of(who), item=Item(kind, item_id))
    return CartShown.of(cart)


@router.post("/orders", status_code=201)
async def place_order(
    db: Db,
    who: CurrentLearner,
    pay_within: PayWithin,
    asked: OrderAsked | None = None,
    idempotency_key: Key = None,
) -> OrderShown:
    """Place an order of `items`, or of the cart. The same key and body give the same answer."""
    items = None if asked is None or asked.items is None else [i.item for i in asked.items]
    async with transaction(db) as tx:

        async def place() -> dict[str, Any]:
            order = await orders.place(tx, buyer=buyer_of(who), items=items, pay_within=pay_within)
            attempts = await attempts_store.list_attempts(tx, order.order_id)
            return OrderShown.of(order, attempts).model_dump(mode="json")

        answer = await idempotency.once(
            tx,
            actor_id=who.subject,
            key=idempotency_key,
            request={"items": asked and asked.model_dump(mode="json")["items"]},
            act=place,
        )
    log.info("order_placed", number=answer["number"], amount_fen=answer["amount_fen"])
    return OrderShown.model_validate(answer)


@router.get("/orders")
async def list_orders(
    db: Db,
    who: CurrentLearner,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> OrdersShown:
    found = await orders_store.list_orders(
        db, learner_id=who.subject, before=cursor, limit=limit + 1
    )
    shown = [OrderShown.of(order) for order in found[:limit]]
    more = len(found) > limit
    return OrdersShown(items=shown, next_cursor=str(shown[-1].order_id) if more else None)


@router.get("/orders/{order_id}")
async def show_order(order_id: UUID, db: Db, who: CurrentLearner, wechat: WeChatPay) -> OrderShown:
    order = await orders_store.get_order(db, order_id=order_id, learner_id=who.subject)
    if order is None:
        raise NoSuchOrder
    attempts = await attempts_store.list_attempts(db, order_id)
    return OrderShown.of(order, attempts, wechat.jsapi_parameters)


@router.post("/orders/{order_id}/payments", status_code=201)
async def pay_order(
    order_id: UUID,
    asked: PaymentAsked,
    response: Response,
    db: Db,
    who: CurrentLearner,
    wechat: WeChatPay,
    login: WhoInWeChat,
) -> PaymentShown:
    """Get the code to scan. Asking again gives the same code; 202: not known yet, look again.
    `wallet`: the whole is paid from the CNY account at once ($-4)."""
    if asked.method is Method.WALLET:
        async with transaction(db) as tx:
            order = await wallet.pay_order(tx, learner_id=who.subject, order_id=order_id)
        log.info("order_paid_from_wallet", number=order.number)
        return PaymentShown.from_wallet(order)
    attempt = await checkout.start(
        db,
        wechat,
        learner_id=who.subject,
        order_id=order_id,
        method=asked.method,
        openid=await checkout.identify(login, asked.code) if asked.code else None,
    )
    if attempt.status is AttemptStatus.CREATING:
        response.status_code = PENDING
    return PaymentShown.of(attempt, wechat.jsapi_parameters)


@router.post("/orders/{order_id}/cancellation")
async def cancel_order(order_id: UUID, db: Db, who: CurrentLearner) -> OrderShown:
    async with transaction(db) as tx:
        order = await orders.cancel(tx, learner_id=who.subject, order_id=order_id)
        attempts = await attempts_store.list_attempts(tx, order_id)
    log.info("order_cancelled", number=order.number)
    return OrderShown.of(order, attempts)
