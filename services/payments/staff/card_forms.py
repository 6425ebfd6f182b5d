"""What staff type about study cards."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from chassis.web.i18n import N_

from ..card_printing import SheetForm
from ..model.batches import CARDS_MAX
from ..model.money import NotAnAmount, fen


class Reason(BaseModel):
    """Every change of a card says why."""

    reason: str = Field(min_length=2, max_length=500)


class CardDecision(Reason):
    deed: Literal["void", "reverse", "extend", "replace"]


class BatchForm(BaseModel):
    """`face` is typed in yuan and kept in fen."""

    batch_id: UUID
    receipt_id: UUID
    cards: int = Field(ge=1, le=CARDS_MAX)
    face: int
    note: str = Field(min_length=2, max_length=200)

    @field_validator("face", mode="before")
    @classmethod
    def _in_fen(cls, value: str) -> int:
        try:
            return fen(value)
        except NotAnAmount:
            raise ValueError(N_("This is not a sum in yuan, to the fen.")) from None


class SheetWish(BaseModel):
    form: SheetForm = SheetForm.PDF
