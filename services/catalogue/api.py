"""The JSON door of catalogue: what can be bought and studied. It never tells what is correct."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from chassis.web.deps import Db
from chassis.web.who import MaybeLearner
from contracts.catalogue import CourseKind, CoursewareKind, QuestionRule
from contracts.identity import LearnerKind

from .model import Bundle, CourseNotFound, Cursor, PackageNotFound, Sort, State
from .queries import CourseQuery, PackageQuery, cursor_of, write
from .store import listings

router = APIRouter(prefix="/api/catalogue", tags=["catalogue"])


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CoursewareShown(Shown):
    courseware_id: UUID
    title: str
    kind: CoursewareKind
    required_seconds: int
    question_rule: QuestionRule
    max_playback_rate: float
    popup_count: int
    exercise_count: int


class CourseShown(Shown):
    course_id: UUID
    title: str
    kind: CourseKind
    area: str
    summary: str
    hours: int
    price_fen: int
    owned: bool
    coursewares: list[CoursewareShown]


class CourseDetails(CourseShown):
    description: str
    state: State
    version: int
    published_at: datetime


class CoursePage(BaseModel):
    items: list[CourseShown]
    next_cursor: str | None


class PackageShown(Shown):
    package_id: UUID
    title: str
    summary: str
    audience: list[LearnerKind]
    hours: int
    price_fen: int
    owned_hours: int
    courses: list[CourseShown]


class PackagePage(BaseModel):
    items: list[PackageShown]
    next_cursor: str | None


def _subject(who: MaybeLearner) -> UUID | None:
    return who.subject if who else None


@router.get("/courses")
async def list_courses(
    db: Db, who: MaybeLearner, asked: Annotated[CourseQuery, Query()]
) -> CoursePage:
    """Courses that are sold (C-1, C-2, C-4); `owned` is false for who is not signed in."""
    found, _ = await listings.find_courses(
        db, asked.search(_subject(who)), limit=asked.limit + 1, after=asked.after()
    )
    more = len(found) > asked.limit
    items = found[: asked.limit]
    return CoursePage(
        items=[CourseShown.model_validate(course) for course in items],
        next_cursor=cursor_of(asked.sort, items[-1]) if more else None,
    )


@router.get("/courses/{course_id}")
async def show_course(db: Db, who: MaybeLearner, course_id: UUID) -> CourseDetails:
    """One course. One that is sold no more is shown to its owners only."""
    course = await listings.get_course(db, course_id, learner_id=_subject(who))
    if course is None:
        raise CourseNotFound
    return CourseDetails.model_validate(course)


@router.get("/packages")
async def list_packages(
    db: Db, who: MaybeLearner, asked: Annotated[PackageQuery, Query()]
) -> PackagePage:
    """Packages (C-3), the smallest first."""
    found = await listings.list_packages(
        db,
        learner_id=_subject(who),
        limit=asked.limit + 1,
        audience=asked.audience,
        after=asked.after(),
    )
    return PackagePage(
        items=_packages(found[: asked.limit]),
        next_cursor=_next_package(found, asked.limit),
    )


@router.get("/packages/{package_id}")
async def show_package(db: Db, who: MaybeLearner, package_id: UUID) -> PackageShown:
    package = await listings.get_package(db, package_id, learner_id=_subject(who))
    if package is None:
        raise PackageNotFound
    return PackageShown.model_validate(package)


def _packages(found: Sequence[Bundle]) -> list[PackageShown]:
    return [PackageShown.model_validate(package) for package in found]


def _next_package(found: Sequence[Bundle], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return write(Sort.HOURS, Cursor(last.hours, last.package_id))
