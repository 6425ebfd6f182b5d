"""What staff fill in about bank money."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from chassis import clock

from ..model import money

FIRST_DAY = date(2000, 1, 1)


class ReceiptForm(BaseModel):
    """One line of the bank's statement, typed by hand."""

    model_config = ConfigDict(frozen=True)

    bank_reference: Annotated[str, Field(max_length=100)]
    amount: str
    payer_name: Annotated[str, Field(max_length=200)]
    received_on: date
    remark: Annotated[str, Field(max_length=500)] = ""

    @field_validator("amount")
    @classmethod
    def _is_a_sum(cls, text: str) -> str:
        try:
            amount_fen = money.fen(text)
        except money.NotAnAmount:
            raise ValueError("Enter the sum in yuan, for example 600.00.") from None
        if amount_fen <= 0:
            raise ValueError("The sum must be more than nothing.")
        return text

    @field_validator("received_on")
    @classmethod
    def _is_possible(cls, day: date) -> date:
        if day < FIRST_DAY:
            raise ValueError("This day is too long ago. Compare the year.")
        if day > clock.today() + timedelta(days=1):
            raise ValueError("This day has not come yet.")
        return day

    @property
    def amount_fen(self) -> int:
        return money.fen(self.amount)


class IssueForm(BaseModel):
    """Which receipt a voucher speaks of; without a sum, the case's as far as the receipt goes."""

    model_config = ConfigDict(frozen=True)

    receipt_id: UUID
    amount: str = ""

    @field_validator("amount")
    @classmethod
    def _is_a_sum(cls, text: str) -> str:
        try:
            money.fen(text)
        except money.NotAnAmount:
            raise ValueError("Enter the sum in yuan, for example 600.00.") from None
        return text

    @property
    def amount_fen(self) -> int | None:
        return money.fen(self.amount) if self.amount else None


class ReturnForm(BaseModel):
    """Why a voucher goes back; its learner reads it."""

    model_config = ConfigDict(frozen=True)

    reason: Annotated[str, Field(min_length=2, max_length=500)]
