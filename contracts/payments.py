"""Events told by payments: what was paid for, and every other way of money in and out.

Never a card's code, an ID number or a file: those travel in sealed parcels (`chassis.parcels`), and
an event names the parcel.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.event import Event, Part


class ItemKind(StrEnum):
    COURSE = "course"
    PACKAGE = "package"


class PaymentMethod(StrEnum):
    WECHAT = "wechat"
    WALLET = "wallet"
    NONE = "none"  # a zero-sum order


class OrderLine(Part):
    """One bought thing; `course_ids` are the courses it opens."""

    kind: ItemKind
    item_id: UUID
    title: str
    hours: int
    amount_fen: int
    course_ids: list[UUID]


class OrderPaid(Event):
    """An order is paid in full; its courses open ($-2)."""

    name: ClassVar[str] = "payments.order_paid.v1"
    order_id: UUID
    number: str
    learner_id: UUID
    method: PaymentMethod
    amount_fen: int
    paid_at: datetime
    lines: list[OrderLine]


class RefundTarget(StrEnum):
    SOURCE = "source"  # back to the WeChat payment it came from
    WALLET = "wallet"
    BANK = "bank"  # paid by hand to a bank account


class WithdrawalRequested(Event):
    """A refund asks progress to close the hours of these courses that are not studied ($-8)."""

    name: ClassVar[str] = "payments.withdrawal_requested.v1"
    refund_id: UUID
    order_id: UUID
    learner_id: UUID
    course_ids: list[UUID]


class OrderRefunded(Event):
    """Money of an order went back ($-8). Nothing of `course_ids` was studied; they are closed."""

    name: ClassVar[str] = "payments.order_refunded.v1"
    refund_id: UUID
    order_id: UUID
    number: str
    learner_id: UUID
    amount_fen: int
    target: RefundTarget
    course_ids: list[UUID]
    refunded_at: datetime


class RefundDeclined(Event):
    """A learner's wish for a refund was declined; the reason is for the learner to read ($-8)."""

    name: ClassVar[str] = "payments.refund_declined.v1"
    refund_id: UUID
    order_id: UUID
    number: str
    learner_id: UUID
    reason: str


class StudyCardIssued(Event):
    """A study card stands ready for a learner ($-3, $-5). The parcel holds its code: `fields`
    `code`; the mail shows it, the message does not."""

    name: ClassVar[str] = "payments.study_card_issued.v1"
    card_id: UUID
    serial: str
    learner_id: UUID
    amount_fen: int
    expires_on: date
    parcel_id: UUID
    case_number: str | None = None


class StudyCardRedeemed(Event):
    """A study card topped up a learner's CNY account ($-4)."""

    name: ClassVar[str] = "payments.study_card_redeemed.v1"
    card_id: UUID
    serial: str
    learner_id: UUID
    amount_fen: int
    balance_fen: int
    redeemed_at: datetime


class TransferSubmitted(Event):
    """W-1: a payment voucher was handed in. The parcel is for the mailbox: `fields` real_name,
    id_number, account_name, contact, amount_fen, payer_name, remittance_reference, bank_reference;
    the voucher is its attachment."""

    name: ClassVar[str] = "payments.transfer_submitted.v1"
    transfer_id: UUID
    case_number: str
    learner_id: UUID
    amount_fen: int
    parcel_id: UUID


class TransferReturned(Event):
    """W-1: staff could not accept the voucher; the reason is for the learner to read."""

    name: ClassVar[str] = "payments.transfer_returned.v1"
    transfer_id: UUID
    case_number: str
    learner_id: UUID
    reason: str


class TransferAccepted(Event):
    """W-1: the money has arrived and the card(s) are issued; `StudyCardIssued` follows for each."""

    name: ClassVar[str] = "payments.transfer_accepted.v1"
    transfer_id: UUID
    case_number: str
    learner_id: UUID
    amount_fen: int
    cards: int


class DiscountRequested(Event):
    """W-2: the application for the discount 「学习优惠」. The parcel is for the mailbox: `fields`
    real_name, id_number, certificate_number, expires_on, account_name, email."""

    name: ClassVar[str] = "payments.discount_requested.v1"
    discount_id: UUID
    case_number: str
    learner_id: UUID
    parcel_id: UUID


class DiscountGranted(Event):
    """W-2: the required hours of this cycle cost nothing ($-6)."""

    name: ClassVar[str] = "payments.discount_granted.v1"
    discount_id: UUID
    case_number: str
    learner_id: UUID


class DiscountRefused(Event):
    """W-2: the discount was refused; the reason is for the learner to read ($-6)."""

    name: ClassVar[str] = "payments.discount_refused.v1"
    discount_id: UUID
    case_number: str
    learner_id: UUID
    reason: str


class InvoiceForm(StrEnum):
    ELECTRONIC = "electronic"
    PAPER = "paper"


class InvoiceRequested(Event):
    """An invoice was asked for ($-7)."""

    name: ClassVar[str] = "payments.invoice_requested.v1"
    invoice_id: UUID
    case_number: str
    learner_id: UUID
    amount_fen: int
    form: InvoiceForm


class InvoiceIssued(Event):
    """An invoice exists ($-7). The parcel is for its learner, `fields` email; an electronic one has
    the document as its attachment. `waybill`: SF Express, where paper was sent."""

    name: ClassVar[str] = "payments.invoice_issued.v1"
    invoice_id: UUID
    case_number: str
    learner_id: UUID
    invoice_number: str
    amount_fen: int
    form: InvoiceForm
    parcel_id: UUID
    waybill: str | None = None


class InvoiceDeclined(Event):
    """An invoice can not be made as asked; the reason is for the learner to read ($-7)."""

    name: ClassVar[str] = "payments.invoice_declined.v1"
    invoice_id: UUID
    case_number: str
    learner_id: UUID
    reason: str


class InvoiceReversed(Event):
    """An invoice was red-flushed 「红冲」 ($-7)."""

    name: ClassVar[str] = "payments.invoice_reversed.v1"
    invoice_id: UUID
    case_number: str
    learner_id: UUID
    invoice_number: str
    amount_fen: int
