"""The outlines of courses, as catalogue published them."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind, CoursePublished, CoursewareKind, Question, QuestionRule

from ..model import Courseware


async def save_course(tx: Tx, event: CoursePublished) -> bool:
    """Keep a course's head. False if the same or a newer version is kept already."""
    saved = await tx.fetchval(
        """
        INSERT INTO courses (course_id, version, title, kind, hours)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (course_id) DO UPDATE
                SET version = EXCLUDED.version,
                    title = EXCLUDED.title,
                    kind = EXCLUDED.kind,
                    hours = EXCLUDED.hours
              WHERE courses.version < EXCLUDED.version
          RETURNING true
        """,
        event.course_id,
        event.version,
        event.title,
        event.kind,
        event.hours,
    )
    return saved is not None


async def unlist_coursewares(tx: Tx, course_id: UUID) -> None:
    """Take all coursewares off a course's outline; those that stay are listed again."""
    await tx.execute("UPDATE coursewares SET listed = false WHERE course_id = $1", course_id)


async def save_coursewares(tx: Tx, event: CoursePublished) -> None:
    await tx.executemany(
        """
        INSERT INTO coursewares (courseware_id, course_id, position, title, kind,
                                 required_seconds, media_path, popup_questions, exercise,
                                 question_rule, max_rate)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (courseware_id) DO UPDATE
                SET course_id = EXCLUDED.course_id,
                    position = EXCLUDED.position,
                    listed = true,
                    title = EXCLUDED.title,
                    kind = EXCLUDED.kind,
                    required_seconds = EXCLUDED.required_seconds,
                    media_path = EXCLUDED.media_path,
                    popup_questions = EXCLUDED.popup_questions,
                    exercise = EXCLUDED.exercise,
                    question_rule = EXCLUDED.question_rule,
                    max_rate = EXCLUDED.max_rate
        """,
        [
            (
                courseware.courseware_id,
                event.course_id,
                position,
                courseware.title,
                courseware.kind,
                courseware.required_seconds,
                courseware.media_path,
                [question.model_dump(mode="json") for question in courseware.popup_questions],
                [question.model_dump(mode="json") for question in courseware.exercise],
                courseware.question_rule,
                courseware.max_playback_rate,
            )
            for position, courseware in enumerate(event.coursewares)
        ],
    )


async def get_courseware(db: Pool | Tx, courseware_id: UUID) -> Courseware | None:
    row = await db.fetchrow(
        """
        SELECT w.courseware_id, w.course_id, c.title AS course_title, c.kind AS course_kind,
               w.title, w.kind, w.required_seconds, w.media_path, w.exercise,
               w.popup_questions, w.question_rule, w.max_rate
          FROM coursewares AS w
          JOIN courses AS c USING (course_id)
         WHERE w.courseware_id = $1
        """,
        courseware_id,
    )
    return _courseware(row) if row else None


async def list_coursewares(db: Pool | Tx, course_ids: Sequence[UUID]) -> list[Courseware]:
    """The listed coursewares of these courses, in the order of their outlines."""
    rows = await db.fetch(
        """
          SELECT w.courseware_id, w.course_id, c.title AS course_title, c.kind AS course_kind,
                 w.title, w.kind, w.required_seconds, w.media_path, w.exercise,
                 w.popup_questions, w.question_rule, w.max_rate
            FROM coursewares AS w
            JOIN courses AS c USING (course_id)
           WHERE w.course_id = ANY($1)
             AND w.listed
        ORDER BY w.course_id, w.position
        """,
        course_ids,
    )
    return [_courseware(row) for row in rows]


async def list_hours(db: Pool | Tx, course_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many hours each course has, of those whose outline has arrived."""
    rows = await db.fetch(
        "SELECT course_id, hours FROM courses WHERE course_id = ANY($1)", course_ids
    )
    return {row["course_id"]: row["hours"] for row in rows}


def _courseware(row: asyncpg.Record) -> Courseware:
    return Courseware(
        courseware_id=row["courseware_id"],
        course_id=row["course_id"],
        course_title=row["course_title"],
        course_kind=CourseKind(row["course_kind"]),
        title=row["title"],
        kind=CoursewareKind(row["kind"]),
        required_seconds=row["required_seconds"],
        media_path=row["media_path"],
        exercise=tuple(map(Question.model_validate, row["exercise"])),
        pool=tuple(map(Question.model_validate, row["popup_questions"])),
        question_rule=QuestionRule(row["question_rule"]),
        max_rate=round(row["max_rate"], 3),
    )
