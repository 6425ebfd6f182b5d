"""The nouns of progress and what can be decided from them alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.catalogue import CourseKind, CoursewareKind, Question, QuestionRule

from .papers import PASS_PERCENT
from .refusals import (
    ExerciseMissing,
    QuestionMissing,
    StillMissing,
    TimeAndExerciseMissing,
    TimeMissing,
)

MAX_OPEN_SESSIONS = 20  # of one learner; two are too many to study, more are a mistake


CoursewareState = Literal["new", "started", "studied", "completed", "refunded"]


@dataclass(frozen=True, slots=True)
class Missing:
    """What 「学过了」 still waits for (P-7)."""

    seconds: int
    exercise: bool
    question: bool = False  # one is open

    @property
    def anything(self) -> bool:
        return self.seconds > 0 or self.exercise or self.question

    def refusal(self) -> StillMissing:
        """The refusal that says it, with `missing_seconds`, `missing_exercise` and
        `missing_question`."""
        kind = (
            QuestionMissing
            if self.question
            else TimeAndExerciseMissing
            if self.seconds and self.exercise
            else TimeMissing
            if self.seconds
            else ExerciseMissing
        )
        return kind(
            missing_seconds=self.seconds,
            missing_exercise=self.exercise,
            missing_question=self.question,
        )


@dataclass(frozen=True, slots=True)
class Courseware:
    """One credit hour of a course's newest outline."""

    courseware_id: UUID
    course_id: UUID
    course_title: str
    course_kind: CourseKind
    title: str
    kind: CoursewareKind
    required_seconds: int
    media_path: str
    exercise: tuple[Question, ...]
    pool: tuple[Question, ...] = ()  # of pop-up questions (P-5)
    question_rule: QuestionRule = QuestionRule.RESTART
    max_rate: float = 1.5

    @property
    def asks(self) -> bool:
        return bool(self.pool) and self.question_rule is not QuestionRule.NONE


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one learner is with one courseware. The row is there from the first opening on."""

    credited_ms: int = 0
    position_ms: int = 0
    last_studied_at: datetime | None = None
    exercise_done_at: datetime | None = None
    best_score: int | None = None
    completed_at: datetime | None = None
    question_due_ms: int | None = None

    @property
    def exercise_passed(self) -> bool:
        return self.best_score is not None and self.best_score >= PASS_PERCENT

    def missing(self, courseware: Courseware, *, is_asked: bool = False) -> Missing:
        """`is_asked`: a question waits for its answer."""
        short_ms = courseware.required_seconds * 1000 - self.credited_ms
        if self.completed_at is not None:
            return Missing(seconds=0, exercise=False)
        return Missing(
            seconds=max(0, -(-short_ms // 1000)),
            exercise=bool(courseware.exercise) and self.exercise_done_at is None,
            question=is_asked,
        )

    def state_for(self, courseware: Courseware) -> CoursewareState:
        """`studied`: everything is done but 「学过了」 has not been pressed."""
        if self.completed_at is not None:
            return "completed"
        if not self.missing(courseware).anything:
            return "studied"
        begun = self.credited_ms or self.position_ms or self.exercise_done_at
        return "started" if begun else "new"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an order opened. Once it is `withdrawn`, only the coursewares `kept` are open ($-8)."""

    enrolment_id: UUID
    course_id: UUID
    enrolled_at: datetime
    withdrawn: bool = False
    kept: frozenset[UUID] = frozenset()

    def opens(self, courseware_id: UUID) -> bool:
        return not self.withdrawn or courseware_id in self.kept

    @property
    def is_open(self) -> bool:
        """Something of it can be studied."""
        return not self.withdrawn or bool(self.kept)


@dataclass(frozen=True, slots=True)
class UncreditedTime:
    """A stretch that was not credited, for people."""

    reason: str
    from_at: datetime
    until_at: datetime

    @property
    def seconds(self) -> int:
        return round((self.until_at - self.from_at).total_seconds())


SessionState = Literal[
    "counting", "paused", "idle", "hidden", "too_fast", "suspended", "silent", "ended", "completed"
]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as its row and its learner's other open sessions (`rivals`) tell it."""

    session_id: UUID
    enrolment_id: UUID
    courseware_id: UUID
    state: SessionState
    started_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    heard_at: datetime
    last_seq: int
    credited_ms: int
    position_ms: int
    exercise_done_at: datetime | None
    completed_at: datetime | None
    required_seconds: int
    has_exercise: bool
    rivals: int

    def state_at(self, silent_before: datetime) -> SessionState:
        """What the page shows. `silent_before`: who was not heard since then is not open (P-4)."""
        if self.completed_at is not None:
            return "completed"
        if self.ended_at is not None:
            return "silent" if self.ended_by == "silence" else "ended"
        if self.heard_at <= silent_before:
            return "silent"
        return "suspended" if self.rivals else self.state

    def missing(self, *, is_asked: bool) -> Missing:
        if self.completed_at is not None:
            return Missing(seconds=0, exercise=False)
        short_ms = self.required_seconds * 1000 - self.credited_ms
        return Missing(
            seconds=max(0, -(-short_ms // 1000)),
            exercise=self.has_exercise and self.exercise_done_at is None,
            question=is_asked,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """`first` is False when the button was pressed again."""

    hours_total: int
    first: bool


def current_enrolment(
    enrolments: Iterable[Enrolment], since: datetime | None, courseware_id: UUID | None = None
) -> Enrolment | None:
    """The enrolment that study counts for: the first bought in this cycle, which began after
    `since`, else the newest before it.

    A course bought again within one cycle opens nothing new; in the next cycle it does. What was
    refunded is open under no enrolment but a later one; where there is none, a closed one is
    returned.
    """
    in_order = sorted(enrolments, key=lambda enrolment: enrolment.enrolled_at)
    if courseware_id is None:
        usable = [one for one in in_order if one.is_open]
    else:
        usable = [one for one in in_order if one.opens(courseware_id)]
    usable = usable or in_order
    if not usable:
        return None
    if since is None:
        return usable[0]
    return next((one for one in usable if one.enrolled_at > since), usable[-1])
