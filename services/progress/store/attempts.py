"""Exercises that were handed in."""

from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model import Attempt


async def insert_attempt(
    tx: Tx,
    *,
    attempt_id: UUID,
    enrolment_id: UUID,
    courseware_id: UUID,
    answers: dict[str, list[int]],
    score: int,
    submitted_at: datetime,
) -> None:
    """Keep an exercise as it was answered, and the best score of all."""
    await tx.execute(
        """
        INSERT INTO exercise_attempts (attempt_id, enrolment_id, courseware_id, answers, score,
                                       submitted_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        """,
        attempt_id,
        enrolment_id,
        courseware_id,
        answers,
        score,
        submitted_at,
    )
    await tx.execute(
        """
        UPDATE courseware_progress
           SET exercise_done_at = coalesce(exercise_done_at, $3),
               best_score = greatest(best_score, $4)
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
        submitted_at,
        score,
    )


async def count_attempts(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> int:
    count: int = await db.fetchval(
        """
        SELECT count(*)
          FROM exercise_attempts
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
    )
    return count


async def get_last_attempt(
    db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID
) -> Attempt | None:
    row = await db.fetchrow(
        """
          SELECT answers, score, submitted_at
            FROM exercise_attempts
           WHERE enrolment_id = $1
             AND courseware_id = $2
        ORDER BY submitted_at DESC, attempt_id DESC
           LIMIT 1
        """,
        enrolment_id,
        courseware_id,
    )
    return Attempt(**row) if row else None


async def list_attempts(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> list[Attempt]:
    """What a learner handed in within this time, in whatever cycle, latest first."""
    rows = await db.fetch(
        """
          SELECT a.answers, a.score, a.submitted_at
            FROM exercise_attempts AS a
            JOIN enrolments        AS e USING (enrolment_id)
           WHERE e.learner_id = $1
             AND a.courseware_id = $2
             AND a.submitted_at >= $3
             AND a.submitted_at < $4
        ORDER BY a.submitted_at DESC, a.attempt_id DESC
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [Attempt(**row) for row in rows]
