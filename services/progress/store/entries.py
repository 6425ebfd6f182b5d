"""Restarts and corrections of study time, as staff read them."""

from uuid import UUID

from chassis.db import Pool

from ..model.desk import TimeEntry


async def list_of_learner(db: Pool, learner_id: UUID, *, limit: int) -> list[TimeEntry]:
    """What moved a learner's study time beside beats, the newest first."""
    rows = await db.fetch(
        """
          SELECT e.kind, e.credited_ms, e.reason, e.by_name, e.made_at,
                 w.title AS courseware_title
            FROM credit_entries AS e
            JOIN coursewares    AS w USING (courseware_id)
           WHERE e.learner_id = $1
        ORDER BY e.made_at DESC, e.entry_id DESC
           LIMIT $2
        """,
        learner_id,
        limit,
    )
    return [TimeEntry(**row) for row in rows]
