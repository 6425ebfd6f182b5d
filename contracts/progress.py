"""Events told by progress: what was studied."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from contracts.catalogue import CourseKind
from contracts.event import Event, Part


class CoursewareCompleted(Event):
    """A learner has pressed 「学过了」 with everything done: one credit hour (P-7)."""

    name: ClassVar[str] = "progress.courseware_completed.v1"
    learner_id: UUID
    course_id: UUID
    courseware_id: UUID
    course_kind: CourseKind
    completed_at: datetime
    hours_total: int  # in this cycle


class HoursCorrected(Event):
    """Staff have added hours to an account or taken some away, with a reason (P-12)."""

    name: ClassVar[str] = "progress.hours_corrected.v1"
    learner_id: UUID
    course_kind: CourseKind
    hours: int  # signed, never 0
    reason: str
    corrected_at: datetime
    hours_total: int  # in this cycle, afterwards


class CycleSatisfied(Event):
    """A learner has all hours that the four-year cycle requires (P-10); told once per cycle."""

    name: ClassVar[str] = "progress.cycle_satisfied.v1"
    learner_id: UUID
    cycle_starts_on: date
    cycle_ends_on: date
    hours: int
    study_started_on: date  # the first credited day, for the newcomer's certificate (Z-1)
    satisfied_at: datetime


class Withdrawn(Part):
    """What became of one course: `hours` it has, `hours_studied` of them stay the learner's."""

    course_id: UUID
    hours: int
    hours_studied: int


class CoursesWithdrawn(Event):
    """Answer to `payments.withdrawal_requested`: the unstudied hours of these courses are closed;
    the studied ones stay the learner's, count on and are not refunded ($-8)."""

    name: ClassVar[str] = "progress.courses_withdrawn.v1"
    refund_id: UUID
    order_id: UUID
    learner_id: UUID
    courses: list[Withdrawn]
