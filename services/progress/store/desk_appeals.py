"""Appeals as staff see and decide them (P-9, P-12)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model import AppealState
from ..model.desk import AppealCase

CASE = """
    SELECT a.appeal_id, a.learner_id, l.real_name, a.enrolment_id, a.courseware_id,
           c.title AS course_title, w.title AS courseware_title, a.day, a.words, a.state,
           a.opened_at, a.decided_at, a.decided_name, a.answer, a.granted_ms
      FROM appeals     AS a
      JOIN learners    AS l USING (learner_id)
      JOIN coursewares AS w USING (courseware_id)
      JOIN courses     AS c USING (course_id)
"""


async def list_open(db: Pool, *, after: UUID | None, limit: int) -> list[AppealCase]:
    """Those that wait, the oldest first; after this one of the list."""
    rows = await db.fetch(
        f"""{CASE}
           WHERE a.state = 'open'
             AND ($1::uuid IS NULL OR (a.opened_at, a.appeal_id) >
                 (SELECT opened_at, appeal_id FROM appeals WHERE appeal_id = $1))
        ORDER BY a.opened_at, a.appeal_id
           LIMIT $2
        """,  # noqa: S608 - a constant
        after,
        limit,
    )
    return [_case(row) for row in rows]


async def list_decided(db: Pool, *, limit: int) -> list[AppealCase]:
    """The newest of those that are decided."""
    rows = await db.fetch(
        f"""{CASE}
           WHERE a.decided_at IS NOT NULL
        ORDER BY a.decided_at DESC
           LIMIT $1
        """,
        limit,
    )
    return [_case(row) for row in rows]


async def list_of_learner(db: Pool, learner_id: UUID, *, limit: int) -> list[AppealCase]:
    """A learner's appeals, the newest first."""
    rows = await db.fetch(
        f"""{CASE}
           WHERE a.learner_id = $1
        ORDER BY a.opened_at DESC
           LIMIT $2
        """,
        learner_id,
        limit,
    )
    return [_case(row) for row in rows]


async def count_open(db: Pool) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM appeals WHERE state = 'open'")
    return count


async def get_case(db: Pool | Tx, appeal_id: UUID) -> AppealCase | None:
    row = await db.fetchrow(f"{CASE} WHERE a.appeal_id = $1", appeal_id)
    return _case(row) if row else None


async def granted_of_day(db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, day: date) -> int:
    """What appeals about this day have been granted before, in ms."""
    granted_ms: int = await db.fetchval(
        """
        SELECT coalesce(sum(granted_ms), 0)::bigint
          FROM appeals
         WHERE learner_id = $1
           AND courseware_id = $2
           AND day = $3
           AND state = 'granted'
        """,
        learner_id,
        courseware_id,
        day,
    )
    return granted_ms


async def decide(
    tx: Tx,
    *,
    appeal_id: UUID,
    state: AppealState,
    decided_at: datetime,
    decided_by: UUID,
    decided_name: str,
    answer: str,
    granted_ms: int | None,
) -> bool:
    """Write the answer. False if the appeal had one before."""
    decided = await tx.fetchval(
        """
           UPDATE appeals
              SET state = $2,
                  decided_at = $3,
                  decided_by = $4,
                  decided_name = $5,
                  answer = $6,
                  granted_ms = $7
            WHERE appeal_id = $1
              AND state = 'open'
        RETURNING true
        """,
        appeal_id,
        state,
        decided_at,
        decided_by,
        decided_name,
        answer,
        granted_ms,
    )
    return decided is not None


def _case(row: asyncpg.Record) -> AppealCase:
    values: Mapping[str, Any] = dict(row)
    return AppealCase(**values)
