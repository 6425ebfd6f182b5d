"""What staff see of study: who is studying now, all learners' days, and the search."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from chassis import ids
from chassis.db import Pool
from contracts.identity import LearnerKind

from ..model import Studying
from ..model.desk import DayOfAll, FoundLearner

CLOCKS_APART = timedelta(minutes=1)  # an entry's id is not made at the instant it tells
LAST_CHARACTER = "\U0010ffff"
LAST_ID = UUID(int=2**128 - 1)

OPEN = """
    SELECT session_id, learner_id, enrolment_id, courseware_id, started_at, heard_at,
           CASE WHEN count(*) OVER (PARTITION BY learner_id) > 1 THEN 'suspended'
                ELSE state
            END AS state
      FROM sessions
     WHERE ended_at IS NULL
       AND heard_at > $1
"""


async def list_open(
    db: Pool, heard_since: datetime, *, before: UUID | None, limit: int
) -> list[Studying]:
    """The sessions that are open at the moment, the newest first."""
    rows = await db.fetch(
        f"""
          WITH open AS ({OPEN}),
               page AS (
                 SELECT *
                   FROM open
                  WHERE session_id < $2
               ORDER BY session_id DESC
                  LIMIT $3
               )
        SELECT s.session_id, s.learner_id, l.real_name, c.title AS course_title,
               w.title AS courseware_title, s.started_at, s.heard_at, p.credited_ms,
               w.required_seconds, s.state
          FROM page                AS s
          JOIN learners            AS l USING (learner_id)
          JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
          JOIN coursewares         AS w USING (courseware_id)
          JOIN courses             AS c USING (course_id)
      ORDER BY s.session_id DESC
        """,  # noqa: S608 - a constant
        heard_since,
        before or LAST_ID,
        limit,
    )
    return [Studying(**row) for row in rows]


async def count_states(db: Pool, heard_since: datetime) -> dict[str, int]:
    """How many of the open sessions are in which state, the most frequent first."""
    rows = await db.fetch(
        f"""
          SELECT state, count(*) AS number
            FROM ({OPEN}) AS open
        GROUP BY state
        ORDER BY number DESC, state
        """,  # noqa: S608 - a constant
        heard_since,
    )
    return {row["state"]: row["number"] for row in rows}


async def list_days_of_all(db: Pool, since: date) -> list[DayOfAll]:
    """Credited time of all learners, for each day with any, oldest first."""
    rows = await db.fetch(
        """
          SELECT day, count(*) AS learners, sum(credited_ms)::bigint AS credited_ms
            FROM study_days
           WHERE day >= $1
             AND credited_ms > 0
        GROUP BY day
        ORDER BY day
        """,
        since,
    )
    return [DayOfAll(**row) for row in rows]


async def list_by_name(
    db: Pool, name: str, *, after: UUID | None, limit: int
) -> list[FoundLearner]:
    """Learners whose name begins so, by name; after this one of the list."""
    rows = await db.fetch(
        """
          SELECT learner_id, real_name, kind
            FROM learners
           WHERE real_name COLLATE "C" >= $1
             AND real_name COLLATE "C" < $2
             AND version > 0
             AND ($3::uuid IS NULL OR (real_name COLLATE "C", learner_id) >
                 (SELECT real_name COLLATE "C", learner_id FROM learners WHERE learner_id = $3))
        ORDER BY real_name COLLATE "C", learner_id
           LIMIT $4
        """,
        name,
        name + LAST_CHARACTER,
        after,
        limit,
    )
    return await _with_study(db, rows)


async def list_by_id(
    db: Pool, first: UUID, last: UUID, *, after: UUID | None, limit: int
) -> list[FoundLearner]:
    """Learners whose account id lies between these two, by id; after this one of the list."""
    rows = await db.fetch(
        """
          SELECT learner_id, real_name, kind
            FROM learners
           WHERE learner_id BETWEEN $1 AND $2
             AND ($3::uuid IS NULL OR learner_id > $3)
        ORDER BY learner_id
           LIMIT $4
        """,
        first,
        last,
        after,
        limit,
    )
    return await _with_study(db, rows)


async def list_named(db: Pool, learner_ids: Sequence[UUID]) -> list[FoundLearner]:
    """These learners, by name."""
    rows = await db.fetch(
        """
          SELECT learner_id, real_name, kind
            FROM learners
           WHERE learner_id = ANY($1)
        ORDER BY real_name COLLATE "C", learner_id
        """,
        learner_ids,
    )
    return await _with_study(db, rows)


async def _with_study(db: Pool, found: Sequence[asyncpg.Record]) -> list[FoundLearner]:
    rows = await db.fetch(
        """
        SELECT learner_id,
               (SELECT count(*)
                  FROM hour_entries AS h
                 WHERE h.learner_id = l.learner_id) AS hours,
               (SELECT max(day)
                  FROM study_days AS d
                 WHERE d.learner_id = l.learner_id
                   AND credited_ms > 0) AS last_day
          FROM unnest($1::uuid[]) AS l (learner_id)
        """,
        [row["learner_id"] for row in found],
    )
    studied = {row["learner_id"]: row for row in rows}
    return [
        FoundLearner(
            learner_id=row["learner_id"],
            real_name=row["real_name"],
            kind=LearnerKind(row["kind"]) if row["kind"] else None,
            hours=studied[row["learner_id"]]["hours"],
            last_day=studied[row["learner_id"]]["last_day"],
        )
        for row in found
    ]


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
