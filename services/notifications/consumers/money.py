"""Money in and out: a mail to the learner about each step, cases to the mailbox (W-1, W-2).

No code, ID number or file comes by here: a mail that needs one names the parcel, which is opened
when the mail is sent.
"""

from typing import Any
from uuid import UUID

from chassis.db import Tx
from contracts.event import Event
from contracts.payments import (
    DiscountGranted,
    DiscountRefused,
    DiscountRequested,
    InvoiceDeclined,
    InvoiceIssued,
    InvoiceRequested,
    InvoiceReversed,
    OrderPaid,
    OrderRefunded,
    RefundDeclined,
    StudyCardIssued,
    StudyCardRedeemed,
    TransferAccepted,
    TransferReturned,
    TransferSubmitted,
)

from .. import actions
from ..model import Audience, Template
from .door import consumer

NOT_SAID = {"event_id", "occurred_at", "learner_id", "parcel_id"}  # no letter has a place for these

About = (
    OrderPaid
    | OrderRefunded
    | RefundDeclined
    | StudyCardIssued
    | StudyCardRedeemed
    | TransferSubmitted
    | TransferReturned
    | TransferAccepted
    | DiscountRequested
    | DiscountGranted
    | DiscountRefused
    | InvoiceRequested
    | InvoiceIssued
    | InvoiceDeclined
    | InvoiceReversed
)


@consumer.on(OrderPaid)
async def tell_paid(tx: Tx, event: OrderPaid) -> None:
    """$-2: what was paid, and that the courses are open."""
    hours = sum(line.hours for line in event.lines)
    await _queue(tx, Template.ORDER_PAID, event, hours=hours)


@consumer.on(OrderRefunded)
async def tell_refunded(tx: Tx, event: OrderRefunded) -> None:
    """$-8: how much, and where it went."""
    await _queue(tx, Template.ORDER_REFUNDED, event)


@consumer.on(RefundDeclined)
async def tell_refund_declined(tx: Tx, event: RefundDeclined) -> None:
    """$-8: a reason that the learner can read."""
    await _queue(tx, Template.REFUND_DECLINED, event)


@consumer.on(StudyCardIssued)
async def send_study_card(tx: Tx, event: StudyCardIssued) -> None:
    """$-3: the card's code, out of the parcel."""
    await _queue(tx, Template.STUDY_CARD_ISSUED, event, parcel_id=event.parcel_id)


@consumer.on(StudyCardRedeemed)
async def tell_redeemed(tx: Tx, event: StudyCardRedeemed) -> None:
    """$-4: the new balance; somebody else's use of a card must not go unseen."""
    await _queue(tx, Template.STUDY_CARD_REDEEMED, event)


@consumer.on(TransferSubmitted)
async def open_transfer_case(tx: Tx, event: TransferSubmitted) -> None:
    """W-1: the voucher to the mailbox, an acknowledgement to the learner."""
    await _queue_case(tx, Template.TRANSFER_CASE, event)
    await _queue(tx, Template.TRANSFER_SUBMITTED, event)


@consumer.on(TransferReturned)
async def tell_transfer_returned(tx: Tx, event: TransferReturned) -> None:
    """W-1: a reason that the learner can read and act on."""
    await _queue(tx, Template.TRANSFER_RETURNED, event)


@consumer.on(TransferAccepted)
async def tell_transfer_accepted(tx: Tx, event: TransferAccepted) -> None:
    """W-1: the money is there. Each card has a mail of its own."""
    await _queue(tx, Template.TRANSFER_ACCEPTED, event)


@consumer.on(DiscountRequested)
async def open_discount_case(tx: Tx, event: DiscountRequested) -> None:
    """W-2: the application to the mailbox, an acknowledgement to the learner."""
    await _queue_case(tx, Template.DISCOUNT_CASE, event)
    await _queue(tx, Template.DISCOUNT_REQUESTED, event)


@consumer.on(DiscountGranted)
async def tell_discount_granted(tx: Tx, event: DiscountGranted) -> None:
    """W-2, $-6: the required hours cost nothing now."""
    await _queue(tx, Template.DISCOUNT_GRANTED, event)


@consumer.on(DiscountRefused)
async def tell_discount_refused(tx: Tx, event: DiscountRefused) -> None:
    """W-2: a reason that the learner can read."""
    await _queue(tx, Template.DISCOUNT_REFUSED, event)


@consumer.on(InvoiceRequested)
async def tell_invoice_requested(tx: Tx, event: InvoiceRequested) -> None:
    """$-7: an acknowledgement."""
    await _queue(tx, Template.INVOICE_REQUESTED, event)


@consumer.on(InvoiceIssued)
async def send_invoice(tx: Tx, event: InvoiceIssued) -> None:
    """$-7: the document itself or its waybill, to the address that the request named."""
    await _queue(tx, Template.INVOICE_ISSUED, event, parcel_id=event.parcel_id)


@consumer.on(InvoiceDeclined)
async def tell_invoice_declined(tx: Tx, event: InvoiceDeclined) -> None:
    """$-7: a reason that the learner can read and act on."""
    await _queue(tx, Template.INVOICE_DECLINED, event)


@consumer.on(InvoiceReversed)
async def tell_invoice_reversed(tx: Tx, event: InvoiceReversed) -> None:
    """$-7: an invoice that must not be used any more."""
    await _queue(tx, Template.INVOICE_REVERSED, event)


async def _queue(
    tx: Tx, template: Template, event: About, *, parcel_id: UUID | None = None, **more: Any
) -> None:
    await actions.queue_mail(
        tx,
        template,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values=_said(event) | more,
        parcel_id=parcel_id,
    )


async def _queue_case(
    tx: Tx, template: Template, event: TransferSubmitted | DiscountRequested
) -> None:
    await actions.queue_mail(
        tx,
        template,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values=_said(event),
        parcel_id=event.parcel_id,
        audience=Audience.MAILBOX,
    )


def _said(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude=NOT_SAID)
