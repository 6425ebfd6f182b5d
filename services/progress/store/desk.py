"""What staff see of study: who is studying now."""

from datetime import datetime, timedelta

from chassis import ids
from chassis.db import Pool

from ..model import Studying

DESK_ROWS = 200
CLOCKS_APART = timedelta(minutes=1)  # an entry's id is not made at the instant it tells


async def list_open(db: Pool, heard_since: datetime) -> list[Studying]:
    """The sessions that are open at the moment, the newest first."""
    rows = await db.fetch(
        """
          SELECT s.session_id, s.learner_id, l.real_name, c.title AS course_title,
                 w.title AS courseware_title, s.started_at, s.heard_at, p.credited_ms,
                 w.required_seconds,
                 CASE WHEN count(*) OVER (PARTITION BY s.learner_id) > 1 THEN 'suspended'
                      ELSE s.state
                  END AS state
            FROM sessions            AS s
            JOIN learners            AS l USING (learner_id)
            JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
            JOIN coursewares         AS w USING (courseware_id)
            JOIN courses             AS c USING (course_id)
           WHERE s.ended_at IS NULL
             AND s.heard_at > $1
        ORDER BY s.started_at DESC
           LIMIT $2
        """,
        heard_since,
        DESK_ROWS,
    )
    return [Studying(**row) for row in rows]


async def count_today(db: Pool, midnight: datetime, *, session_life: timedelta) -> tuple[int, int]:
    """How many learners have been heard since then, and how many hours they completed.

    No session is heard of when it is older than `session_life`; so the ids bound both counts.
    """
    row = await db.fetchrow(
        """
        SELECT (SELECT count(DISTINCT learner_id)
                  FROM sessions
                 WHERE session_id >= $2
                   AND heard_at >= $1) AS learners,
               (SELECT count(*)
                  FROM hour_entries
                 WHERE entry_id >= $3
                   AND completed_at >= $1) AS hours
        """,
        midnight,
        ids.first_id(midnight - session_life),
        ids.first_id(midnight - CLOCKS_APART),
    )
    assert row is not None
    return row["learners"], row["hours"]
