"""What staff see and say at the desk (P-12). Nothing here does I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from chassis.refusals import Conflict, NotFound
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from ..cycles import Hour, HourCorrection, LearnerFacts, SatisfiedCycle
from .appeals import AppealState

Pattern = Literal["even_beats", "fast_answers", "long_day", "shared_address"]
FlagState = Literal["open", "cleared", "confirmed"]


class NoSuchLearner(NotFound):
    """There is no such learner, or nothing has been heard of them yet."""


class TooManyRows(Conflict):
    """These are {rows} rows, an Excel file may have {most}. Choose fewer days, or take CSV."""


class NoSuchFlag(NotFound):
    """There is no such entry."""


class NoSuchAppeal(NotFound):
    """There is no such appeal."""


class NotSoMuchTime(Conflict):
    """Only {minutes} minutes are credited for this courseware; no more can be taken away."""


class MoreThanThatDay(Conflict):
    """Of that day {minutes} minutes are not credited; no more than these can be granted."""


class AlreadyDecided(Conflict):
    """A colleague has decided this appeal already; the answer stands in the page."""


class AppealOfRefundedHour(Conflict):
    """This hour was refunded since: no time can be granted for it. Decline with a few words."""


class NotSoManyHours(Conflict):
    """This learner has only {hours} hours of this kind in the cycle; no more can be taken away."""


class AlreadyJudged(Conflict):
    """A colleague has judged this already; their note stands in the page."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Who decides, as it is written into the record."""

    staff_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class CorrectedHours:
    """Hours that staff added or took away, with the reason (P-12)."""

    course_kind: CourseKind
    hours: int  # signed
    reason: str
    by_name: str
    corrected_at: datetime


@dataclass(frozen=True, slots=True)
class FoundLearner:
    """A line of the search."""

    learner_id: UUID
    real_name: str
    kind: LearnerKind | None
    hours: int  # ever completed
    last_day: date | None  # with credited time


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """What a learner's hour account is counted from."""

    real_name: str
    facts: LearnerFacts
    satisfied: list[SatisfiedCycle]
    hours: list[Hour]
    corrections: list[HourCorrection]
    bought_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayOfAll:
    """What all learners together studied on a day."""

    day: date
    learners: int
    credited_ms: int

    @property
    def hours(self) -> int:
        return round(self.credited_ms / 3_600_000)


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """What moved the study time of a courseware beside beats."""

    kind: Literal["restart", "correction"]
    credited_ms: int  # signed
    reason: str  # of a restart: unanswered, wrong; else staff's words
    by_name: str | None
    made_at: datetime
    courseware_title: str


@dataclass(frozen=True, slots=True)
class AppealCase:
    """An appeal with everything that staff need to decide it."""

    appeal_id: UUID
    learner_id: UUID
    real_name: str
    enrolment_id: UUID
    courseware_id: UUID
    course_title: str
    courseware_title: str
    day: date
    words: str
    state: AppealState
    opened_at: datetime
    decided_at: datetime | None
    decided_name: str | None
    answer: str | None
    granted_ms: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One pattern in one learner's day, with its figures; `strength` is the one that grows."""

    pattern: Pattern
    learner_id: UUID
    day: date
    strength: int
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding that a person looks at."""

    flag_id: UUID
    pattern: Pattern
    learner_id: UUID
    real_name: str
    day: date
    strength: int
    evidence: dict[str, Any]
    raised_at: datetime
    state: FlagState
    judged_name: str | None
    judged_at: datetime | None
    note: str | None
