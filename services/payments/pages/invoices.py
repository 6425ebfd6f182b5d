"""The pages of invoices 「开具发票」 ($-7). Forms work without JavaScript."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, ConfigDict, Field

from chassis import ids
from chassis.db import Pool
from chassis.refusals import Invalid, NotFound, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner, Session

from .. import documents, invoicing
from ..api.invoice_shapes import InvoiceAsked, RoomShown
from ..deps import AddressShelf, OwnFiles, OwnSettings
from ..model import money
from ..model.employers import EmployerCase, NoSuchCase
from ..model.invoice_room import Policy
from ..model.invoices import AMOUNT_MAX_FEN, Invoice, NoSuchInvoice
from ..store import employer_invoices as employer_store
from ..store import invoice_room as room_store
from ..store import invoices as store
from ..store import learners as learners_store
from ..store import shipments as shipments_store

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
KEY = "key"  # the form's own idempotency key: sent twice it is one application


def _fen(typed: object) -> int:
    try:
        return money.fen(str(typed))
    except money.NotAnAmount:
        raise ValueError("Please enter a sum in yuan, for example 600.00.") from None


class InvoiceTyped(InvoiceAsked):
    """The form: the sum in yuan, in the field `amount`."""

    model_config = ConfigDict(populate_by_name=True)

    amount_fen: Annotated[
        int, BeforeValidator(_fen), Field(gt=0, le=AMOUNT_MAX_FEN, alias="amount")
    ]


@router.get("/invoices")
async def list_invoices(
    request: Request,
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    cursor: Annotated[UUID | None, Query()] = None,
) -> Response:
    found = await store.list_invoices(
        db, learner_id=who.subject, before=cursor, limit=PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    return page(
        request,
        "invoices.html",
        room=await _room(db, who, settings.invoice_policy),
        at_sale=settings.invoice_policy is Policy.AT_SALE_UNTAXED,
        waiting=await store.find_open(db, who.subject),
        invoices=shown,
        next_url=f"/invoices?cursor={shown[-1].invoice_id}" if more else None,
        first_url="/invoices" if cursor else None,
    )


@router.get("/invoices/new")
async def show_form(
    request: Request,
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    employer_case: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """For what was spent; or for an employer's transfer ($-5)."""
    return await _form(request, db, who, settings.invoice_policy, case_number=employer_case)


@router.post("/invoices/new")
async def request_invoice(
    request: Request,
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    addresses: AddressShelf,
) -> Response:
    form = await read_form(request)
    try:
        shown = await invoicing.request(
            db,
            addresses,
            learner_id=who.subject,
            asked=parse(InvoiceTyped, form),
            policy=settings.invoice_policy,
            key=form.get(KEY) or None,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _form(
            request,
            db,
            who,
            settings.invoice_policy,
            form,
            _beside(refusal),
            case_number=form.get("employer_case", ""),
        )
    log.info("invoice_requested", case_number=shown.case_number, amount_fen=shown.amount_fen)
    return see_other(
        f"/invoices/{shown.invoice_id}", request=request, flash=N_("Your application is in.")
    )


@router.get("/invoices/{invoice_id}")
async def show_invoice(request: Request, invoice_id: UUID, db: Db, who: CurrentLearner) -> Response:
    return await _invoice(request, db, await _own(db, who, invoice_id))


@router.post("/invoices/{invoice_id}/cancellation")
async def cancel_invoice(
    request: Request, invoice_id: UUID, db: Db, who: CurrentLearner, addresses: AddressShelf
) -> Response:
    await read_form(request)
    try:
        invoice = await invoicing.cancel(
            db, addresses, learner_id=who.subject, invoice_id=invoice_id
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _invoice(request, db, await _own(db, who, invoice_id), refusal)
    log.info("invoice_cancelled", case_number=invoice.case_number)
    return see_other("/invoices", request=request, flash=N_("The application is cancelled."))


@router.get("/invoices/{invoice_id}/document.pdf")
async def download(invoice_id: UUID, db: Db, who: CurrentLearner, files: OwnFiles) -> Response:
    return await documents.answer(files, await _own(db, who, invoice_id))


async def _own(db: Pool, who: Session, invoice_id: UUID) -> Invoice:
    invoice = await store.get_invoice(db, invoice_id)
    if invoice is None or invoice.learner_id != who.subject:
        raise NoSuchInvoice
    return invoice


async def _room(db: Pool, who: Session, policy: Policy) -> RoomShown:
    paid_fen, refunded_fen = await room_store.get_spending(db, who.subject)
    standing = await room_store.get_standing(db, who.subject)
    return RoomShown.of(standing, policy, paid_fen=paid_fen, refunded_fen=refunded_fen)


def _beside(refusal: Refusal) -> Refusal:
    """The sum's field is called `amount` here."""
    if isinstance(refusal, Invalid) and "amount_fen" in refusal.errors:
        refusal.errors["amount"] = refusal.errors.pop("amount_fen")
    return refusal


async def _case(db: Pool, who: Session, case_number: str) -> EmployerCase:
    case = await employer_store.find_case(db, case_number=case_number, contact_id=who.subject)
    if case is None:
        raise NoSuchCase
    return case


async def _form(
    request: Request,
    db: Pool,
    who: Session,
    policy: Policy,
    form: Form | None = None,
    refusal: Refusal | None = None,
    *,
    case_number: str = "",
) -> Response:
    case = await _case(db, who, case_number) if case_number else None
    learner = await learners_store.get_learner(db, who.subject)
    context: dict[str, Any] = {"form": form} if form is not None else {}
    room = await _room(db, who, policy)
    return page(
        request,
        "invoice_new.html",
        room=room,
        offered_yuan=money.yuan(case.amount_fen if case else room.invoiceable_fen),
        at_sale=policy is Policy.AT_SALE_UNTAXED,
        waiting=None if case else await store.find_open(db, who.subject),
        case=case,
        mail_to=case.employer.email if case else learner.email if learner else "",
        key=(form.get(KEY) if form else None) or str(ids.new_id()),
        refusal=refusal,
        status=refusal.status if refusal else 200,
        **context,
    )


async def _invoice(
    request: Request, db: Pool, invoice: Invoice, refusal: Refusal | None = None
) -> Response:
    return page(
        request,
        "invoice.html",
        invoice=invoice,
        shipment=await shipments_store.get_shipment(db, invoice.invoice_id),
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
