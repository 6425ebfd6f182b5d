"""The finance desk: one invoice, decided and sent ($-7)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import ids
from chassis.db import Pool, transaction
from chassis.files import Files
from chassis.parcels import Parcel, Parcels
from chassis.permissions import Permission
from chassis.refusals import NotFound, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith
from contracts.payments import InvoiceForm

from .. import addresses as address_shelf
from .. import documents, shipping
from ..actions import invoice_desk as actions
from ..actions.invoice_desk import Sealed
from ..deps import AddressShelf, BothShelves, ByCourier, OwnFiles, ParcelShelf, staff_of
from ..model.invoices import Invoice, NoSuchInvoice
from ..store import invoices as store
from ..store import learners as learners_store
from ..store import shipments as shipments_store
from .invoice_forms import DeclineForm, IssueForm, ReversalForm, WaybillForm

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/invoices/{invoice_id}", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Clerk = Annotated[Session, StaffWith(Permission.PAYMENTS_INVOICES)]


@router.get("")
async def show_case(request: Request, invoice_id: UUID, db: Db, who: Reader) -> Response:
    return await _case(request, db, who, invoice_id)


@router.get("/document.pdf")
async def download(invoice_id: UUID, db: Db, who: Reader, files: OwnFiles) -> Response:
    return await documents.answer(files, await _get(db, invoice_id))


@router.post("/issue")
async def issue(
    request: Request, invoice_id: UUID, db: Db, who: Clerk, files: OwnFiles, parcels: ParcelShelf
) -> Response:
    """Its number and day; an electronic one comes with its PDF."""
    form = await read_form(request)

    async def act() -> None:
        said = parse(IssueForm, form)
        invoice = await _get(db, invoice_id)
        invoice.check_open()
        sealed = None
        if invoice.form is InvoiceForm.ELECTRONIC:
            sealed = await _seal(files, parcels, invoice, said.number, form)
        async with transaction(db) as tx:
            await actions.issue(
                tx,
                invoice_id=invoice_id,
                number=said.number,
                issued_on=said.issued_on,
                sealed=sealed,
                by=staff_of(who),
            )

    return await _decide(request, db, who, invoice_id, form, act, N_("The invoice is issued."))


@router.post("/document")
async def attach(
    request: Request, invoice_id: UUID, db: Db, who: Clerk, files: OwnFiles, parcels: ParcelShelf
) -> Response:
    """The PDF of one whose number came from a result file."""
    form = await read_form(request)

    async def act() -> None:
        invoice = await _get(db, invoice_id)
        invoice.check_issued()
        sealed = await _seal(files, parcels, invoice, invoice.number or "", form)
        async with transaction(db) as tx:
            await actions.attach(tx, invoice_id=invoice_id, sealed=sealed)

    return await _decide(
        request, db, who, invoice_id, form, act, N_("The PDF is on its way by mail.")
    )


@router.post("/decline")
async def decline(
    request: Request, invoice_id: UUID, db: Db, who: Clerk, addresses: AddressShelf
) -> Response:
    form = await read_form(request)

    async def act() -> None:
        reason = parse(DeclineForm, form).reason
        async with transaction(db) as tx:
            invoice = await actions.decline(
                tx, invoice_id=invoice_id, reason=reason, by=staff_of(who)
            )
        await address_shelf.forget(addresses, invoice.delivery)

    return await _decide(
        request, db, who, invoice_id, form, act, N_("The application is declined.")
    )


@router.post("/reverse")
async def reverse(request: Request, invoice_id: UUID, db: Db, who: Clerk) -> Response:
    """Red-flushed 「红冲」 at the tax office's client: noted here, whole."""
    form = await read_form(request)

    async def act() -> None:
        said = parse(ReversalForm, form)
        async with transaction(db) as tx:
            await actions.reverse(
                tx,
                invoice_id=invoice_id,
                red_number=said.red_number,
                reversed_on=said.reversed_on,
                reason=said.reversal_reason,
                by=staff_of(who),
            )

    return await _decide(request, db, who, invoice_id, form, act, N_("The invoice is red-flushed."))


@router.post("/shipment")
async def send(
    request: Request,
    invoice_id: UUID,
    db: Db,
    who: Clerk,
    courier: ByCourier,
    shelves: BothShelves,
) -> Response:
    """SF Express fetches it, the learner pays."""
    form = await read_form(request)

    async def act() -> None:
        await shipping.send(db, courier, shelves, invoice_id=invoice_id, by=staff_of(who))

    return await _decide(request, db, who, invoice_id, form, act, N_("SF Express was asked."))


@router.post("/waybill")
async def send_by_hand(
    request: Request, invoice_id: UUID, db: Db, who: Clerk, shelves: BothShelves
) -> Response:
    form = await read_form(request)

    async def act() -> None:
        said = parse(WaybillForm, form)
        invoice = await _get(db, invoice_id)
        await shipping.send_by_hand(
            db, shelves, invoice=invoice, waybill=said.waybill, by=staff_of(who)
        )

    return await _decide(request, db, who, invoice_id, form, act, N_("The waybill is noted."))


async def _decide(
    request: Request,
    db: Pool,
    who: Session,
    invoice_id: UUID,
    form: Form,
    act: Callable[[], Awaitable[None]],
    flash: str,
) -> Response:
    """Carry it out and show the case again, with what was wrong where something was."""
    try:
        await act()
    except NotFound:
        raise
    except Refusal as refusal:
        return await _case(request, db, who, invoice_id, form, refusal)
    log.info(
        "invoice_case_changed",
        invoice_id=str(invoice_id),
        staff_id=str(who.subject),
        deed=request.url.path.rsplit("/", 1)[-1],
    )
    return see_other(f"/staff/payments/invoices/{invoice_id}", request=request, flash=flash)


async def _seal(
    files: Files, parcels: Parcels, invoice: Invoice, number: str, form: Form
) -> Sealed:
    """Before the transaction: one file or parcel too many does no harm. Raises `Invalid`."""
    content = await documents.read(form.files.get("document"))
    parcel_id = ids.new_id()
    attached = (documents.attachment(number, content),)
    await parcels.seal(parcel_id, Parcel({"email": invoice.email}, attached))
    return Sealed(await documents.keep(files, content), parcel_id)


async def _get(db: Pool, invoice_id: UUID) -> Invoice:
    invoice = await store.get_invoice(db, invoice_id)
    if invoice is None:
        raise NoSuchInvoice
    return invoice


async def _case(
    request: Request,
    db: Pool,
    who: Session,
    invoice_id: UUID,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    invoice = await _get(db, invoice_id)
    context: dict[str, Any] = {"form": form} if form else {}
    return page(
        request,
        "staff/invoice.html",
        invoice=invoice,
        learner=await learners_store.get_learner(db, invoice.learner_id),
        shipment=await shipments_store.get_shipment(db, invoice_id),
        may_write=who.may(Permission.PAYMENTS_INVOICES),
        refusal=refusal,
        status=refusal.status if refusal else 200,
        **context,
    )
