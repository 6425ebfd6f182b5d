"""What may go back of an order: the value of the hours that progress says are not studied ($-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .orders import Line, Order


@dataclass(frozen=True, slots=True)
class WithdrawnCourse:
    """What progress answered of one course."""

    course_id: UUID
    hours: int
    hours_studied: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The question to progress, asked once for an order; `unstudied_fen` is None until it is
    answered."""

    order_id: UUID
    refund_id: UUID
    asked_at: datetime
    unstudied_fen: int | None

    def left_fen(self, refunded_fen: int) -> int | None:
        """What may still go back; what went back before counts against it."""
        if self.unstudied_fen is None:
            return None
        return max(0, self.unstudied_fen - refunded_fen)


def unstudied_fen(order: Order, courses: Iterable[WithdrawnCourse]) -> int:
    """The value of an order's unstudied hours. Each line is worth its price times the share of its
    hours that are not studied, in whole fen; what does not divide stays with the association. A
    course of which nothing was told counts as studied."""
    known = {course.course_id: course for course in courses}
    value = sum(_line_fen(line, known) for line in order.lines)
    return min(value, order.amount_fen)


def _line_fen(line: Line, known: dict[UUID, WithdrawnCourse]) -> int:
    told = [known[course_id] for course_id in line.course_ids if course_id in known]
    if len(told) < len(line.course_ids):
        return 0
    hours = sum(course.hours for course in told)
    studied = sum(course.hours_studied for course in told)
    return line.amount_fen * (hours - studied) // hours if hours else 0


def wholly_withdrawn(courses: Iterable[WithdrawnCourse]) -> list[UUID]:
    """The courses of which nothing was studied: they can be bought again."""
    return sorted(course.course_id for course in courses if course.hours_studied == 0)
