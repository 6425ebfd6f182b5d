"""What a refund leaves of a course ($-8): an hour is either studied or refunded, never both."""

from dataclasses import dataclass
from uuid import UUID

STUDIED_MS = 60_000  # of credit, from which on an hour counts as studied


class OrderNotHeard(Exception):
    """The order that is refunded has not opened its courses here yet: its event is on its way."""


@dataclass(frozen=True, slots=True)
class HourStanding:
    """One courseware of a course that is withdrawn. `is_closed`: an earlier refund closed it."""

    courseware_id: UUID
    is_completed: bool
    credited_ms: int
    is_closed: bool

    @property
    def is_studied(self) -> bool:
        """Completed, or studied for a minute: it stays the learner's and is not refunded."""
        return not self.is_closed and (self.is_completed or self.credited_ms >= STUDIED_MS)


@dataclass(frozen=True, slots=True)
class WithdrawnCourse:
    course_id: UUID
    hours: int
    hours_studied: int
