"""Enrolments, how far each courseware is, and the hour account."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind

from ..cycles import Hour
from ..model import Enrolment, HourEntry, Progress


async def insert_enrolments(
    tx: Tx,
    *,
    enrolment_ids: Sequence[UUID],
    course_ids: Sequence[UUID],
    learner_id: UUID,
    order_id: UUID,
    enrolled_at: datetime,
) -> int:
    """Open courses; return how many this order had not opened before."""
    rows = await tx.fetch(
        """
        INSERT INTO enrolments (enrolment_id, course_id, learner_id, order_id, enrolled_at)
             SELECT enrolment_id, course_id, $3, $4, $5
               FROM unnest($1::uuid[], $2::uuid[]) AS opened (enrolment_id, course_id)
        ON CONFLICT ON CONSTRAINT enrolment_once_per_order DO NOTHING
          RETURNING enrolment_id
        """,
        enrolment_ids,
        course_ids,
        learner_id,
        order_id,
        enrolled_at,
    )
    return len(rows)


async def list_enrolments(
    db: Pool | Tx, learner_id: UUID, course_id: UUID | None = None
) -> list[Enrolment]:
    """A learner's enrolments, in one course or in all, oldest first."""
    rows = await db.fetch(
        """
          SELECT enrolment_id, course_id, enrolled_at, withdrawn_at IS NOT NULL AS withdrawn,
                 ARRAY(SELECT courseware_id
                         FROM courseware_progress AS p
                        WHERE p.enrolment_id = e.enrolment_id
                          AND p.kept) AS kept
            FROM enrolments AS e
           WHERE learner_id = $1
             AND course_id = coalesce($2, course_id)
        ORDER BY enrolled_at, enrolment_id
        """,
        learner_id,
        course_id,
    )
    return [Enrolment(**{**row, "kept": frozenset(row["kept"])}) for row in rows]


async def last_enrolled_at(db: Pool | Tx, learner_id: UUID) -> datetime | None:
    """When something was bought last that was not refunded as a whole."""
    last: datetime | None = await db.fetchval(
        """
        SELECT max(enrolled_at)
          FROM enrolments AS e
         WHERE learner_id = $1
           AND (withdrawn_at IS NULL
                OR EXISTS (SELECT 1
                             FROM courseware_progress AS p
                            WHERE p.enrolment_id = e.enrolment_id
                              AND p.kept))
        """,
        learner_id,
    )
    return last


async def ensure_progress(
    tx: Tx, *, enrolment_id: UUID, courseware_id: UUID, learner_id: UUID
) -> None:
    await tx.execute(
        """
        INSERT INTO courseware_progress (enrolment_id, courseware_id, learner_id)
             VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        enrolment_id,
        courseware_id,
        learner_id,
    )


async def lock_progress(tx: Tx, *, enrolment_id: UUID, courseware_id: UUID) -> Progress:
    """How far a courseware is, held until the transaction ends. Its row must be there."""
    row = await tx.fetchrow(
        """
        SELECT credited_ms, position_ms, last_studied_at, exercise_done_at, best_score,
               completed_at, question_due_ms
          FROM courseware_progress
         WHERE enrolment_id = $1
           AND courseware_id = $2
           FOR UPDATE
        """,
        enrolment_id,
        courseware_id,
    )
    assert row is not None
    return Progress(**row)


async def list_progress(
    db: Pool | Tx, enrolment_ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Progress]:
    """How far each opened courseware is, by enrolment and courseware."""
    rows = await db.fetch(
        """
        SELECT enrolment_id, courseware_id, credited_ms, position_ms, last_studied_at,
               exercise_done_at, best_score, completed_at
          FROM courseware_progress
         WHERE enrolment_id = ANY($1)
        """,
        enrolment_ids,
    )
    return {(row["enrolment_id"], row["courseware_id"]): _progress(row) for row in rows}


def _progress(row: asyncpg.Record) -> Progress:
    return Progress(
        row["credited_ms"],
        row["position_ms"],
        row["last_studied_at"],
        row["exercise_done_at"],
        row["best_score"],
        row["completed_at"],
    )


async def complete(
    tx: Tx,
    *,
    entry_id: UUID,
    learner_id: UUID,
    enrolment_id: UUID,
    course_id: UUID,
    courseware_id: UUID,
    course_kind: CourseKind,
    completed_at: datetime,
) -> None:
    """Write the hour into the account and mark the courseware completed."""
    await tx.execute(
        """
        INSERT INTO hour_entries (entry_id, learner_id, enrolment_id, course_id, courseware_id,
                                  course_kind, completed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        entry_id,
        learner_id,
        enrolment_id,
        course_id,
        courseware_id,
        course_kind,
        completed_at,
    )
    await tx.execute(
        """
        UPDATE courseware_progress
           SET completed_at = $3
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
        completed_at,
    )


async def list_hours(db: Pool | Tx, learner_id: UUID) -> list[Hour]:
    """Every hour that a learner ever completed, oldest first."""
    rows = await db.fetch(
        """
          SELECT courseware_id, course_kind, completed_at
            FROM hour_entries
           WHERE learner_id = $1
        ORDER BY completed_at, entry_id
        """,
        learner_id,
    )
    return [
        Hour(row["courseware_id"], CourseKind(row["course_kind"]), row["completed_at"])
        for row in rows
    ]


async def list_entries(db: Pool | Tx, learner_id: UUID) -> list[HourEntry]:
    """The same with the titles as they are now, newest first."""
    rows = await db.fetch(
        """
          SELECT h.completed_at, h.courseware_id, h.course_kind,
                 c.title AS course_title, w.title AS courseware_title
            FROM hour_entries AS h
            JOIN courses AS c USING (course_id)
            JOIN coursewares AS w USING (courseware_id)
           WHERE h.learner_id = $1
        ORDER BY h.completed_at DESC, h.entry_id DESC
        """,
        learner_id,
    )
    return [HourEntry(**{**row, "course_kind": CourseKind(row["course_kind"])}) for row in rows]


async def list_study_days(db: Pool | Tx, learner_id: UUID, since: date) -> list[tuple[date, int]]:
    """Credited seconds of each day with any, oldest first."""
    rows = await db.fetch(
        """
          SELECT day, credited_ms
            FROM study_days
           WHERE learner_id = $1
             AND day >= $2
             AND credited_ms > 0
        ORDER BY day
        """,
        learner_id,
        since,
    )
    return [(row["day"], row["credited_ms"] // 1000) for row in rows]


async def first_study_day(db: Pool | Tx, learner_id: UUID, since: date) -> date | None:
    """The first day from then on with credited time."""
    first: date | None = await db.fetchval(
        """
        SELECT min(day)
          FROM study_days
         WHERE learner_id = $1
           AND day >= $2
           AND credited_ms > 0
        """,
        learner_id,
        since,
    )
    return first
