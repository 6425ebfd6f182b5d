"""Paper sent by SF Express: the intent, and what became of it ($-7)."""

from dataclasses import replace
from uuid import UUID

from chassis import clock, outbox
from chassis.db import Tx
from contracts.payments import InvoiceForm, InvoiceIssued

from ..model.invoices import Invoice, InvoiceStatus, NoSuchInvoice
from ..model.learners import Staff
from ..model.shipments import (
    AlreadySent,
    NothingToSend,
    OutcomeUnknown,
    Shipment,
    ShipmentStatus,
    wait_after,
)
from ..store import goods as goods_store
from ..store import invoices as invoices_store
from ..store import shipments as store


async def begin(tx: Tx, *, invoice_id: UUID, by: Staff) -> tuple[Invoice, Shipment]:
    """Note that SF will be asked; again the same after a refusal. While an answer is outstanding
    it is the same intent.

    Raises `NoSuchInvoice`, `NothingToSend`, `AlreadySent`.
    """
    invoice, shipment = await _lock(tx, invoice_id)
    _check_sendable(invoice, shipment)
    if shipment is not None and shipment.status is ShipmentStatus.ASKING:
        return invoice, shipment

    now = clock.now()
    shipment = Shipment(
        invoice_id=invoice_id,
        sf_order_id=invoice.case_number,
        status=ShipmentStatus.ASKING,
        asked_by=by.staff_id,
        asked_at=now,
        next_try_at=now + wait_after(0),
    )
    await store.save_shipment(tx, shipment)
    return invoice, shipment


async def take_due(tx: Tx, invoice_id: UUID) -> tuple[Invoice, Shipment] | None:
    """The intent, if SF must be asked now. It counts as asked from here on, so that several
    workers share the work."""
    invoice, shipment = await _lock(tx, invoice_id)
    now = clock.now()
    if shipment is None or shipment.next_try_at is None or shipment.next_try_at > now:
        return None

    tries = shipment.tries + 1
    shipment = replace(shipment, tries=tries, next_try_at=now + wait_after(tries))
    await store.save_shipment(tx, shipment)
    return invoice, shipment


async def note_sent(tx: Tx, *, invoice_id: UUID, waybill: str, parcel_id: UUID) -> bool:
    """SF has a waybill: the learner is told that the paper is on its way. False if that is known
    already. The parcel is for the mail."""
    invoice, shipment = await _lock(tx, invoice_id)
    if shipment is None or shipment.status is ShipmentStatus.SENT:
        return False

    await _sent(tx, invoice, shipment, waybill, parcel_id)
    return True


async def note_sent_by_hand(
    tx: Tx, *, invoice_id: UUID, waybill: str, parcel_id: UUID, by: Staff
) -> None:
    """Somebody took the letter to SF. Raises what `begin` does, and `OutcomeUnknown`."""
    invoice, shipment = await _lock(tx, invoice_id)
    _check_sendable(invoice, shipment)
    if shipment is not None and shipment.status is ShipmentStatus.ASKING:
        raise OutcomeUnknown

    made = Shipment(invoice_id, invoice.case_number, ShipmentStatus.SENT, by.staff_id, clock.now())
    await _sent(tx, invoice, shipment or made, waybill, parcel_id)


async def note_refused(tx: Tx, *, invoice_id: UUID, code: str) -> None:
    """SF made no waybill and will not; staff look at it."""
    _, shipment = await _lock(tx, invoice_id)
    if shipment is None or shipment.status is not ShipmentStatus.ASKING:
        return

    refused = replace(shipment, status=ShipmentStatus.REFUSED, refusal=code, next_try_at=None)
    await store.save_shipment(tx, refused)


async def _sent(
    tx: Tx, invoice: Invoice, shipment: Shipment, waybill: str, parcel_id: UUID
) -> None:
    sent = replace(shipment, status=ShipmentStatus.SENT, waybill=waybill, next_try_at=None)
    await store.save_shipment(tx, sent)
    await invoices_store.update_invoice(tx, replace(invoice, delivered_at=clock.now()))
    assert invoice.number is not None, "only what is issued is sent"

    await outbox.add(
        tx,
        InvoiceIssued(
            invoice_id=invoice.invoice_id,
            case_number=invoice.case_number,
            learner_id=invoice.learner_id,
            invoice_number=invoice.number,
            amount_fen=invoice.amount_fen,
            form=invoice.form,
            parcel_id=parcel_id,
            waybill=waybill,
        ),
    )


def _check_sendable(invoice: Invoice, shipment: Shipment | None) -> None:
    if invoice.form is not InvoiceForm.PAPER or invoice.status is not InvoiceStatus.ISSUED:
        raise NothingToSend
    if shipment is not None and shipment.status is ShipmentStatus.SENT:
        raise AlreadySent


async def _lock(tx: Tx, invoice_id: UUID) -> tuple[Invoice, Shipment | None]:
    learner_id = await invoices_store.find_learner(tx, invoice_id)
    if learner_id is None:
        raise NoSuchInvoice
    await goods_store.lock_buyer(tx, learner_id)
    invoice = await invoices_store.lock_invoice(tx, invoice_id)
    assert invoice is not None, "invoices are never deleted"
    return invoice, await store.get_shipment(tx, invoice_id)
