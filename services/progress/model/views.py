"""What the pages and the API show of progress. Nothing here does I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.catalogue import CourseKind, CoursewareKind, Question
from contracts.identity import LearnerKind

from ..cycles import Cycle, RequirementPart, SatisfiedCycle
from .nouns import CoursewareState, Missing, SessionState, UncreditedTime
from .papers import ExerciseResult, Paper
from .plans import Plan
from .questions import Asked, Restart


@dataclass(frozen=True, slots=True)
class SessionView:
    """What the player's page shows of its session."""

    session_id: UUID
    enrolment_id: UUID
    courseware_id: UUID
    state: SessionState
    ended_by: str | None
    credited_seconds: int
    required_seconds: int
    position_seconds: float
    last_seq: int | None
    missing: Missing
    reasons: tuple[UncreditedTime, ...]
    question: Asked | None
    restart: Restart | None


@dataclass(frozen=True, slots=True)
class OwnedCourseware:
    courseware_id: UUID
    title: str
    kind: CoursewareKind
    state: CoursewareState
    credited_seconds: int
    required_seconds: int
    position_seconds: float
    has_exercise: bool
    exercise_done: bool
    completed_at: datetime | None
    last_studied_at: datetime | None

    @property
    def is_left(self) -> bool:
        """To be studied: neither completed nor refunded."""
        return self.state not in ("completed", "refunded")


@dataclass(frozen=True, slots=True)
class OwnedCourse:
    """A course that a learner owns (P-1). Until its outline has arrived the title is empty."""

    course_id: UUID
    title: str
    kind: CourseKind | None
    hours: int
    enrolled_at: datetime
    coursewares: tuple[OwnedCourseware, ...]

    @property
    def hours_done(self) -> int:
        return sum(courseware.state == "completed" for courseware in self.coursewares)

    @property
    def hours_left(self) -> int:
        return sum(courseware.is_left for courseware in self.coursewares)

    @property
    def again(self) -> "OwnedCourseware | None":
        """The first courseware that can be watched."""
        return next((one for one in self.coursewares if one.state != "refunded"), None)

    @property
    def resume(self) -> OwnedCourseware | None:
        """The courseware to go on with: the one studied last, else the first that is not done."""
        unfinished = [c for c in self.coursewares if c.is_left]
        started = [c for c in unfinished if c.last_studied_at is not None]
        if started:
            return max(started, key=lambda c: c.last_studied_at or self.enrolled_at)
        return unfinished[0] if unfinished else None


@dataclass(frozen=True, slots=True)
class CoursewarePage:
    """Everything that the player's page shows around the media."""

    course_id: UUID
    course_title: str
    course_kind: CourseKind
    courseware: OwnedCourseware
    media_path: str
    siblings: tuple[OwnedCourseware, ...]
    missing: Missing
    max_rate: float
    exercise: tuple[Question, ...]
    score: int | None
    reasons: tuple[UncreditedTime, ...]


@dataclass(frozen=True, slots=True)
class ExercisePage:
    """The exercise after a courseware: the next paper, and how the last one was marked."""

    courseware: OwnedCourseware
    score: int | None
    paper: Paper
    last: ExerciseResult | None


@dataclass(frozen=True, slots=True)
class HourEntry:
    """A line of the account: a completed courseware, or a correction by staff with its reason."""

    completed_at: datetime
    courseware_id: UUID | None
    course_title: str
    courseware_title: str
    course_kind: CourseKind
    hours: int = 1
    correction_reason: str | None = None


@dataclass(frozen=True, slots=True)
class HourAccount:
    """The hour account 「学时账户」 of the cycle that a learner studies for (P-11)."""

    kind: LearnerKind
    cycle: Cycle
    parts: tuple[RequirementPart, ...]
    satisfied: bool
    satisfied_at: datetime | None
    hours_done: int
    days_left: int
    by_kind: dict[CourseKind, int]
    entries: tuple[HourEntry, ...]
    per_day: tuple[tuple[date, int], ...]
    earlier: tuple[SatisfiedCycle, ...]
    plan: Plan | None = None  # None once the cycle is satisfied

    @property
    def hours_needed(self) -> int:
        return sum(part.needed for part in self.parts)

    @property
    def hours_missing(self) -> int:
        return sum(part.missing for part in self.parts)

    @property
    def hours_per_week(self) -> float | None:
        """The plan: how many hours a week are enough; None when satisfied or late."""
        if self.satisfied or self.days_left <= 0:
            return None
        return round(self.hours_missing / max(self.days_left / 7, 1), 1)


@dataclass(frozen=True, slots=True)
class Studying:
    """A page that somebody has open, for staff."""

    session_id: UUID
    learner_id: UUID
    real_name: str
    course_title: str
    courseware_title: str
    started_at: datetime
    heard_at: datetime
    credited_ms: int
    required_seconds: int
    state: SessionState
