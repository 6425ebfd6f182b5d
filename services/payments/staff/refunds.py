"""The finance desk: refunds ($-8). What waits for a person stands first."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints

from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Invalid, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith
from contracts.payments import RefundTarget

from ..actions import paybacks, refunds
from ..deps import OwnSettings, staff_of
from ..model.money import NotAnAmount, fen
from ..model.refunds import REASON_MAX, NoSuchRefund, RefundStatus
from ..store import paybacks as paybacks_store
from ..store import refund_desk as desk
from ..store import withdrawals as withdrawals_store

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/refunds", include_in_schema=False)

PAGE_SIZE = 50
SHOWN = 100
Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Refunder = Annotated[Session, StaffWith(Permission.PAYMENTS_REFUNDS)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_MAX)
]


class StartForm(BaseModel):
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    target: RefundTarget
    amount: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    reason: Reason

    @property
    def amount_fen(self) -> int | None:
        """None: all that is left. Raises `Invalid`."""
        if not self.amount:
            return None
        try:
            amount_fen = fen(self.amount)
        except NotAnAmount:
            raise Invalid({"amount": N_("Enter an amount in yuan, to the fen.")}) from None
        if amount_fen <= 0:
            raise Invalid({"amount": N_("Enter an amount of 0.01 yuan or more.")})
        return amount_fen


class DeclineForm(BaseModel):
    answer: Reason


class TargetForm(BaseModel):
    target: RefundTarget


class BankForm(BaseModel):
    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=64)]


@router.get("")
async def show_desk(
    request: Request,
    db: Db,
    who: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    cursor: UUID | None = None,
) -> Response:
    return await _desk(request, db, q=q.strip(), status=status, cursor=cursor)


@router.post("")
async def start(request: Request, db: Db, who: Refunder, settings: OwnSettings) -> Response:
    """Begin a refund of all that is left of an order, or of an amount."""
    form = await read_form(request)
    try:
        said = parse(StartForm, form)
        order_id = await desk.find_order_id(db, said.number)
        if order_id is None:
            raise Invalid({"number": N_("There is no order with this number.")})
        async with transaction(db) as tx:
            refund = await refunds.start(
                tx,
                order_id=order_id,
                target=said.target,
                reason=said.reason,
                amount_fen=said.amount_fen,
                by=staff_of(who),
                alone_fen=settings.refund_two_persons_above_fen,
            )
    except Refusal as refusal:
        return await _desk(request, db, refusal=refusal, form=form)
    log.info("refund_started", case_number=refund.case_number, staff_id=str(who.subject))
    return _done(request, refund.refund_id, N_("The refund is on its way."))


@router.post("/surplus/{out_refund_no}")
async def send_surplus_again(
    request: Request, out_refund_no: str, db: Db, who: Refunder
) -> Response:
    """Try a surplus payment again, with its one number."""
    await read_form(request)
    async with transaction(db) as tx:
        await paybacks.send_again(tx, out_refund_no)
    return see_other(
        "/staff/payments/refunds", request=request, flash=N_("It is looked at once more.")
    )


@router.get("/{refund_id}")
async def show_refund(request: Request, refund_id: UUID, db: Db, who: Reader) -> Response:
    return await _refund(request, db, refund_id)


@router.post("/{refund_id}/approval")
async def approve(
    request: Request, refund_id: UUID, db: Db, who: Refunder, settings: OwnSettings
) -> Response:
    form = await read_form(request)
    try:
        async with transaction(db) as tx:
            refund = await refunds.approve(
                tx,
                refund_id=refund_id,
                by=staff_of(who),
                alone_fen=settings.refund_two_persons_above_fen,
            )
    except Refusal as refusal:
        return await _refund(request, db, refund_id, refusal=refusal, form=form)
    log.info("refund_approved", case_number=refund.case_number, staff_id=str(who.subject))
    if refund.status is RefundStatus.SECOND_WANTED:
        return _done(request, refund_id, N_("You have approved it. A second person must, too."))
    return _done(request, refund_id, N_("The refund is on its way."))


@router.post("/{refund_id}/decline")
async def decline(request: Request, refund_id: UUID, db: Db, who: Refunder) -> Response:
    form = await read_form(request)
    try:
        said = parse(DeclineForm, form)
        async with transaction(db) as tx:
            refund = await refunds.decline(tx, refund_id=refund_id, answer=said.answer)
    except Refusal as refusal:
        return await _refund(request, db, refund_id, refusal=refusal, form=form)
    log.info("refund_declined", case_number=refund.case_number, staff_id=str(who.subject))
    return _done(request, refund_id, N_("The learner can read your answer."))


@router.post("/{refund_id}/next")
async def go_on(request: Request, refund_id: UUID, db: Db, who: Refunder) -> Response:
    """After a red-flush, or after what went wrong: try again, here or elsewhere."""
    form = await read_form(request)
    try:
        said = parse(TargetForm, form)
        async with transaction(db) as tx:
            refund = await refunds.go_on(tx, refund_id=refund_id, target=said.target)
    except Refusal as refusal:
        return await _refund(request, db, refund_id, refusal=refusal, form=form)
    log.info("refund_goes_on", case_number=refund.case_number, staff_id=str(who.subject))
    if refund.status is RefundStatus.BLOCKED:
        return _done(request, refund_id, N_("An invoice still covers this money."))
    return _done(request, refund_id, N_("The refund is on its way."))


@router.post("/{refund_id}/bank-payment")
async def record_bank_payment(request: Request, refund_id: UUID, db: Db, who: Refunder) -> Response:
    """What was paid by hand, with the bank's own number, by another person than approved it."""
    form = await read_form(request)
    try:
        said = parse(BankForm, form)
        async with transaction(db) as tx:
            refund = await refunds.pay_by_bank(
                tx, refund_id=refund_id, reference=said.reference, by=staff_of(who)
            )
    except Refusal as refusal:
        return await _refund(request, db, refund_id, refusal=refusal, form=form)
    log.info("refund_paid_by_bank", case_number=refund.case_number, staff_id=str(who.subject))
    return _done(request, refund_id, N_("The bank payment is recorded."))


def _done(request: Request, refund_id: UUID, flash: str) -> Response:
    return see_other(f"/staff/payments/refunds/{refund_id}", request=request, flash=flash)


async def _desk(
    request: Request,
    db: Pool,
    *,
    q: str = "",
    status: str = "",
    cursor: UUID | None = None,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    chosen = RefundStatus(status) if status in set(RefundStatus) else None
    found = await desk.search(db, text=q, status=chosen, before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    here = f"/staff/payments/refunds?{urlencode({'q': q, 'status': chosen or ''})}"
    return page(
        request,
        "staff/refunds.html",
        waiting=await desk.list_waiting(db, limit=SHOWN),
        waiting_count=await desk.count_waiting(db),
        surplus=await desk.list_surplus(db, limit=SHOWN),
        found=shown,
        q=q,
        state=chosen,
        next_url=f"{here}&cursor={shown[-1].refund.refund_id}" if len(found) > PAGE_SIZE else None,
        first_url=here if cursor else None,
        refusal=refusal,
        form=form,
        status=refusal.status if refusal else 200,
    )


async def _refund(
    request: Request, db: Pool, refund_id: UUID, *, refusal: Refusal | None = None, **more: Any
) -> Response:
    case = await desk.get_case(db, refund_id)
    if case is None:
        raise NoSuchRefund
    return page(
        request,
        "staff/refund.html",
        case=case,
        refund=case.refund,
        titles=await desk.list_titles(db, case.refund.order_id),
        courses=await withdrawals_store.list_courses(db, case.refund.order_id),
        paybacks=await paybacks_store.list_of_refund(db, refund_id),
        refusal=refusal,
        status=refusal.status if refusal else 200,
        **more,
    )
