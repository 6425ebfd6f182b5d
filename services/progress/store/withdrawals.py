"""What refunds closed, and what they were told ($-8)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.withdrawals import STUDIED_MS, HourStanding, WithdrawnCourse


async def find_answer(tx: Tx, refund_id: UUID) -> list[WithdrawnCourse] | None:
    """What a withdrawal answered; None if it was not asked yet."""
    rows = await tx.fetch(
        """
          SELECT c.course_id, c.hours, c.hours_studied
            FROM withdrawals AS w
       LEFT JOIN withdrawn_courses AS c USING (refund_id)
           WHERE w.refund_id = $1
        ORDER BY c.course_id
        """,
        refund_id,
    )
    if not rows:
        return None
    return [WithdrawnCourse(**row) for row in rows if row["course_id"] is not None]


async def save_answer(
    tx: Tx,
    *,
    refund_id: UUID,
    order_id: UUID,
    learner_id: UUID,
    withdrawn_at: datetime,
    courses: Sequence[WithdrawnCourse],
) -> None:
    await tx.execute(
        """
        INSERT INTO withdrawals (refund_id, order_id, learner_id, withdrawn_at)
             VALUES ($1, $2, $3, $4)
        """,
        refund_id,
        order_id,
        learner_id,
        withdrawn_at,
    )
    await tx.executemany(
        """
        INSERT INTO withdrawn_courses (refund_id, course_id, hours, hours_studied)
             VALUES ($1, $2, $3, $4)
        """,
        [(refund_id, each.course_id, each.hours, each.hours_studied) for each in courses],
    )


async def find_enrolments(
    tx: Tx, *, learner_id: UUID, order_id: UUID, course_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """What the order opened of these courses, and under which enrolment."""
    rows = await tx.fetch(
        """
        SELECT course_id, enrolment_id
          FROM enrolments
         WHERE learner_id = $1
           AND order_id = $2
           AND course_id = ANY($3)
        """,
        learner_id,
        order_id,
        list(course_ids),
    )
    return {row["course_id"]: row["enrolment_id"] for row in rows}


async def list_hours(tx: Tx, *, enrolment_id: UUID, course_id: UUID) -> list[HourStanding]:
    """Each courseware of the course with what was studied of it under this enrolment, and those
    that were studied before a newer outline left them out."""
    rows = await tx.fetch(
        """
           SELECT w.courseware_id,
                  p.completed_at IS NOT NULL AS is_completed,
                  coalesce(p.credited_ms, 0) AS credited_ms,
                  e.withdrawn_at IS NOT NULL AND NOT coalesce(p.kept, false) AS is_closed
             FROM coursewares         AS w
             JOIN enrolments          AS e ON e.enrolment_id = $1
        LEFT JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
            WHERE w.course_id = $2
              AND (w.listed OR p.completed_at IS NOT NULL OR p.credited_ms >= $3)
         ORDER BY w.courseware_id
        """,
        enrolment_id,
        course_id,
        STUDIED_MS,
    )
    return [HourStanding(**row) for row in rows]


async def close(
    tx: Tx, *, enrolment_id: UUID, kept: Collection[UUID], withdrawn_at: datetime
) -> None:
    """Leave only these coursewares open: the sessions of the others end, and what is still said
    of them earns nothing. The learner must be locked. Withdrawn once, it stays as it was."""
    withdrawn = await tx.fetchval(
        """
        UPDATE enrolments
           SET withdrawn_at = $2, withdrawn_turn = nextval('turns')
         WHERE enrolment_id = $1
           AND withdrawn_at IS NULL
     RETURNING true
        """,
        enrolment_id,
        withdrawn_at,
    )
    if not withdrawn:
        return
    await tx.execute(
        """
        UPDATE courseware_progress
           SET kept = courseware_id = ANY($2),
               question_due_ms = CASE WHEN courseware_id = ANY($2) THEN question_due_ms END
         WHERE enrolment_id = $1
        """,
        enrolment_id,
        list(kept),
    )
    await _end_sessions(tx, enrolment_id, withdrawn_at)
    await _void_questions(tx, enrolment_id, withdrawn_at)


async def _end_sessions(tx: Tx, enrolment_id: UUID, at: datetime) -> None:
    """Also of sessions that ended before: their late beats would earn what is refunded."""
    await tx.execute(
        """
        UPDATE sessions AS s
           SET void_until = $2,
               ended_at = coalesce(s.ended_at, greatest($2, s.started_at)),
               ended_by = coalesce(s.ended_by, 'refunded'),
               ended_turn = coalesce(s.ended_turn, nextval('turns'))
          FROM courseware_progress AS p
         WHERE s.enrolment_id = $1
           AND p.enrolment_id = s.enrolment_id
           AND p.courseware_id = s.courseware_id
           AND NOT p.kept
        """,
        enrolment_id,
        at,
    )


async def _void_questions(tx: Tx, enrolment_id: UUID, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE questions AS q
           SET state = 'void', answered_at = $2
          FROM courseware_progress AS p
         WHERE q.enrolment_id = $1
           AND q.state = 'open'
           AND p.enrolment_id = q.enrolment_id
           AND p.courseware_id = q.courseware_id
           AND NOT p.kept
        """,
        enrolment_id,
        at,
    )


async def is_closed(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> bool:
    """Whether this hour was refunded."""
    closed: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT 1
                         FROM enrolments AS e
                    LEFT JOIN courseware_progress AS p
                           ON p.enrolment_id = e.enrolment_id
                          AND p.courseware_id = $2
                        WHERE e.enrolment_id = $1
                          AND e.withdrawn_at IS NOT NULL
                          AND NOT coalesce(p.kept, false))
        """,
        enrolment_id,
        courseware_id,
    )
    return closed
