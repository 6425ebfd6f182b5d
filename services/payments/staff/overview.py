"""The staff door: orders by state, and where WeChat's word and ours do not agree. Read-only."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import StaffWith

from ..model.orders import OrderStatus
from ..store import desk, ledger

router = APIRouter(
    prefix="/staff/payments",
    include_in_schema=False,
    dependencies=[StaffWith(Permission.PAYMENTS_READ)],
)

PAGE_SIZE = 50
DISCREPANCIES_SHOWN = 50


@router.get("")
async def show_desk(
    request: Request,
    db: Db,
    status: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    chosen = OrderStatus(status) if status in set(OrderStatus) else None
    found = await desk.list_orders(
        db, status=chosen, text=q.strip(), before=cursor, limit=PAGE_SIZE + 1
    )
    orders = found[:PAGE_SIZE]
    filters = {"status": chosen or "", "q": q.strip()}
    here = f"/staff/payments?{urlencode(filters)}"
    return page(
        request,
        "staff/payments.html",
        totals=await desk.get_totals(db),
        discrepancy_count=await desk.count_discrepancies(db),
        discrepancies=await desk.list_discrepancies(db, limit=DISCREPANCIES_SHOWN),
        balances=await ledger.get_balances(db),
        orders=orders,
        state=chosen,
        q=q.strip(),
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={orders[-1].order_id}" if len(found) > PAGE_SIZE else None,
    )
