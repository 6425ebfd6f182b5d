"""Patterns that a person looks at: raised, listed, judged once (P-12)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis import ids
from chassis.db import Pool, Tx

from ..model.desk import Finding, Flag, FlagState

LAST_ID = UUID(int=2**128 - 1)


async def raise_flags(db: Pool | Tx, findings: Sequence[Finding], *, now: datetime) -> int:
    """Keep what was found; return how many flags are new.

    A flag that nobody has judged yet takes the figures of a stronger finding of the same day.
    """
    rows = await db.fetch(
        """
        INSERT INTO flags AS f (flag_id, pattern, learner_id, day, strength, evidence, raised_at)
             SELECT flag_id, pattern, learner_id, day, strength, evidence, $7
               FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::date[], $5::int[], $6::jsonb[])
                    AS found (flag_id, pattern, learner_id, day, strength, evidence)
           ORDER BY learner_id, day, pattern
        ON CONFLICT ON CONSTRAINT flag_once_a_day DO UPDATE
                SET strength = EXCLUDED.strength,
                    evidence = EXCLUDED.evidence
              WHERE f.state = 'open'
                AND f.strength < EXCLUDED.strength
          RETURNING f.raised_at = $7 AS is_new
        """,
        [ids.new_id() for _ in findings],
        [each.pattern for each in findings],
        [each.learner_id for each in findings],
        [each.day for each in findings],
        [each.strength for each in findings],
        [each.evidence for each in findings],
        now,
    )
    return sum(row["is_new"] for row in rows)


async def list_flags(db: Pool, *, only_open: bool, before: UUID | None, limit: int) -> list[Flag]:
    """The newest first."""
    chosen = "f.state = 'open'" if only_open else "true"
    rows = await db.fetch(
        f"""
          SELECT f.flag_id, f.pattern, f.learner_id, l.real_name, f.day, f.strength, f.evidence,
                 f.raised_at, f.state, f.judged_name, f.judged_at, f.note
            FROM flags AS f
            JOIN learners AS l USING (learner_id)
           WHERE {chosen}
             AND f.flag_id < $1
        ORDER BY f.flag_id DESC
           LIMIT $2
        """,  # noqa: S608 - one of two constants
        before or LAST_ID,
        limit,
    )
    return [_flag(row) for row in rows]


async def list_of_learner(db: Pool, learner_id: UUID, *, limit: int) -> list[Flag]:
    """A learner's flags, the newest day first."""
    rows = await db.fetch(
        """
          SELECT f.flag_id, f.pattern, f.learner_id, l.real_name, f.day, f.strength, f.evidence,
                 f.raised_at, f.state, f.judged_name, f.judged_at, f.note
            FROM flags AS f
            JOIN learners AS l USING (learner_id)
           WHERE f.learner_id = $1
        ORDER BY f.day DESC, f.pattern
           LIMIT $2
        """,
        learner_id,
        limit,
    )
    return [_flag(row) for row in rows]


async def count_open(db: Pool) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM flags WHERE state = 'open'")
    return count


async def get_flag(db: Pool | Tx, flag_id: UUID) -> Flag | None:
    row = await db.fetchrow(
        """
        SELECT f.flag_id, f.pattern, f.learner_id, l.real_name, f.day, f.strength, f.evidence,
               f.raised_at, f.state, f.judged_name, f.judged_at, f.note
          FROM flags AS f
          JOIN learners AS l USING (learner_id)
         WHERE f.flag_id = $1
        """,
        flag_id,
    )
    return _flag(row) if row else None


async def judge(
    tx: Tx,
    *,
    flag_id: UUID,
    state: FlagState,
    by_staff: UUID,
    by_name: str,
    judged_at: datetime,
    note: str,
) -> bool:
    """Write what a person thinks of it. False if somebody has judged it before."""
    judged = await tx.fetchval(
        """
           UPDATE flags
              SET state = $2,
                  judged_by = $3,
                  judged_name = $4,
                  judged_at = $5,
                  note = $6
            WHERE flag_id = $1
              AND state = 'open'
        RETURNING true
        """,
        flag_id,
        state,
        by_staff,
        by_name,
        judged_at,
        note,
    )
    return judged is not None


def _flag(row: asyncpg.Record) -> Flag:
    values: Mapping[str, Any] = dict(row)
    return Flag(**values)
