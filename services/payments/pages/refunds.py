"""The pages of refunds ($-8): own refunds, and the wish for one. Forms work without JavaScript."""

from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner, Session
from contracts.payments import RefundTarget

from ..actions import refunds
from ..model.orders import NoSuchOrder
from ..model.refunds import ENDED, REASON_MAX, TooOldForSource, target_of
from ..store import orders as orders_store
from ..store import refunds as store
from ..store import withdrawals as withdrawals_store

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_MAX)
]


class WishForm(BaseModel):
    target: Literal[RefundTarget.SOURCE, RefundTarget.WALLET]
    reason: Reason


@router.get("/refunds")
async def list_refunds(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    found = await store.list_refunds(db, learner_id=who.subject, before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return page(
        request,
        "refunds.html",
        refunds=shown,
        open=sum(refund.status not in ENDED for refund, _ in shown),
        next_cursor=shown[-1][0].refund_id if len(found) > PAGE_SIZE else None,
        later=cursor is not None,
    )


@router.get("/orders/{order_id}/refund")
async def show_form(request: Request, order_id: UUID, db: Db, who: CurrentLearner) -> Response:
    return await _form(request, db, who, order_id)


@router.post("/orders/{order_id}/refund")
async def ask_for_refund(request: Request, order_id: UUID, db: Db, who: CurrentLearner) -> Response:
    form = await read_form(request)
    try:
        said = parse(WishForm, form)
        async with transaction(db) as tx:
            refund = await refunds.ask(
                tx,
                learner_id=who.subject,
                order_id=order_id,
                target=said.target,
                reason=said.reason,
            )
    except NoSuchOrder:
        raise
    except Refusal as refusal:
        return await _form(request, db, who, order_id, refusal=refusal, form=form)
    log.info("refund_asked", case_number=refund.case_number)
    return see_other(
        "/refunds",
        request=request,
        flash=N_("Your wish %(number)s has been sent. The association will look at it."),
        number=refund.case_number,
    )


async def _form(
    request: Request,
    db: Pool,
    who: Session,
    order_id: UUID,
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    order = await orders_store.get_order(db, order_id=order_id, learner_id=who.subject)
    if order is None:
        raise NoSuchOrder
    try:
        takes_source = target_of(order, RefundTarget.SOURCE, clock.now()) is RefundTarget.SOURCE
    except TooOldForSource:
        takes_source = False
    refunded_fen = await store.get_refunded(db, order_id)
    withdrawal = await withdrawals_store.get_withdrawal(db, order_id)
    left_fen = withdrawal.left_fen(refunded_fen) if withdrawal else None
    return page(
        request,
        "refund_wish.html",
        order=order,
        left_fen=order.amount_fen - refunded_fen if left_fen is None else left_fen,
        takes_source=takes_source,
        refusal=refusal,
        form=form,
        status=refusal.status if refusal else 200,
    )
