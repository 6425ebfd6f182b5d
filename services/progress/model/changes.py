"""What moved a courseware's credit beside study: a restart took it back, staff corrected it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class CreditChange:
    """`reason`: of a restart `unanswered` or `wrong`, of a correction the words of staff."""

    kind: Literal["restart", "correction"]
    made_at: datetime
    credited_ms: int  # signed
    reason: str
    by_name: str | None
    question: str | None
    explanation: str | None

    @property
    def seconds(self) -> int:
        """How much, whichever way it went."""
        return abs(self.credited_ms) // 1000
