"""The nouns and rules of catalogue: courses, packages, questions, notices. No I/O here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.refusals import Conflict, NotFound
from contracts.catalogue import (
    CourseKind,
    Courseware,
    CoursewareKind,
    Question,
    QuestionKind,
    QuestionRule,
)
from contracts.identity import LearnerKind

Key = datetime | int

SLOWEST_LIMIT: Final = 1.0  # a courseware always plays at its own speed
FASTEST_LIMIT: Final = 2.0  # faster than this nobody follows it


class CourseNotFound(NotFound):
    """This course is not in the course centre."""


class PackageNotFound(NotFound):
    """This package is not in the course centre."""


class NoticeNotFound(NotFound):
    """This notice is no longer here."""


class MediaNotFound(NotFound):
    """This courseware's file is not here."""


class CourseWithoutCoursewares(Conflict):
    """A course needs at least one courseware before it can be published."""


class QuestionUnsound(Conflict):
    """The question “{text}” needs at least two choices and a correct answer that fits its kind."""


class PlaybackRateUnsound(Conflict):
    """“{title}” may run at {slowest} to {fastest} times its speed."""


class CourseInPackage(Conflict):
    """A published package counts on this course and its hours. Change the package first."""


class PackageCourseMissing(Conflict):
    """Every course of a package must be published, and stand in it once."""


class PackageWithRequiredCourse(Conflict):
    """A package holds elective and certification courses only."""


class PackageHoursDiffer(Conflict):
    """The courses of this package come to {actual} hours, not {declared}."""


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Sort(StrEnum):
    """How a list of courses may be ordered; the identity breaks ties."""

    NEWEST = "newest"
    HOURS = "hours"


class Owned(StrEnum):
    """Which courses to list, by what the learner has bought (C-4)."""

    ANY = "any"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Course:
    """A course as it is written and published, questions and answers included."""

    course_id: UUID
    title: str
    kind: CourseKind
    area: str
    summary: str
    description: str
    price_fen: int
    coursewares: tuple[Courseware, ...]

    @property
    def hours(self) -> int:
        """One courseware is one credit hour (C-2)."""
        return len(self.coursewares)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A courseware as anyone may see it: how many questions it has, not which."""

    courseware_id: UUID
    title: str
    kind: CoursewareKind
    required_seconds: int
    question_rule: QuestionRule
    max_playback_rate: float
    popup_count: int
    exercise_count: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A course as the course centre shows it to one person."""

    course_id: UUID
    title: str
    kind: CourseKind
    area: str
    summary: str
    description: str
    hours: int
    price_fen: int
    state: State
    version: int
    published_at: datetime
    owned: bool
    coursewares: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Which courses to list, for whom, in which order. `words` must all be found."""

    kind: CourseKind | None = None
    area: str | None = None
    words: tuple[str, ...] = ()
    owned: Owned = Owned.ANY
    sort: Sort = Sort.NEWEST
    learner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: after this sort key and, among equals, after this identity."""

    key: Key
    item_id: UUID


@dataclass(frozen=True, slots=True)
class KindCount:
    """How much of one kind there is to study."""

    kind: CourseKind
    courses: int
    hours: int


@dataclass(frozen=True, slots=True)
class Package:
    """Several courses sold as one, for these kinds of learner (C-3)."""

    package_id: UUID
    title: str
    summary: str
    audience: tuple[LearnerKind, ...]
    hours: int
    price_fen: int
    course_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A package as the course centre shows it, with its courses in their order."""

    package_id: UUID
    title: str
    summary: str
    audience: tuple[LearnerKind, ...]
    hours: int
    price_fen: int
    version: int
    courses: tuple[Listing, ...]

    @property
    def owned_hours(self) -> int:
        """Hours of it that the learner has bought already, alone or in another package."""
        return sum(course.hours for course in self.courses if course.owned)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of the association on the home page."""

    notice_id: UUID
    title: str
    body: str
    published_on: date


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document courseware; see `documents.blocks` for its marks."""

    document_id: UUID
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a package needs to know of one of its courses."""

    course_id: UUID
    kind: CourseKind
    state: State
    hours: int


def price_fen(hours: int, *, price_per_hour_fen: int) -> int:
    """What so many credit hours cost ($-1)."""
    return hours * price_per_hour_fen


def check_course(course: Course) -> None:
    """Raise the refusal of the first rule that stands against publishing this course."""
    if not course.coursewares:
        raise CourseWithoutCoursewares
    for courseware in course.coursewares:
        _check_courseware(courseware)


def _check_courseware(courseware: Courseware) -> None:
    if not SLOWEST_LIMIT <= courseware.max_playback_rate <= FASTEST_LIMIT:
        raise PlaybackRateUnsound(
            title=courseware.title, slowest=f"{SLOWEST_LIMIT:g}", fastest=f"{FASTEST_LIMIT:g}"
        )
    for question in (*courseware.popup_questions, *courseware.exercise):
        if not is_sound(question):
            raise QuestionUnsound(text=question.text)


def is_sound(question: Question) -> bool:
    """Whether a question can be answered and scored (C-5)."""
    correct = question.correct
    if len(question.choices) < 2 or not correct or len(set(correct)) != len(correct):
        return False
    if not all(0 <= index < len(question.choices) for index in correct):
        return False
    if question.kind is QuestionKind.TRUE_FALSE and len(question.choices) != 2:
        return False
    return question.kind is QuestionKind.MULTIPLE or len(correct) == 1


def check_package(package: Package, offers: Sequence[Offer]) -> None:
    """Raise when these courses cannot make up this package (C-3)."""
    published = {offer.course_id for offer in offers if offer.state is State.PUBLISHED}
    if not package.course_ids or sorted(published) != sorted(package.course_ids):
        raise PackageCourseMissing
    if any(offer.kind is CourseKind.REQUIRED for offer in offers):
        raise PackageWithRequiredCourse
    actual = sum(offer.hours for offer in offers)
    if actual != package.hours:
        raise PackageHoursDiffer(actual=actual, declared=package.hours)
