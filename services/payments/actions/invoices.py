"""Invoices ($-7): asked for within what was spent, cancelled; and what refunds must ask first."""

from dataclasses import replace
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from chassis.refusals import Invalid
from contracts.payments import InvoiceRequested, PaymentMethod

from ..model.cases import CaseKind, new_case_number
from ..model.invoice_room import Policy
from ..model.invoices import (
    Invoice,
    InvoiceOpen,
    InvoiceStatus,
    NoSuchInvoice,
    Title,
    Wish,
    check_amount,
    choose_basis,
)
from ..store import goods as goods_store
from ..store import invoices as store
from ..store import learners as learners_store


async def request(tx: Tx, *, learner_id: UUID, wish: Wish, policy: Policy) -> Invoice:
    """Ask for an invoice, at most one at a time, never above what was spent and did not go back.

    Raises `Invalid`, `AboveCeiling`, `InvoicedAtSale`, `NotInvoicedAtSale`, `InvoiceOpen`.
    """
    await goods_store.lock_buyer(tx, learner_id)
    standing = await store.get_standing(tx, learner_id)
    basis = choose_basis(wish.covers, policy)

    await _check_title(tx, wish.title)
    check_amount(wish.amount_fen, basis, standing)
    if await store.find_open(tx, learner_id) is not None:
        raise InvoiceOpen

    now = clock.now()
    invoice = Invoice(
        invoice_id=ids.new_id(),
        case_number=new_case_number(CaseKind.INVOICE, now),
        learner_id=learner_id,
        basis=basis,
        form=wish.form,
        status=InvoiceStatus.REQUESTED,
        amount_fen=wish.amount_fen,
        title=wish.title,
        email=wish.email or await _registered_email(tx, learner_id),
        delivery=wish.delivery,
        requested_at=now,
    )
    await store.insert_invoice(tx, invoice)

    await outbox.add(
        tx,
        InvoiceRequested(
            invoice_id=invoice.invoice_id,
            case_number=invoice.case_number,
            learner_id=learner_id,
            amount_fen=invoice.amount_fen,
            form=invoice.form,
        ),
    )
    return invoice


async def _check_title(tx: Tx, title: Title) -> None:
    allowed = title.tax_number is not None and await store.allows_old_tax_number(
        tx, title.tax_number
    )
    title.check(old_number_allowed=allowed)


async def _registered_email(tx: Tx, learner_id: UUID) -> str:
    learner = await learners_store.get_learner(tx, learner_id)
    if learner is None or not learner.email:
        raise Invalid({"email": "Please fill this in."})
    return learner.email


async def cancel(tx: Tx, *, learner_id: UUID, invoice_id: UUID) -> Invoice:
    """Take an application back while nobody has decided it; cancelling twice is harmless.

    Raises `NoSuchInvoice`, `InvoiceDecided`.
    """
    invoice = await lock_own(tx, learner_id=learner_id, invoice_id=invoice_id)
    if invoice.status is InvoiceStatus.CANCELLED:
        return invoice
    invoice.check_open()

    cancelled = replace(invoice, status=InvoiceStatus.CANCELLED)
    await store.update_invoice(tx, cancelled)
    return cancelled


async def check_refund(
    tx: Tx, *, learner_id: UUID, amount_fen: int, method: PaymentMethod = PaymentMethod.WECHAT
) -> None:
    """Whether so much of a learner's paid orders may go back, as far as invoices are concerned.

    The caller holds the buyer and has not reserved the sum yet. `method`: how the order was paid;
    left out it is the stricter one. Raises `RedFlushFirst`.
    """
    standing = await store.get_standing(tx, learner_id)
    standing.check_refund(amount_fen, method)


async def lock_own(tx: Tx, *, learner_id: UUID, invoice_id: UUID) -> Invoice:
    """Hold a learner and an invoice of theirs, always in this sequence. Raises `NoSuchInvoice`."""
    await goods_store.lock_buyer(tx, learner_id)
    invoice = await store.lock_invoice(tx, invoice_id)
    if invoice is None or invoice.learner_id != learner_id:
        raise NoSuchInvoice
    return invoice
