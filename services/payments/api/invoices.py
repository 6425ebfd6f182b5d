"""The JSON door: invoices ($-7)."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query

from chassis.db import transaction
from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from .. import invoicing
from ..actions import invoices
from ..deps import AddressShelf, OwnSettings
from ..model.invoices import NoSuchInvoice
from ..store import invoices as store
from .invoice_shapes import InvoiceAsked, InvoiceShown, InvoicesShown, RoomShown
from .orders import Key

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])

PAGE_SIZE = 20


@router.post("/invoices", status_code=201)
async def request_invoice(
    asked: InvoiceAsked,
    db: Db,
    who: CurrentLearner,
    addresses: AddressShelf,
    settings: OwnSettings,
    idempotency_key: Key = None,
) -> InvoiceShown:
    """Ask for an invoice within what was spent. The same key and body give the same answer."""
    shown = await invoicing.request(
        db,
        addresses,
        learner_id=who.subject,
        asked=asked,
        policy=settings.invoice_policy,
        key=idempotency_key,
    )
    log.info("invoice_requested", case_number=shown.case_number, amount_fen=shown.amount_fen)
    return shown


@router.get("/invoices")
async def list_invoices(
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> InvoicesShown:
    """Own invoices, newest first, with what can still be invoiced."""
    found = await store.list_invoices(db, learner_id=who.subject, before=cursor, limit=limit + 1)
    shown = [InvoiceShown.of(invoice) for invoice in found[:limit]]
    standing = await store.get_standing(db, who.subject)
    paid_fen, refunded_fen = await store.get_spending(db, who.subject)
    return InvoicesShown(
        room=RoomShown.of(
            standing, settings.invoice_policy, paid_fen=paid_fen, refunded_fen=refunded_fen
        ),
        items=shown,
        next_cursor=str(shown[-1].invoice_id) if len(found) > limit else None,
    )


@router.get("/invoices/{invoice_id}")
async def show_invoice(invoice_id: UUID, db: Db, who: CurrentLearner) -> InvoiceShown:
    invoice = await store.get_invoice(db, invoice_id)
    if invoice is None or invoice.learner_id != who.subject:
        raise NoSuchInvoice
    return InvoiceShown.of(invoice)


@router.post("/invoices/{invoice_id}/cancellation")
async def cancel_invoice(invoice_id: UUID, db: Db, who: CurrentLearner) -> InvoiceShown:
    """Take the application back while nobody has decided it; twice is once."""
    async with transaction(db) as tx:
        invoice = await invoices.cancel(tx, learner_id=who.subject, invoice_id=invoice_id)
    log.info("invoice_cancelled", case_number=invoice.case_number)
    return InvoiceShown.of(invoice)
