"""What a learner fills in about a payment."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..model import money
from ..model.cards import AMOUNT_MAX_FEN
from ..model.transfers import Notice


class TransferForm(BaseModel):
    """`reference`: what the page showed; it is not asked for where a case is handed in again."""

    model_config = ConfigDict(frozen=True)

    amount: str
    payer_name: Annotated[str, Field(max_length=200)]
    id_number: Annotated[str, Field(max_length=40)]
    contact: Annotated[str, Field(max_length=200)]
    bank_reference: Annotated[str, Field(max_length=100)] = ""
    reference: str = ""

    @field_validator("amount")
    @classmethod
    def _is_a_sum(cls, text: str) -> str:
        try:
            amount_fen = money.fen(text)
        except money.NotAnAmount:
            raise ValueError("Enter the sum in yuan, for example 600.00.") from None
        if not 0 < amount_fen <= AMOUNT_MAX_FEN:
            raise ValueError("Enter a sum between 0.01 and 50,000 yuan.")
        return text

    @property
    def notice(self) -> Notice:
        return Notice(money.fen(self.amount), self.payer_name, self.bank_reference, self.contact)
