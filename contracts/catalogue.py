"""Events told by catalogue: what can be bought and studied."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.event import Event, Part
from contracts.identity import LearnerKind


class CourseKind(StrEnum):
    REQUIRED = "required"
    ELECTIVE = "elective"
    CERTIFICATION = "certification"


class CoursewareKind(StrEnum):
    VIDEO = "video"
    DOCUMENT = "document"


class QuestionKind(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"


class Question(Part):
    """A question with its answer; `correct` are indexes into `choices`, from 0."""

    question_id: UUID
    kind: QuestionKind
    text: str
    choices: list[str]
    correct: list[int]
    explanation: str = ""


class QuestionRule(StrEnum):
    """What a missed pop-up question does (P-5)."""

    NONE = "none"  # no questions are asked
    RESTART = "restart"  # the courseware starts again from zero
    CHECKPOINT = "checkpoint"  # it goes back to the last question that was answered rightly


class Courseware(Part):
    """One credit hour (C-2, C-5)."""

    courseware_id: UUID
    title: str
    kind: CoursewareKind
    required_seconds: int
    media_path: str  # path below PUBLIC_URL: a video file, or an HTML page for an iframe
    popup_questions: list[Question] = Field(default_factory=list)
    exercise: list[Question] = Field(default_factory=list)
    question_rule: QuestionRule = QuestionRule.RESTART
    max_playback_rate: float = 1.5  # faster earns nothing (P-2)


class CoursePublished(Event):
    """A course can be bought and studied as told here; `version` grows with each publication."""

    name: ClassVar[str] = "catalogue.course_published.v1"
    course_id: UUID
    version: int
    title: str
    kind: CourseKind
    hours: int
    price_fen: int
    coursewares: list[Courseware]


class CourseRetired(Event):
    """A course is no longer sold; who owns it may finish it."""

    name: ClassVar[str] = "catalogue.course_retired.v1"
    course_id: UUID
    version: int


class PackagePublished(Event):
    """A package (C-3): several courses sold as one, for these kinds of learner."""

    name: ClassVar[str] = "catalogue.package_published.v1"
    package_id: UUID
    version: int
    title: str
    audience: list[LearnerKind]
    hours: int
    price_fen: int
    course_ids: list[UUID]
