"""An appeal: a learner's word against a day's uncredited time (P-9)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

AppealState = Literal["open", "granted", "declined"]

WORDS_MAX = 1000
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)  # the calendar ends somewhere
AppealDay = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Words = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=WORDS_MAX, pattern=r"^[^\x00]*$"
    ),
]


@dataclass(frozen=True, slots=True)
class Appeal:
    """What was said about one day of one courseware, and what the association answered."""

    appeal_id: UUID
    day: date
    words: str
    state: AppealState
    opened_at: datetime
    decided_at: datetime | None
    answer: str | None
    granted_ms: int | None

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def granted_seconds(self) -> int:
        return (self.granted_ms or 0) // 1000
