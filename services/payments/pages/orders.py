"""The pages of cart and orders. Forms work without JavaScript."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner, Session
from contracts.payments import ItemKind

from .. import checkout, qr
from ..actions import carts, orders, wallet
from ..deps import PayWithin, WeChatPay, buyer_of
from ..model.attempts import AttemptStatus, Method
from ..model.goods import Item
from ..model.orders import NoSuchOrder, OrderStatus
from ..store import attempts as attempts_store
from ..store import ledger as ledger_store
from ..store import orders as orders_store
from ..store import refunds as refunds_store
from .wechat import is_inside

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20


@router.get("/cart")
async def show_cart(request: Request, db: Db, who: CurrentLearner) -> Response:
    return await _cart(request, db, who)


@router.post("/cart/items/{kind}/{item_id}")
async def put_into_cart(
    request: Request, kind: ItemKind, item_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            await carts.put(tx, buyer=buyer_of(who), item=Item(kind, item_id))
    except Refusal as refusal:
        return await _cart(request, db, who, refusal)
    return see_other("/cart", request=request, flash=N_("It is in your cart."))


@router.post("/cart/items/{kind}/{item_id}/remove")
async def remove_from_cart(
    request: Request, kind: ItemKind, item_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    await read_form(request)
    async with transaction(db) as tx:
        await carts.remove(tx, buyer=buyer_of(who), item=Item(kind, item_id))
    return see_other("/cart", request=request, flash=N_("It was taken out of your cart."))


@router.post("/orders")
async def place_order(
    request: Request, db: Db, who: CurrentLearner, wechat: WeChatPay, pay_within: PayWithin
) -> Response:
    """Order the cart, and have the code ready on the page that follows."""
    await read_form(request)
    try:
        async with transaction(db) as tx:
            order = await orders.place(tx, buyer=buyer_of(who), items=None, pay_within=pay_within)
    except Refusal as refusal:
        return await _cart(request, db, who, refusal)
    log.info("order_placed", number=order.number, amount_fen=order.amount_fen)
    if order.status is OrderStatus.UNPAID and not is_inside(request):
        await _fetch_code(db, wechat, who, order.order_id)
    return see_other(f"/orders/{order.order_id}")


@router.get("/orders")
async def list_orders(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    found = await orders_store.list_orders(
        db, learner_id=who.subject, before=cursor, limit=PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    next_cursor = shown[-1].order_id if len(found) > PAGE_SIZE else None
    return page(
        request, "orders.html", orders=shown, next_cursor=next_cursor, later=cursor is not None
    )


@router.get("/orders/{order_id}")
async def show_order(request: Request, order_id: UUID, db: Db, who: CurrentLearner) -> Response:
    return await _order(request, db, who, order_id)


@router.post("/orders/{order_id}/payments")
async def pay_order(
    request: Request, order_id: UUID, db: Db, who: CurrentLearner, wechat: WeChatPay
) -> Response:
    """Pay from the CNY account; or another try to get the code, where the first one failed."""
    form = await read_form(request)
    try:
        if form.get("method") == Method.WALLET:
            async with transaction(db) as tx:
                await wallet.pay_order(tx, learner_id=who.subject, order_id=order_id)
            flash = N_("The order is paid from your CNY account. Its courses are open.")
            return see_other(f"/orders/{order_id}", request=request, flash=flash)
        await checkout.start(
            db, wechat, learner_id=who.subject, order_id=order_id, method=Method.WECHAT_NATIVE
        )
    except NoSuchOrder:
        raise
    except Refusal as refusal:
        return await _order(request, db, who, order_id, refusal)
    return see_other(f"/orders/{order_id}")


@router.post("/orders/{order_id}/cancellation")
async def cancel_order(request: Request, order_id: UUID, db: Db, who: CurrentLearner) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            order = await orders.cancel(tx, learner_id=who.subject, order_id=order_id)
    except NoSuchOrder:
        raise
    except Refusal as refusal:
        return await _order(request, db, who, order_id, refusal)
    log.info("order_cancelled", number=order.number)
    flash = N_("The order is cancelled. The courses are still in your cart.")
    return see_other(f"/orders/{order_id}", request=request, flash=flash)


async def _fetch_code(db: Pool, wechat: WeChatPay, who: Session, order_id: UUID) -> None:
    """The order stands in any case; its page offers another try where this one fails."""
    try:
        await checkout.start(
            db, wechat, learner_id=who.subject, order_id=order_id, method=Method.WECHAT_NATIVE
        )
    except Refusal as refusal:
        log.warning("code_not_fetched", order_id=str(order_id), code=refusal.code)


async def _cart(
    request: Request, db: Pool, who: Session, refusal: Refusal | None = None
) -> Response:
    cart = await carts.look(db, buyer_of(who))
    status = refusal.status if refusal else 200
    return page(request, "cart.html", cart=cart, refusal=refusal, status=status)


async def _order(
    request: Request, db: Pool, who: Session, order_id: UUID, refusal: Refusal | None = None
) -> Response:
    order = await orders_store.get_order(db, order_id=order_id, learner_id=who.subject)
    if order is None:
        raise NoSuchOrder
    inside = is_inside(request) and "code" not in request.query_params
    method = Method.WECHAT_JSAPI if inside else Method.WECHAT_NATIVE
    attempts = await attempts_store.list_attempts(db, order_id)
    attempt = next((attempt for attempt in attempts if attempt.method is method), None)
    scannable = attempt is not None and attempt.status is AttemptStatus.WAITING
    return page(
        request,
        "order.html",
        order=order,
        attempt=attempt,
        balance_fen=await ledger_store.get_balance(db, who.subject),
        inside=inside,
        method=method,
        code=qr.draw(attempt.code_url) if scannable and attempt and attempt.code_url else None,
        refunded_fen=await refunds_store.get_refunded(db, order_id),
        minutes_left=max(0, int((order.expires_at - clock.now()).total_seconds() // 60)),
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
