"""Which learner owns which course: a copy of what payments tells (C-4)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx


async def insert_owned(
    tx: Tx, *, learner_id: UUID, course_ids: Sequence[UUID], order_id: UUID, at: datetime
) -> None:
    """Note what a paid order opened. What is owned already stays with its first order."""
    await tx.execute(
        """
        INSERT INTO owned_courses (learner_id, course_id, order_id, owned_since)
             SELECT $1, course_id, $3, $4
               FROM unnest($2::uuid[]) AS course_id
        ON CONFLICT DO NOTHING
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
