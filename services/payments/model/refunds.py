"""Refunds: money of a paid order goes back, for the hours that were not studied ($-8)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Forbidden, NotFound
from contracts.payments import PaymentMethod, RefundTarget

from .learners import Staff
from .orders import Order, OrderStatus

SOURCE_DAYS = 365  # WeChat takes a payment back for so long
REASON_MAX = 500  # characters


class NoSuchRefund(NotFound):
    """There is no such refund."""


class OrderNotPaid(Conflict):
    """This order is not paid, so there is nothing to refund."""


class NothingToRefund(Conflict):
    """Nothing of this order is left to be refunded."""


class AllStudied(Conflict):
    """All hours of this order are studied. Studied hours are not refunded."""


class TooManyParts(Conflict):
    """WeChat takes back at most 50 parts of one payment. Choose another way."""


class LessIsLeft(Conflict):
    """Less than the wished amount is left of the order."""


class MoreThanLeft(Conflict):
    """Only {left_yuan} yuan of this order can still be refunded."""


class TooOldForSource(Conflict):
    """This payment is more than 365 days old: WeChat takes it back no more. Choose the CNY account; the association can also pay to a bank account."""  # noqa: E501


class RefundDecided(Conflict):
    """This refund has gone on already. Look at it again."""


class SecondPersonNeeded(Forbidden):
    """A second person must approve this refund: you were the first."""


class BankPaymentByAnother(Forbidden):
    """You approved this refund. A second person must record the bank payment."""


class BankReferenceUsed(Conflict):
    """A payment with this bank reference is recorded already."""


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    SECOND_WANTED = "second_wanted"  # one person has approved, the sum needs another
    WITHDRAWING = "withdrawing"  # progress is asked what was studied
    BLOCKED = "blocked_by_invoice"  # an invoice covers the money: red-flush it first
    SENDING = "sending"  # on its way back to WeChat; its payback says how far
    BANK_WANTED = "bank_wanted"  # staff pay it by hand
    FAILED = "failed"  # it did not get back; the money is free again, staff choose
    REFUNDED = "refunded"
    DECLINED = "declined"


DECIDABLE = frozenset({RefundStatus.REQUESTED, RefundStatus.SECOND_WANTED})
STUCK = frozenset({RefundStatus.BLOCKED, RefundStatus.FAILED})
UNDER_WAY = frozenset({RefundStatus.SENDING, RefundStatus.BANK_WANTED})
ENDED = frozenset({RefundStatus.REFUNDED, RefundStatus.DECLINED})


@dataclass(frozen=True, slots=True)
class Refund:
    """`wish_fen`: what staff chose; None: all that is not studied. `amount_fen`: reserved."""

    refund_id: UUID
    case_number: str
    order_id: UUID
    learner_id: UUID
    target: RefundTarget
    reason: str
    wish_fen: int | None
    by_staff: bool
    status: RefundStatus
    asked_at: datetime
    amount_fen: int | None = None
    approved_by: UUID | None = None
    approved_by_name: str | None = None
    approved_at: datetime | None = None
    second_needed: bool = False
    second_by: UUID | None = None
    second_by_name: str | None = None
    answer: str = ""
    tries: int = 0
    bank_reference: str | None = None
    bank_by: UUID | None = None
    bank_by_name: str | None = None
    refunded_at: datetime | None = None

    @property
    def out_refund_no(self) -> str:
        """The number at WeChat of the sum that is reserved: one for each time it was."""
        return f"{self.case_number}-{self.tries}"

    def approve(self, by: Staff, *, ceiling_fen: int, alone_fen: int, at: datetime) -> "Refund":
        """The approval of one more person; whether it goes on then says the status. A sum that
        can be above `alone_fen` needs two. Raises `SecondPersonNeeded`, `RefundDecided`."""
        if self.status is RefundStatus.REQUESTED:
            two = ceiling_fen > alone_fen
            return replace(
                self,
                approved_by=by.staff_id,
                approved_by_name=by.name,
                approved_at=at,
                second_needed=two,
                status=RefundStatus.SECOND_WANTED if two else RefundStatus.WITHDRAWING,
            )
        if self.status is not RefundStatus.SECOND_WANTED:
            raise RefundDecided
        if by.staff_id == self.approved_by:
            raise SecondPersonNeeded
        return replace(
            self,
            second_by=by.staff_id,
            second_by_name=by.name,
            status=RefundStatus.WITHDRAWING,
        )

    def decline(self, answer: str) -> "Refund":
        """Raises `RefundDecided` while money is on its way, and afterwards."""
        if self.status in UNDER_WAY | ENDED:
            raise RefundDecided
        return replace(self, status=RefundStatus.DECLINED, answer=answer)

    def go_on(self, target: RefundTarget) -> "Refund":
        """Another try, to the same place or to another one. Raises `RefundDecided`."""
        if self.status not in STUCK:
            raise RefundDecided
        return replace(self, target=target)

    def reserved(self, amount_fen: int) -> "Refund":
        """The sum is spoken for; where it goes decides what comes next."""
        status = RefundStatus.SENDING
        if self.target is RefundTarget.BANK:
            status = RefundStatus.BANK_WANTED
        return replace(self, status=status, amount_fen=amount_fen, tries=self.tries + 1, answer="")

    def stuck(self, status: RefundStatus, answer: str) -> "Refund":
        """It waits for staff, with the sum free again. `status`: one of `STUCK`."""
        return replace(self, status=status, amount_fen=None, answer=answer)

    def refunded(self, at: datetime) -> "Refund":
        return replace(self, status=RefundStatus.REFUNDED, refunded_at=at)

    def paid_by_bank(self, reference: str, *, by: Staff, at: datetime) -> "Refund":
        """Raises `BankPaymentByAnother`, `RefundDecided`."""
        if self.status is not RefundStatus.BANK_WANTED:
            raise RefundDecided
        if by.staff_id == self.approved_by:
            raise BankPaymentByAnother
        return replace(
            self.refunded(at), bank_reference=reference, bank_by=by.staff_id, bank_by_name=by.name
        )


def target_of(order: Order, wished: RefundTarget, now: datetime) -> RefundTarget:
    """Where the money of a paid order can go. What the account paid goes back into the account.
    Raises `OrderNotPaid`, `NothingToRefund`, `TooOldForSource`."""
    if order.status is not OrderStatus.PAID or order.paid_at is None:
        raise OrderNotPaid
    if order.amount_fen == 0:
        raise NothingToRefund
    if wished is not RefundTarget.SOURCE:
        return wished
    if order.method is PaymentMethod.WALLET:
        return RefundTarget.WALLET
    if now > order.paid_at + timedelta(days=SOURCE_DAYS):
        raise TooOldForSource
    return wished
