"""Employers 「单位」: one transfer pays for many people ($-5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Gone, NotFound

from .cards import CardState, NewCard
from .matching import Claim, key
from .money import yuan
from .people import Person
from .receipts import Receipt

HOUR_FEN = 1500  # $-1
VALID_DAYS = 30  # how long a quotation stands


class NoSuchCase(NotFound):
    """There is no such employer's case."""


class CaseClosed(Conflict):
    """This case can no longer be changed. Open a new one."""


class ListMissing(Conflict):
    """Send the list of people first."""


class NotQuoted(Conflict):
    """This case does not wait for money."""


class CaseChanged(Conflict):
    """The list has changed in the meantime. Look at it again."""


class AmountDiffers(Conflict):
    """The bank receipt holds {received_yuan} yuan, the case asks for {asked_yuan}. The two must be
    equal; return the case with a reason if they are not."""


class SheetTaken(Gone):
    """The sheet with the codes was downloaded already. If it is lost, ask the association to
    replace the cards."""


class NoSheet(NotFound):
    """There is no sheet: every person on the list has an account and got the code by e-mail."""


class CaseStatus(StrEnum):
    DRAFT = "draft"
    QUOTED = "quoted"
    ISSUED = "issued"
    RETURNED = "returned"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Employer:
    """Who pays, and who speaks for them."""

    employer_name: str
    tax_number: str | None
    contact_name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class EmployerCase:
    """One list, one sum, one transfer."""

    case_id: UUID
    case_number: str
    contact_id: UUID
    employer: Employer
    status: CaseStatus
    hours: int
    amount_fen: int
    created_at: datetime
    quoted_at: datetime | None = None
    valid_until: date | None = None
    reason: str | None = None
    receipt_id: UUID | None = None
    issued_at: datetime | None = None
    issued_by: UUID | None = None
    issued_by_name: str | None = None
    sheet_id: UUID | None = None
    sheet_taken_at: datetime | None = None
    invoice_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Its contact may still change it: nothing is promised, or it came back."""
        return self.status in (CaseStatus.DRAFT, CaseStatus.RETURNED)

    @property
    def claim(self) -> Claim:
        """What a bank receipt must say to be this case's."""
        return Claim(
            reference=key(self.case_number),
            bank_reference="",
            amount_fen=self.amount_fen,
            payer_name=self.employer.employer_name,
            learner_name="",
            paid_about=(self.quoted_at or self.created_at).date(),
        )

    def check_open(self) -> None:
        """Raises `CaseClosed`."""
        if not self.is_open:
            raise CaseClosed

    def check_quotable(self) -> None:
        """Raises `CaseClosed`, `ListMissing`."""
        self.check_open()
        if self.amount_fen == 0:
            raise ListMissing

    def check_cancellable(self) -> None:
        """Raises `CaseClosed`. Money for a cancelled case is a receipt like any other."""
        if not self.is_open and self.status is not CaseStatus.QUOTED:
            raise CaseClosed

    def check_waiting(self) -> None:
        """Raises `NotQuoted`."""
        if self.status is not CaseStatus.QUOTED:
            raise NotQuoted

    def check_payment(self, receipt: Receipt) -> None:
        """One transfer of exactly this sum, none of which is spoken for. Raises
        `AmountDiffers`."""
        if not receipt.rest_fen == receipt.amount_fen == self.amount_fen:
            raise AmountDiffers(
                received_yuan=yuan(receipt.rest_fen),
                asked_yuan=yuan(self.amount_fen),
            )

    def check_sheet(self) -> None:
        """Raises `SheetTaken`, `NoSheet`."""
        if self.sheet_taken_at is not None:
            raise SheetTaken
        if self.sheet_id is None:
            raise NoSheet

    def check_cards(self, people: Sequence["Listed"], new: Sequence[NewCard]) -> None:
        """The drawn cards are those of the list as it is now. Raises `CaseChanged`."""
        drawn = [(card.holder_name, card.id_number_mac, card.amount_fen) for card in new]
        listed = [(one.person.name, one.person.id_number_mac, one.amount_fen) for one in people]
        if drawn != listed:
            raise CaseChanged


@dataclass(frozen=True, slots=True)
class Listed:
    """A person on a case's list, and what became of the card."""

    position: int
    person: Person
    card_id: UUID | None = None
    serial: str | None = None
    card_state: CardState | None = None
    learner_id: UUID | None = None  # of who has an account by now

    @property
    def amount_fen(self) -> int:
        return self.person.hours * HOUR_FEN


@dataclass(frozen=True, slots=True)
class SheetRow:
    """What the contact hands to one person who has no account yet."""

    name: str
    id_number_masked: str
    serial: str
    code: str = field(repr=False)
    amount_fen: int
    expires_on: date


def sum_of(people: Sequence[Person]) -> tuple[int, int]:
    """Hours and fen of a list."""
    hours = sum(person.hours for person in people)
    return hours, hours * HOUR_FEN


def valid_until(day: date) -> date:
    """The last day of a quotation of this day."""
    return day + timedelta(days=VALID_DAYS)
