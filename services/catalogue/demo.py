"""The demo catalogue: read from `demo/`, published like anything else. Seeding again changes
nothing, because identities are made from the files' slugs and unchanged courses tell nothing."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from chassis.db import transaction
from chassis.service import Kit
from contracts.catalogue import (
    CourseKind,
    Courseware,
    CoursewareKind,
    Question,
    QuestionKind,
    QuestionRule,
)
from contracts.identity import LearnerKind

from . import actions
from .model import Course, Document, Package, price_fen
from .settings import CatalogueSettings
from .store import texts

FOLDER: Final = Path(__file__).parent / "demo"
NAMESPACE: Final = UUID("6f0d7f0a-5f0e-5c8e-9a55-2d1c1f3e7b40")
VIDEO: Final = "/media/videos/six-drafts.mp4"
RULES: Final = ("question_rule", "max_playback_rate")
TRUE_FALSE: Final = ["正确", "错误"]

Toml = Mapping[str, Any]


async def seed(kit: Kit, settings: CatalogueSettings) -> dict[str, Any]:
    """Publish the demo catalogue and put up its notices; say how much there is."""
    courses = read_courses(settings)
    for course, documents in reversed(courses):
        async with transaction(kit.pool) as tx:
            for document in documents:
                await texts.upsert_document(tx, document)
            await actions.publish_course(tx, course)
    packages = read_packages([course for course, _ in courses], settings)
    for package in packages:
        async with transaction(kit.pool) as tx:
            await actions.publish_package(tx, package)
    notices = _read(FOLDER / "notices.toml")["notices"]
    async with transaction(kit.pool) as tx:
        for notice in notices:
            await texts.insert_notice(
                tx,
                notice_id=stable_id("notice", notice["slug"]),
                title=notice["title"],
                body=notice["body"].strip(),
                published_on=notice["published_on"],
            )
    return {"courses": len(courses), "packages": len(packages), "notices": len(notices)}


def stable_id(*parts: object) -> UUID:
    """The same identity for the same thing, at every start and on every machine."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))


def read_courses(settings: CatalogueSettings) -> list[tuple[Course, list[Document]]]:
    """The demo courses, in the order of their files, with the texts of their documents."""
    return [_course(_read(path), settings) for path in sorted(FOLDER.glob("courses/*.toml"))]


def read_packages(courses: Iterable[Course], settings: CatalogueSettings) -> list[Package]:
    hours = {course.course_id: course.hours for course in courses}
    return [_package(data, hours, settings) for data in _read(FOLDER / "packages.toml")["packages"]]


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _course(data: Toml, settings: CatalogueSettings) -> tuple[Course, list[Document]]:
    slug, lessons = data["slug"], data["coursewares"]
    bank = {question["slug"]: question for question in data.get("questions", [])}
    coursewares = tuple(
        _courseware(slug, place, lesson, bank, settings) for place, lesson in enumerate(lessons, 1)
    )
    course = Course(
        course_id=stable_id("course", slug),
        title=data["title"],
        kind=CourseKind(data["kind"]),
        area=data["area"],
        summary=data["summary"],
        description=data["description"].strip(),
        price_fen=price_fen(len(lessons), price_per_hour_fen=settings.price_per_hour_fen),
        coursewares=coursewares,
    )
    documents = [
        Document(courseware.courseware_id, courseware.title, lesson["text"].strip())
        for courseware, lesson in zip(coursewares, lessons, strict=True)
        if "text" in lesson
    ]
    return course, documents


def _courseware(
    slug: str, place: int, lesson: Toml, bank: Mapping[str, Toml], settings: CatalogueSettings
) -> Courseware:
    """A lesson with a text is a document, one without is the demo video.

    Rules that the lesson does not name are the usual ones. Where it names no pop-up questions the
    whole bank of the course is its pool, unless it asks none (P-5).
    """
    courseware_id = stable_id("courseware", slug, place)
    is_document = "text" in lesson
    asks = lesson.get("question_rule") != QuestionRule.NONE
    popup = lesson.get("popup", bank) if asks else ()
    return Courseware(
        courseware_id=courseware_id,
        title=f"第 {place} 讲 {lesson['title']}",
        kind=CoursewareKind.DOCUMENT if is_document else CoursewareKind.VIDEO,
        required_seconds=settings.demo_required_seconds,
        media_path=f"/media/documents/{courseware_id}" if is_document else VIDEO,
        popup_questions=_questions(courseware_id, "popup", popup, bank),
        exercise=_questions(courseware_id, "exercise", lesson.get("exercise", ()), bank),
        **{rule: lesson[rule] for rule in RULES if rule in lesson},
    )


def _questions(
    courseware_id: UUID, use: str, slugs: Iterable[str], bank: Mapping[str, Toml]
) -> list[Question]:
    """Questions of the bank as this courseware's own: each use of one has its own identity."""
    return [
        _question(stable_id("question", courseware_id, use, slug), bank[slug]) for slug in slugs
    ]


def _question(question_id: UUID, data: Toml) -> Question:
    kind = QuestionKind(data["kind"])
    return Question(
        question_id=question_id,
        kind=kind,
        text=data["text"],
        choices=TRUE_FALSE if kind is QuestionKind.TRUE_FALSE else data["choices"],
        correct=data["correct"],
        explanation=data["explanation"],
    )


def _package(data: Toml, hours: Mapping[UUID, int], settings: CatalogueSettings) -> Package:
    course_ids = tuple(stable_id("course", slug) for slug in data["courses"])
    total = sum(hours[course_id] for course_id in course_ids)
    return Package(
        package_id=stable_id("package", data["slug"]),
        title=data["title"],
        summary=data["summary"],
        audience=tuple(LearnerKind(kind) for kind in data["audience"]),
        hours=data["hours"],
        price_fen=price_fen(total, price_per_hour_fen=settings.price_per_hour_fen),
        course_ids=course_ids,
    )
