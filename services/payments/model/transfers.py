"""Payment vouchers 「付款凭证」 as cases: handed in, returned or accepted ($-3, W-1)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Invalid, NotFound

from .matching import Claim
from .orders import NUMBER_ALPHABET

REFERENCE_LENGTH = 8  # characters: 40 bits, and short enough for a bank's form
OPEN_MAX = 10  # cases of one learner that wait for staff


class NoSuchTransfer(NotFound):
    """There is no such payment voucher."""


class TooManyOpenTransfers(Conflict):
    """{number} of your vouchers are being looked at already. Please wait for their answers."""


class ReferenceSpent(Conflict):
    """This form was sent already, with other entries. Open it again for another payment."""


class TransferNotReturned(Conflict):
    """This voucher was not returned to you. There is nothing to hand in again."""


class TransferAwaitsLearner(Conflict):
    """This voucher was returned. It can be decided when the learner has handed it in again."""


class TransferDecided(Conflict):
    """The cards for this voucher are issued. It can no longer be returned."""


class AmountNotPositive(Invalid):
    """The sum must be more than nothing."""


class TransferStatus(StrEnum):
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class StepKind(StrEnum):
    SUBMITTED = "submitted"
    RETURNED = "returned"
    RESUBMITTED = "resubmitted"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a case; `note` is the reason of a return."""

    kind: StepKind
    at: datetime
    by: UUID
    by_name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the learner says of the payment; the voucher shows it."""

    amount_fen: int
    payer_name: str
    bank_reference: str
    contact: str


@dataclass(frozen=True, slots=True)
class Transfer:
    transfer_id: UUID
    case_number: str
    learner_id: UUID
    learner_name: str
    account_name: str
    status: TransferStatus
    reference: str
    notice: Notice
    submitted_at: datetime
    turn: int
    decided_at: datetime | None
    reason: str
    receipt_id: UUID | None
    issued_fen: int | None

    @property
    def claim(self) -> Claim:
        """What it says, for comparing with receipts."""
        return Claim(
            reference=self.reference,
            bank_reference=self.notice.bank_reference,
            amount_fen=self.notice.amount_fen,
            payer_name=self.notice.payer_name,
            learner_name=self.learner_name,
            paid_about=self.submitted_at.date(),
        )

    @property
    def accepted(self) -> bool:
        return self.status is TransferStatus.ACCEPTED

    def check_decision(self) -> None:
        """Only what lies with staff is decided. Raises `TransferAwaitsLearner`."""
        if self.status is TransferStatus.RETURNED:
            raise TransferAwaitsLearner

    def check_return(self) -> None:
        """Raises `TransferDecided`."""
        if self.accepted:
            raise TransferDecided

    def check_resubmission(self) -> None:
        """Raises `TransferNotReturned`."""
        if self.status is not TransferStatus.RETURNED:
            raise TransferNotReturned


def new_reference() -> str:
    """What a learner writes into the remark of the payment 「汇款附言」."""
    return "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(REFERENCE_LENGTH))
