"""Invoices 「开具发票」: asked for by a learner, issued by staff ($-7)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Invalid, NotFound
from contracts.payments import InvoiceForm

from . import tax_numbers
from .invoice_room import Basis, Policy, Standing

AMOUNT_MAX_FEN = 5_000_000


class NoSuchInvoice(NotFound):
    """There is no such invoice."""


class AboveCeiling(Invalid):
    """More than was spent, and did not go back, cannot be invoiced."""


class InvoiceOpen(Conflict):
    """You have asked for an invoice already. Wait until it is issued, or cancel it."""


class NotInvoicedAtSale(Conflict):
    """Study cards get no invoice when they are bought: an invoice follows what you have spent."""


class InvoicedAtSale(Conflict):
    """Study cards are invoiced when they are bought. What is paid from the account gets no second
    invoice."""


class InvoiceDecided(Conflict):
    """This invoice is decided already. Look at the case again."""


class NotIssued(Conflict):
    """This invoice is not issued."""


class NumberTaken(Conflict):
    """This invoice number stands at another case already."""


class InvoiceStatus(StrEnum):
    REQUESTED = "requested"
    ISSUED = "issued"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REVERSED = "reversed"  # red-flushed 「红冲」


class TitleKind(StrEnum):
    INDIVIDUAL = "individual"
    ORGANIZATION = "organization"


class Covers(StrEnum):
    """What a learner wants invoiced."""

    SPENDING = "spending"
    STUDY_CARDS = "study_cards"


@dataclass(frozen=True, slots=True)
class Title:
    """To whom an invoice is made out; a snapshot."""

    kind: TitleKind
    name: str
    tax_number: str | None = None
    company_address: str = ""
    company_phone: str = ""
    bank_name: str = ""
    bank_account: str = ""

    def check(self, *, old_number_allowed: bool) -> None:
        """Raises `Invalid`. `tax_number` is normalised."""
        if self.kind is TitleKind.INDIVIDUAL:
            if self.tax_number is not None:
                raise Invalid({"tax_number": "An invoice for a person has no tax number."})
        elif self.tax_number is None:
            raise Invalid({"tax_number": "An organization's invoice needs its tax number."})
        elif not tax_numbers.is_current(self.tax_number) and not old_number_allowed:
            raise _wrong(self.tax_number)


def _wrong(tax_number: str) -> Invalid:
    if tax_numbers.is_old(tax_number):
        return Invalid(
            {"tax_number": "This is an old tax number. Write to us: we check it and let it pass."}
        )
    return Invalid(
        {"tax_number": "This is not a tax number. Compare its 18 characters with your papers."}
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whom paper goes to. The address stands only in the sealed parcel; the rest is for the eye."""

    parcel_id: UUID
    recipient_masked: str
    mobile_masked: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a learner asks for. `email` None: the registered one."""

    amount_fen: int
    form: InvoiceForm
    title: Title
    covers: Covers = Covers.SPENDING
    email: str | None = None
    delivery: Delivery | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Invoice:
    invoice_id: UUID
    case_number: str
    learner_id: UUID
    basis: Basis
    form: InvoiceForm
    status: InvoiceStatus
    amount_fen: int
    title: Title
    email: str
    delivery: Delivery | None
    requested_at: datetime
    number: str | None = None
    issued_on: date | None = None
    document_name: str | None = None
    document_sha256: str | None = None
    red_number: str | None = None
    reversed_on: date | None = None
    reason: str = ""
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    decided_by_name: str = ""
    delivered_at: datetime | None = None

    def check_open(self) -> None:
        if self.status is not InvoiceStatus.REQUESTED:
            raise InvoiceDecided

    def check_issued(self) -> None:
        if self.status is not InvoiceStatus.ISSUED:
            raise NotIssued


def choose_basis(covers: Covers, policy: Policy) -> Basis:
    """Which money may be invoiced under the platform's policy. Raises `NotInvoicedAtSale`."""
    if covers is Covers.STUDY_CARDS:
        if policy is Policy.AT_CONSUMPTION:
            raise NotInvoicedAtSale
        return Basis.SALE
    return Basis.SPENDING if policy is Policy.AT_CONSUMPTION else Basis.DIRECT


def room_fen(covers: Covers, policy: Policy, standing: Standing) -> int:
    """What a learner can still have invoiced."""
    if covers is Covers.STUDY_CARDS and policy is Policy.AT_CONSUMPTION:
        return 0
    return standing.room_fen(choose_basis(covers, policy))


def check_amount(amount_fen: int, basis: Basis, standing: Standing) -> None:
    """The ceiling ($-7). Raises `AboveCeiling`, or `InvoicedAtSale`."""
    room = standing.room_fen(basis)
    if 0 < amount_fen <= room:
        return
    if basis is Basis.DIRECT and 0 < amount_fen <= room + standing.wallet_fen:
        raise InvoicedAtSale
    yuan = f"{room // 100}.{room % 100:02d}"
    raise AboveCeiling({"amount_fen": "At most {yuan} yuan can be invoiced."}, yuan=yuan)
