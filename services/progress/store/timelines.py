"""A day of one courseware: when its pages were open, and which of that was not credited."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool

from ..model import UncreditedTime
from ..timeline import OpenTime


async def list_open_times(
    db: Pool, *, learner_id: UUID, courseware_id: UUID, since: datetime
) -> Sequence[OpenTime]:
    """From a session's start up to where its time is accounted for, earliest first."""
    rows = await db.fetch(
        """
          SELECT greatest(started_at, $3) AS from_at, accounted_at AS until_at
            FROM sessions
           WHERE learner_id = $1
             AND courseware_id = $2
             AND accounted_at > greatest(started_at, $3)
        ORDER BY started_at
        """,
        learner_id,
        courseware_id,
        since,
    )
    return [OpenTime(row["from_at"], row["until_at"]) for row in rows]


async def list_uncredited(
    db: Pool, *, learner_id: UUID, courseware_id: UUID, since: datetime
) -> Sequence[UncreditedTime]:
    """What was not credited, and why, earliest first (P-9)."""
    rows = await db.fetch(
        """
          SELECT u.reason, greatest(u.from_at, $3) AS from_at, u.until_at
            FROM uncredited AS u
            JOIN sessions   AS s USING (session_id)
           WHERE s.learner_id = $1
             AND s.courseware_id = $2
             AND u.until_at > $3
        ORDER BY u.from_at
        """,
        learner_id,
        courseware_id,
        since,
    )
    return [UncreditedTime(row["reason"], row["from_at"], row["until_at"]) for row in rows]
