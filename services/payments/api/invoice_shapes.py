"""The JSON of invoices."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, EmailStr, Field, StrictInt, StringConstraints

from contracts.payments import InvoiceForm

from ..model import tax_numbers
from ..model.delivery import Address
from ..model.invoice_room import Policy, Standing
from ..model.invoices import (
    AMOUNT_MAX_FEN,
    Covers,
    Delivery,
    Invoice,
    InvoiceStatus,
    Title,
    TitleKind,
    Wish,
    room_fen,
)
from .shapes import Asked

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class InvoiceAsked(Asked):
    """`tax_number`: an organization's alone. `address`, `phone`, `recipient`, `freight_collect`:
    where paper goes. `email`: where an electronic one goes; left out, the registered address."""

    amount_fen: Annotated[StrictInt, Field(gt=0, le=AMOUNT_MAX_FEN)]
    form: InvoiceForm
    title_kind: TitleKind
    title: Named
    tax_number: Annotated[str, Field(max_length=40)] | None = None
    company_address: Text = ""
    company_phone: Text = ""
    bank_name: Text = ""
    bank_account: Text = ""
    covers: Covers = Covers.SPENDING
    email: EmailStr | None = None
    recipient: Text = ""
    phone: Text = ""
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    freight_collect: bool = False

    def delivery(self) -> Address | None:
        """Where paper goes. Raises `Invalid`."""
        if self.form is InvoiceForm.ELECTRONIC:
            return None
        return Address.checked(
            self.recipient, self.phone, self.address, freight_collect=self.freight_collect
        )

    def wish(self, delivery: Delivery | None) -> Wish:
        return Wish(
            amount_fen=self.amount_fen,
            form=self.form,
            title=self._title(),
            covers=self.covers,
            email=self.email,
            delivery=delivery,
        )

    def _title(self) -> Title:
        tax_number = tax_numbers.normalise(self.tax_number or "") or None
        if self.title_kind is TitleKind.INDIVIDUAL:
            return Title(self.title_kind, self.title, tax_number)
        return Title(
            self.title_kind,
            self.title,
            tax_number,
            self.company_address,
            self.company_phone,
            self.bank_name,
            self.bank_account,
        )


class InvoiceShown(BaseModel):
    """`document`: where the PDF is, once it is there."""

    invoice_id: UUID
    case_number: str
    status: InvoiceStatus
    form: InvoiceForm
    amount_fen: int
    title_kind: TitleKind
    title: str
    tax_number: str | None
    requested_at: datetime
    number: str | None
    issued_on: date | None
    reason: str
    document: str | None

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        path = f"/invoices/{invoice.invoice_id}/document.pdf"
        return cls(
            invoice_id=invoice.invoice_id,
            case_number=invoice.case_number,
            status=invoice.status,
            form=invoice.form,
            amount_fen=invoice.amount_fen,
            title_kind=invoice.title.kind,
            title=invoice.title.name,
            tax_number=invoice.title.tax_number,
            requested_at=invoice.requested_at,
            number=invoice.number,
            issued_on=invoice.issued_on,
            reason=invoice.reason,
            document=path if invoice.document_name else None,
        )


class RoomShown(BaseModel):
    """What was spent, what of it went back, what is invoiced, and what still can be; the last
    where study cards are invoiced when they are bought."""

    paid_fen: int
    refunded_fen: int
    invoiced_fen: int
    invoiceable_fen: int
    invoiceable_study_cards_fen: int

    @classmethod
    def of(cls, standing: Standing, policy: Policy, *, paid_fen: int, refunded_fen: int) -> Self:
        return cls(
            paid_fen=paid_fen,
            refunded_fen=refunded_fen,
            invoiced_fen=standing.invoiced_fen,
            invoiceable_fen=room_fen(Covers.SPENDING, policy, standing),
            invoiceable_study_cards_fen=room_fen(Covers.STUDY_CARDS, policy, standing),
        )


class InvoicesShown(BaseModel):
    room: RoomShown
    items: list[InvoiceShown]
    next_cursor: str | None
