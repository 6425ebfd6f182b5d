"""Which learner owns which course: a copy of what payments tells (C-4)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx


async def insert_owned(
    tx: Tx, *, learner_id: UUID, course_ids: Sequence[UUID], order_id: UUID, at: datetime
) -> None:
    """Note what a paid order opened. What was refunded stays so, even if that was heard first."""
    await tx.execute(
        """
        INSERT INTO opened_courses (learner_id, course_id, order_id, opened_at)
             SELECT $1, course_id, $3, $4
               FROM unnest($2::uuid[]) AS course_id
        ON CONFLICT (learner_id, course_id, order_id) DO UPDATE
                SET opened_at = EXCLUDED.opened_at
        """,
        learner_id,
        course_ids,
        order_id,
        at,
    )


async def mark_refunded(
    tx: Tx, *, learner_id: UUID, course_ids: Sequence[UUID], order_id: UUID, at: datetime
) -> None:
    """Note that an order opens these courses no more; what another order opened stays owned."""
    await tx.execute(
        """
        INSERT INTO opened_courses (learner_id, course_id, order_id, refunded_at)
             SELECT $1, course_id, $3, $4
               FROM unnest($2::uuid[]) AS course_id
        ON CONFLICT (learner_id, course_id, order_id) DO UPDATE
                SET refunded_at = EXCLUDED.refunded_at
        """,
        learner_id,
        course_ids,
        order_id,
        at,
    )


async def sum_owned_hours(db: Pool | Tx, learner_id: UUID) -> int:
    """Hours of all courses that the learner has bought, as far as catalogue has heard."""
    hours: int = await db.fetchval(
        """
        SELECT coalesce(sum(c.hours), 0)
          FROM owned_courses o
          JOIN courses c USING (course_id)
         WHERE o.learner_id = $1
        """,
        learner_id,
    )
    return hours
