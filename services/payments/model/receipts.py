"""Bank money: what reached the association's account, and how much of it is spoken for ($-3)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.refusals import Conflict, Forbidden, NotFound

from . import money
from .learners import Staff


class NoSuchReceipt(NotFound):
    """There is no such bank receipt."""


class ReceiptSpent(Conflict):
    """Only {rest_yuan} yuan of this bank receipt are left."""


class OwnReceipt(Forbidden):
    """You recorded this bank receipt. A second person must issue the cards for it."""


class ReceiptKnown(Conflict):
    """A bank receipt with this number is recorded already."""


@dataclass(frozen=True, slots=True)
class Receipt:
    receipt_id: UUID
    bank_reference: str
    payer_name: str
    remark: str
    amount_fen: int
    received_on: date
    allocated_fen: int
    recorded_by: UUID
    recorded_by_name: str
    recorded_at: datetime

    @property
    def rest_fen(self) -> int:
        """What is not spoken for yet."""
        return self.amount_fen - self.allocated_fen

    def check_allocation(self, amount_fen: int, *, by: Staff) -> None:
        """Two persons, and never more than arrived. Raises `OwnReceipt`, `ReceiptSpent`."""
        if by.staff_id == self.recorded_by:
            raise OwnReceipt
        if amount_fen > self.rest_fen:
            raise ReceiptSpent(rest_yuan=money.yuan(self.rest_fen))


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a statement's rows: every one is counted once."""

    new: int
    known: int
    ignored: int
