"""The finance desk: orders, and one order whole. Read-only."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import Session, StaffWith

from ..model.orders import NoSuchOrder, OrderStatus
from ..store import desk
from ..store import order_file as store

router = APIRouter(prefix="/staff/payments/orders", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
PAGE_SIZE = 50
LINES_SHOWN = 100


@router.get("")
async def list_orders(
    request: Request,
    db: Db,
    who: Reader,
    status: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """Everybody's, the newest first; by state, by number or by name."""
    chosen = OrderStatus(status) if status in set(OrderStatus) else None
    wanted = q.strip().replace("\0", "")
    found = await desk.list_orders(
        db, status=chosen, text=wanted, before=cursor, limit=PAGE_SIZE + 1
    )
    orders = found[:PAGE_SIZE]
    here = f"/staff/payments/orders?{urlencode({'status': chosen or '', 'q': wanted})}"
    return page(
        request,
        "staff/orders.html",
        totals=await desk.get_totals(db),
        orders=orders,
        state=chosen,
        q=wanted,
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={orders[-1].order_id}" if len(found) > PAGE_SIZE else None,
    )


@router.get("/{order_id}")
async def show_order(request: Request, order_id: UUID, db: Db, who: Reader) -> Response:
    """One order whole: lines, attempts, notifications, journals, and what became of its money."""
    order = await desk.get_order(db, order_id)
    if order is None:
        raise NoSuchOrder
    discrepancies = [
        one
        for is_open in (True, False)
        for one in await desk.list_discrepancies(
            db, is_open=is_open, order_id=order_id, limit=LINES_SHOWN
        )
    ]
    return page(
        request,
        "staff/order.html",
        order=order,
        file=await store.get_file(db, order),
        discrepancies=discrepancies,
    )
