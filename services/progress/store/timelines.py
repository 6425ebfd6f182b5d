"""The days of one courseware: when its pages were open, and which of that was not credited."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model import UncreditedTime
from ..timeline import OpenTime


async def list_open_times(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> Sequence[OpenTime]:
    """From a session's start up to where its time is accounted for, earliest first."""
    rows = await db.fetch(
        """
          SELECT greatest(started_at, $3) AS from_at, least(accounted_at, $4) AS until_at
            FROM sessions
           WHERE learner_id = $1
             AND courseware_id = $2
             AND started_at < $4
             AND accounted_at > greatest(started_at, $3)
        ORDER BY started_at
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [OpenTime(row["from_at"], row["until_at"]) for row in rows]


async def list_uncredited(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> Sequence[UncreditedTime]:
    """What was not credited, and why, earliest first (P-9)."""
    rows = await db.fetch(
        """
          SELECT u.reason, greatest(u.from_at, $3) AS from_at, least(u.until_at, $4) AS until_at
            FROM uncredited AS u
            JOIN sessions   AS s USING (session_id)
           WHERE s.learner_id = $1
             AND s.courseware_id = $2
             AND u.until_at > $3
             AND u.from_at < $4
        ORDER BY u.from_at
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [UncreditedTime(row["reason"], row["from_at"], row["until_at"]) for row in rows]


async def find_uncredited(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> UUID | None:
    """The enrolment that the latest uncredited time belongs to; None where all was credited."""
    enrolment_id: UUID | None = await db.fetchval(
        """
          SELECT s.enrolment_id
            FROM uncredited AS u
            JOIN sessions   AS s USING (session_id)
           WHERE s.learner_id = $1
             AND s.courseware_id = $2
             AND u.until_at > $3
             AND u.from_at < $4
        ORDER BY u.from_at DESC
           LIMIT 1
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return enrolment_id
