"""Appeals against a day's uncredited time, as their learner sees them (P-9)."""

from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model import Appeal


async def insert_appeal(
    tx: Tx,
    *,
    appeal_id: UUID,
    learner_id: UUID,
    enrolment_id: UUID,
    courseware_id: UUID,
    day: date,
    words: str,
    opened_at: datetime,
) -> bool:
    """Open an appeal. False if one about this day is open already."""
    inserted = await tx.fetchval(
        """
        INSERT INTO appeals (appeal_id, learner_id, enrolment_id, courseware_id, day, words,
                             opened_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (learner_id, courseware_id, day) WHERE state = 'open' DO NOTHING
          RETURNING true
        """,
        appeal_id,
        learner_id,
        enrolment_id,
        courseware_id,
        day,
        words,
        opened_at,
    )
    return inserted is not None


async def list_appeals(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, since: date, until: date
) -> list[Appeal]:
    """The appeals about these days, both included, latest first."""
    rows = await db.fetch(
        """
          SELECT appeal_id, day, words, state, opened_at, decided_at, answer, granted_ms
            FROM appeals
           WHERE learner_id = $1
             AND courseware_id = $2
             AND day BETWEEN $3 AND $4
        ORDER BY opened_at DESC, appeal_id DESC
        """,
        learner_id,
        courseware_id,
        since,
        until,
    )
    return [Appeal(**row) for row in rows]
