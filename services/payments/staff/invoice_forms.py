"""What staff type about one invoice."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, StringConstraints, field_validator

from ..model import tax_numbers

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
DIGITS = 20


def _number(typed: str) -> str | None:
    """The number without blanks, if it is one: year 2, region 2, channel 1, sequence 15."""
    plain = tax_numbers.normalise(typed)
    return plain if len(plain) == DIGITS and plain.isascii() and plain.isdecimal() else None


class IssueForm(BaseModel):
    number: str
    issued_on: date

    @field_validator("number")
    @classmethod
    def _check(cls, typed: str) -> str:
        if (number := _number(typed)) is None:
            raise ValueError("An invoice number has 20 digits.")
        return number


class ReversalForm(BaseModel):
    red_number: str
    reversed_on: date
    reversal_reason: Reason

    @field_validator("red_number")
    @classmethod
    def _check(cls, typed: str) -> str:
        if (number := _number(typed)) is None:
            raise ValueError("An invoice number has 20 digits.")
        return number


class DeclineForm(BaseModel):
    reason: Reason


class WaybillForm(BaseModel):
    waybill: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{8,20}$", to_upper=True)]
