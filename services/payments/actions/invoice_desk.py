"""The desk of invoices ($-7): issued, declined, red-flushed 「红冲」, taken over from a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from chassis import clock, outbox
from chassis.db import Tx
from chassis.refusals import Invalid
from contracts.payments import InvoiceDeclined, InvoiceForm, InvoiceIssued, InvoiceReversed

from ..model import tax_numbers
from ..model.invoice_import import Result, Row, Slip, match
from ..model.invoices import (
    Document,
    Invoice,
    InvoiceStatus,
    NoSuchInvoice,
    NotElectronic,
    NumberTaken,
)
from ..model.learners import Staff
from ..store import employer_invoices as employer_store
from ..store import goods as goods_store
from ..store import invoice_desk as desk_store
from ..store import invoices as store


@dataclass(frozen=True, slots=True)
class Sealed:
    """The issued PDF, and the parcel in which it waits for the learner's mail."""

    document: Document
    parcel_id: UUID


async def issue(
    tx: Tx, *, invoice_id: UUID, number: str, issued_on: date, sealed: Sealed | None, by: Staff
) -> Invoice:
    """Note the invoice that the tax office's client made. An electronic one reaches its learner
    with its PDF, a paper one with its waybill (`shipments`).

    Raises `NoSuchInvoice`, `InvoiceDecided`, `NumberTaken`, `Invalid`.
    """
    invoice = await lock(tx, invoice_id)
    invoice.check_open()
    _check_day(issued_on, "issued_on")
    await _check_new(tx, number)

    return await _issue(tx, invoice, number, issued_on, sealed=sealed, by=by)


async def attach(tx: Tx, *, invoice_id: UUID, sealed: Sealed) -> Invoice:
    """The PDF of an electronic invoice that was noted without it. Raises `NoSuchInvoice`,
    `NotIssued`, `NotElectronic`; once it is there it stays."""
    invoice = await lock(tx, invoice_id)
    invoice.check_issued()
    if invoice.form is not InvoiceForm.ELECTRONIC:
        raise NotElectronic
    if invoice.document is not None:
        return invoice

    return await _deliver(tx, invoice, sealed, clock.now())


async def decline(tx: Tx, *, invoice_id: UUID, reason: str, by: Staff) -> Invoice:
    """Say no, and why. Raises `NoSuchInvoice`, `InvoiceDecided`."""
    invoice = await lock(tx, invoice_id)
    invoice.check_open()

    declined = _decided(replace(invoice, status=InvoiceStatus.DECLINED, reason=reason), by)
    await store.update_invoice(tx, declined)
    await employer_store.unlink(tx, invoice_id)

    await outbox.add(
        tx,
        InvoiceDeclined(
            invoice_id=invoice_id,
            case_number=invoice.case_number,
            learner_id=invoice.learner_id,
            reason=reason,
        ),
    )
    return declined


async def reverse(
    tx: Tx, *, invoice_id: UUID, red_number: str, reversed_on: date, reason: str, by: Staff
) -> Invoice:
    """Note the red invoice that takes a whole invoice back; its room is free again.

    Raises `NoSuchInvoice`, `NotIssued`, `NumberTaken`, `Invalid`.
    """
    invoice = await lock(tx, invoice_id)
    invoice.check_issued()
    _check_day(reversed_on, "reversed_on")
    await _check_new(tx, red_number)
    assert invoice.number is not None, "what is issued has a number"

    undone = replace(
        invoice,
        status=InvoiceStatus.REVERSED,
        red_number=red_number,
        reversed_on=reversed_on,
        reason=reason,
    )
    await store.update_invoice(tx, _decided(undone, by))
    await employer_store.unlink(tx, invoice_id)

    await outbox.add(
        tx,
        InvoiceReversed(
            invoice_id=invoice_id,
            case_number=invoice.case_number,
            learner_id=invoice.learner_id,
            invoice_number=invoice.number,
            amount_fen=invoice.amount_fen,
        ),
    )
    return undone


async def take_over(tx: Tx, rows: Sequence[Row], *, by: Staff) -> tuple[list[Result], list[Slip]]:
    """Issue what a result file says, all of it or nothing: with a slip nothing is changed."""
    wanted = [row.case_number for row in rows]
    before = await desk_store.find_by_case(tx, wanted)
    for learner_id in sorted({invoice.learner_id for invoice in before}):
        await goods_store.lock_buyer(tx, learner_id)
    held = [await lock(tx, invoice.invoice_id) for invoice in before]
    known = await desk_store.find_numbers(tx, [row.number for row in rows])

    by_case = {invoice.case_number: invoice for invoice in held}
    results, slips = match(rows, by_case, known, clock.today())
    if slips:
        return [], slips

    for result in results:
        await _issue(tx, result.invoice, result.number, result.issued_on, sealed=None, by=by)
    return results, []


async def allow_old_tax_number(tx: Tx, *, tax_number: str, by: Staff) -> str:
    """Let a tax number of 15 or 20 characters pass from now on. Raises `Invalid`."""
    plain = tax_numbers.normalise(tax_number)
    if not tax_numbers.is_old(plain):
        raise Invalid({"old_tax_number": "An old tax number has 15 or 20 letters and digits."})

    await desk_store.allow_old_tax_number(tx, plain, by=by, at=clock.now())
    return plain


async def lock(tx: Tx, invoice_id: UUID) -> Invoice:
    """Hold an invoice and, before it, its learner. Raises `NoSuchInvoice`."""
    learner_id = await store.find_learner(tx, invoice_id)
    if learner_id is None:
        raise NoSuchInvoice
    await goods_store.lock_buyer(tx, learner_id)
    invoice = await store.lock_invoice(tx, invoice_id)
    assert invoice is not None, "invoices are never deleted"
    return invoice


async def _issue(
    tx: Tx, invoice: Invoice, number: str, issued_on: date, *, sealed: Sealed | None, by: Staff
) -> Invoice:
    issued = _decided(
        replace(invoice, status=InvoiceStatus.ISSUED, number=number, issued_on=issued_on), by
    )
    if sealed is not None and invoice.form is InvoiceForm.ELECTRONIC:
        return await _deliver(tx, issued, sealed, clock.now())
    await store.update_invoice(tx, issued)
    return issued


async def _deliver(tx: Tx, invoice: Invoice, sealed: Sealed, now: datetime) -> Invoice:
    delivered = replace(invoice, document=sealed.document, delivered_at=now)
    await store.update_invoice(tx, delivered)
    assert invoice.number is not None, "what is issued has a number"

    await outbox.add(
        tx,
        InvoiceIssued(
            invoice_id=invoice.invoice_id,
            case_number=invoice.case_number,
            learner_id=invoice.learner_id,
            invoice_number=invoice.number,
            amount_fen=invoice.amount_fen,
            form=invoice.form,
            parcel_id=sealed.parcel_id,
        ),
    )
    return delivered


async def _check_new(tx: Tx, number: str) -> None:
    if await desk_store.find_numbers(tx, [number]):
        raise NumberTaken


def _check_day(day: date, field: str) -> None:
    if day > clock.today():
        raise Invalid({field: "This day is still to come."})


def _decided(invoice: Invoice, by: Staff) -> Invoice:
    return replace(invoice, decided_at=clock.now(), decided_by=by.staff_id, decided_by_name=by.name)
