"""What staff type about study cards."""

from typing import Literal

from pydantic import BaseModel, Field


class Reason(BaseModel):
    """Every change of a card says why."""

    reason: str = Field(min_length=2, max_length=500)


class CardDecision(Reason):
    deed: Literal["void", "reverse", "extend", "replace"]
