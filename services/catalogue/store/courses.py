"""Courses as they are written and published, questions and answers included."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import (
    CourseKind,
    Courseware,
    CoursewareKind,
    Question,
    QuestionKind,
    QuestionRule,
)

from ..model import Course, State


async def insert_course_draft(tx: Tx, course: Course, *, at: datetime) -> None:
    """Make sure the course's row is there to be locked. Does nothing where it is."""
    await tx.execute(
        """
        INSERT INTO courses (course_id, title, kind, area, summary, description, hours,
                             price_fen, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING
        """,
        course.course_id,
        course.title,
        course.kind,
        course.area,
        course.summary,
        course.description,
        course.hours,
        course.price_fen,
        at,
    )


async def lock_course(tx: Tx, course_id: UUID) -> tuple[State, int] | None:
    """Hold a course until the transaction ends; its state and version."""
    row = await tx.fetchrow(
        "SELECT state, version FROM courses WHERE course_id = $1 FOR UPDATE", course_id
    )
    return (State(row["state"]), row["version"]) if row else None


async def get_course(db: Pool | Tx, course_id: UUID) -> Course | None:
    """A course with everything that is published of it, answers included."""
    row = await db.fetchrow(
        """
        SELECT course_id, title, kind, area, summary, description, price_fen
          FROM courses
         WHERE course_id = $1
        """,
        course_id,
    )
    if row is None:
        return None
    values = {**row, "kind": CourseKind(row["kind"])}
    return Course(**values, coursewares=tuple(await _coursewares(db, course_id)))


async def update_course(tx: Tx, course: Course, *, version: int, at: datetime) -> None:
    """Save a course as published in this version, its coursewares and questions included."""
    await tx.execute(
        """
        UPDATE courses
           SET title = $2, kind = $3, area = $4, summary = $5, description = $6, hours = $7,
               price_fen = $8, state = 'published', version = $9, published_at = $10
         WHERE course_id = $1
        """,
        course.course_id,
        course.title,
        course.kind,
        course.area,
        course.summary,
        course.description,
        course.hours,
        course.price_fen,
        version,
        at,
    )
    await _replace_coursewares(tx, course)


async def update_course_retired(tx: Tx, course_id: UUID, *, version: int) -> None:
    await tx.execute(
        "UPDATE courses SET state = 'retired', version = $2 WHERE course_id = $1",
        course_id,
        version,
    )


async def is_in_package(tx: Tx, course_id: UUID) -> bool:
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM package_courses WHERE course_id = $1)", course_id
    )
    return found


async def _coursewares(db: Pool | Tx, course_id: UUID) -> list[Courseware]:
    rows = await db.fetch(
        """
          SELECT courseware_id, title, kind, required_seconds, media_path, question_rule,
                 max_playback_rate
            FROM coursewares
           WHERE course_id = $1
        ORDER BY position
        """,
        course_id,
    )
    questions = await _questions(db, course_id)
    return [
        Courseware(
            **{
                **row,
                "kind": CoursewareKind(row["kind"]),
                "question_rule": QuestionRule(row["question_rule"]),
            },
            popup_questions=questions[row["courseware_id"], "popup"],
            exercise=questions[row["courseware_id"], "exercise"],
        )
        for row in rows
    ]


async def _questions(db: Pool | Tx, course_id: UUID) -> dict[tuple[UUID, str], list[Question]]:
    rows = await db.fetch(
        """
          SELECT q.courseware_id, q.use, q.question_id, q.kind, q.text, q.choices, q.correct,
                 q.explanation
            FROM questions q
            JOIN coursewares w USING (courseware_id)
           WHERE w.course_id = $1
        ORDER BY q.courseware_id, q.use, q.position
        """,
        course_id,
    )
    found: dict[tuple[UUID, str], list[Question]] = defaultdict(list)
    for row in rows:
        values = {**row, "kind": QuestionKind(row["kind"])}
        found[values.pop("courseware_id"), values.pop("use")].append(Question(**values))
    return found


async def _replace_coursewares(tx: Tx, course: Course) -> None:
    await tx.execute(
        "DELETE FROM coursewares WHERE course_id = $1 AND courseware_id <> ALL($2)",
        course.course_id,
        [courseware.courseware_id for courseware in course.coursewares],
    )
    await tx.executemany(
        """
        INSERT INTO coursewares (courseware_id, course_id, position, title, kind,
                                 required_seconds, media_path, question_rule,
                                 max_playback_rate)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (courseware_id)
          DO UPDATE SET position = EXCLUDED.position, title = EXCLUDED.title,
                        kind = EXCLUDED.kind, required_seconds = EXCLUDED.required_seconds,
                        media_path = EXCLUDED.media_path,
                        question_rule = EXCLUDED.question_rule,
                        max_playback_rate = EXCLUDED.max_playback_rate
        """,
        [
            (
                w.courseware_id,
                course.course_id,
                place,
                w.title,
                w.kind,
                w.required_seconds,
                w.media_path,
                w.question_rule,
                w.max_playback_rate,
            )
            for place, w in enumerate(course.coursewares, 1)
        ],
    )
    await _replace_questions(tx, course.coursewares)


async def _replace_questions(tx: Tx, coursewares: Sequence[Courseware]) -> None:
    await tx.execute(
        "DELETE FROM questions WHERE courseware_id = ANY($1)",
        [courseware.courseware_id for courseware in coursewares],
    )
    await tx.executemany(
        """
        INSERT INTO questions (question_id, courseware_id, use, position, kind, text, choices,
                               correct, explanation)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [row for courseware in coursewares for row in _question_rows(courseware)],
    )


def _question_rows(courseware: Courseware) -> list[tuple[Any, ...]]:
    uses = (("popup", courseware.popup_questions), ("exercise", courseware.exercise))
    return [
        (
            q.question_id,
            courseware.courseware_id,
            use,
            place,
            q.kind,
            q.text,
            q.choices,
            q.correct,
            q.explanation,
        )
        for use, questions in uses
        for place, q in enumerate(questions, 1)
    ]
