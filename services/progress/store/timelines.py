"""The days of one courseware: when its pages were open, and which of that was not credited."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model import CreditChange, UncreditedTime
from ..timeline import OpenTime, Voided


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


async def list_voided(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> Sequence[Voided]:
    """The times whose credit a restart took back, earliest first (P-5)."""
    rows = await db.fetch(
        """
          SELECT greatest(coalesce(e.since_at, n.enrolled_at), $3) AS from_at,
                 least(e.made_at, $4) AS until_at
            FROM credit_entries AS e
            JOIN enrolments     AS n USING (enrolment_id)
           WHERE e.learner_id = $1
             AND e.courseware_id = $2
             AND e.kind = 'restart'
             AND e.made_at > $3
             AND coalesce(e.since_at, n.enrolled_at) < $4
        ORDER BY from_at, until_at
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [Voided(row["from_at"], row["until_at"]) for row in rows]


async def list_changes(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> list[CreditChange]:
    """The restarts and corrections that were made within this time, latest first."""
    rows = await db.fetch(
        """
          SELECT e.kind, e.made_at, e.credited_ms, e.reason, e.by_name,
                 q.asked ->> 'text' AS question, q.asked ->> 'explanation' AS explanation
            FROM credit_entries AS e
            LEFT JOIN questions AS q ON q.asking_id = e.question_id
           WHERE e.learner_id = $1
             AND e.courseware_id = $2
             AND e.made_at >= $3
             AND e.made_at < $4
        ORDER BY e.made_at DESC, e.entry_id DESC
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [CreditChange(**row) for row in rows]


async def list_days(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, before: date | None, limit: int
) -> list[date]:
    """The days, in China, on which anything is recorded, latest first."""
    rows = await db.fetch(
        """
            WITH instants AS (
                   SELECT unnest(ARRAY[started_at, accounted_at - interval '1 ms']) AS at
                     FROM sessions
                    WHERE learner_id = $1
                      AND courseware_id = $2
                      AND accounted_at > started_at
                UNION ALL
                   SELECT made_at
                     FROM credit_entries
                    WHERE learner_id = $1
                      AND courseware_id = $2
                UNION ALL
                   SELECT a.submitted_at
                     FROM exercise_attempts AS a
                     JOIN enrolments        AS n USING (enrolment_id)
                    WHERE n.learner_id = $1
                      AND a.courseware_id = $2)
          SELECT DISTINCT (at AT TIME ZONE 'Asia/Shanghai')::date AS day
            FROM instants
           WHERE $3::date IS NULL
              OR (at AT TIME ZONE 'Asia/Shanghai')::date < $3
        ORDER BY day DESC
           LIMIT $4
        """,
        learner_id,
        courseware_id,
        before,
        limit,
    )
    return [row["day"] for row in rows]


async def is_open(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, heard_since: datetime
) -> bool:
    """Whether a page of this courseware is open now."""
    is_open: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT 1
                         FROM sessions
                        WHERE learner_id = $1
                          AND courseware_id = $2
                          AND ended_at IS NULL
                          AND heard_at > $3)
        """,
        learner_id,
        courseware_id,
        heard_since,
    )
    return is_open


async def find_uncredited(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: datetime, until: datetime
) -> UUID | None:
    """The enrolment that the latest uncredited time belongs to, or whose credit a restart took
    back within this time; None where all was credited."""
    enrolment_id: UUID | None = await db.fetchval(
        """
          SELECT enrolment_id
            FROM (SELECT s.enrolment_id, u.from_at AS at
                    FROM uncredited AS u
                    JOIN sessions   AS s USING (session_id)
                   WHERE s.learner_id = $1
                     AND s.courseware_id = $2
                     AND u.until_at > $3
                     AND u.from_at < $4
               UNION ALL
                  SELECT enrolment_id, made_at
                    FROM credit_entries
                   WHERE learner_id = $1
                     AND courseware_id = $2
                     AND kind = 'restart'
                     AND made_at >= $3
                     AND made_at < $4) AS lost
        ORDER BY at DESC
           LIMIT 1
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return enrolment_id
