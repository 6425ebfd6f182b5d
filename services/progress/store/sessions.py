"""Study sessions: opened, looked at, left."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model import SessionFacts, UncreditedTime

REASONS_SHOWN = 50
SHORTEST_SHOWN = "1 second"
CHANNEL = "study"  # NOTIFY: a learner's id, when the state of one of their sessions is another


async def insert_session(
    tx: Tx,
    *,
    session_id: UUID,
    learner_id: UUID,
    enrolment_id: UUID,
    courseware_id: UUID,
    document: bool,
    started_at: datetime,
    position_ms: int,
    max_rate: float,
    address: str | None,
    completed: bool,
) -> None:
    """Open a session. One for a completed courseware is over from the start: nothing counts, and
    it keeps no other from counting."""
    await tx.execute(
        """
        INSERT INTO sessions (session_id, learner_id, enrolment_id, courseware_id, document,
                              started_at, start_ms, heard_at, accounted_at, open_since,
                              position_ms, max_rate, address, turn, ended_at, ended_by, ended_turn)
             SELECT $1, $2, $3, $4, $5, $6, $7, $6, $6, $6, $7, $8, $9, turn,
                    CASE WHEN $10 THEN $6::timestamptz END, CASE WHEN $10 THEN 'completed' END,
                    CASE WHEN $10 THEN turn END
               FROM nextval('turns') AS turn
        """,
        session_id,
        learner_id,
        enrolment_id,
        courseware_id,
        document,
        started_at,
        position_ms,
        max_rate,
        address,
        completed,
    )


async def count_open(tx: Tx, *, learner_id: UUID, heard_since: datetime) -> int:
    """How many sessions a learner has open: neither ended nor silent."""
    count: int = await tx.fetchval(
        """
        SELECT count(*)
          FROM sessions
         WHERE learner_id = $1
           AND coalesce(ended_at, 'infinity') = 'infinity'
           AND heard_at > $2
        """,
        learner_id,
        heard_since,
    )
    return count


async def end_session(
    tx: Tx, *, session_id: UUID, learner_id: UUID, ended_at: datetime
) -> bool | None:
    """Leave a session; the learner must be locked. False if it had ended before; None if the
    learner has no such session."""
    row = await tx.fetchrow(
        """
        SELECT ended_at
          FROM sessions
         WHERE session_id = $1
           AND learner_id = $2
        """,
        session_id,
        learner_id,
    )
    if row is None or row["ended_at"] is not None:
        return None if row is None else False
    await tx.execute(
        """
        UPDATE sessions
           SET ended_at = greatest($2, started_at),
               ended_by = 'left',
               ended_turn = nextval('turns')
         WHERE session_id = $1
        """,
        session_id,
        ended_at,
    )
    return True


async def is_of_courseware(
    tx: Tx, *, session_id: UUID, learner_id: UUID, enrolment_id: UUID, courseware_id: UUID
) -> bool:
    """Whether a learner's session is one of this courseware."""
    found: bool = await tx.fetchval(
        """
        SELECT EXISTS (SELECT 1
                         FROM sessions
                        WHERE session_id = $1
                          AND learner_id = $2
                          AND enrolment_id = $3
                          AND courseware_id = $4)
        """,
        session_id,
        learner_id,
        enrolment_id,
        courseware_id,
    )
    return found


async def end_others(tx: Tx, *, learner_id: UUID, ended_at: datetime) -> None:
    """The learner studies elsewhere now: every open session of theirs ends. The learner must be
    locked."""
    await tx.execute(
        """
        UPDATE sessions
           SET ended_at = greatest($2, started_at),
               ended_by = 'taken',
               ended_turn = nextval('turns')
         WHERE learner_id = $1
           AND coalesce(ended_at, 'infinity') = 'infinity'
        """,
        learner_id,
        ended_at,
    )


async def void_until(tx: Tx, *, enrolment_id: UUID, courseware_id: UUID, until: datetime) -> None:
    """A courseware starts again: what its sessions still say of time before earns nothing."""
    await tx.execute(
        """
        UPDATE sessions
           SET void_until = $3
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
        until,
    )


async def end_completed(
    tx: Tx, *, enrolment_id: UUID, courseware_id: UUID, ended_at: datetime
) -> None:
    """End every session of a courseware that is completed now. The learner must be locked."""
    await tx.execute(
        """
        UPDATE sessions
           SET ended_at = greatest($3, started_at),
               ended_by = 'completed',
               ended_turn = nextval('turns')
         WHERE enrolment_id = $1
           AND courseware_id = $2
           AND ended_at IS NULL
        """,
        enrolment_id,
        courseware_id,
        ended_at,
    )


async def end_silent(db: Pool, heard_before: datetime, silence_seconds: float) -> int:
    """End the sessions whose page was never heard of again; return how many."""
    rows = await db.fetch(
        """
        WITH silent AS (
               SELECT session_id
                 FROM sessions
                WHERE ended_at IS NULL
                  AND heard_at < $1
             ORDER BY session_id
                LIMIT 1000
                  FOR UPDATE SKIP LOCKED
        )
        UPDATE sessions AS s
           SET ended_at = s.heard_at + $2 * interval '1 second',
               ended_by = 'silence',
               ended_turn = nextval('turns')
          FROM silent
         WHERE s.session_id = silent.session_id
     RETURNING s.session_id
        """,
        heard_before,
        silence_seconds,
    )
    return len(rows)


async def get_session(
    db: Pool | Tx, *, session_id: UUID, learner_id: UUID, heard_since: datetime
) -> SessionFacts | None:
    """A learner's session with its courseware; `rivals` are their other open sessions."""
    row = await db.fetchrow(
        """
        SELECT s.session_id, s.enrolment_id, s.courseware_id, s.state, s.started_at, s.ended_at,
               s.ended_by, s.heard_at, s.last_seq, p.credited_ms, s.position_ms,
               p.exercise_done_at, p.completed_at,
               w.required_seconds, w.exercise <> '[]' AS has_exercise,
               (SELECT count(*)
                  FROM sessions AS other
                 WHERE other.learner_id = s.learner_id
                   AND other.session_id <> s.session_id
                   AND coalesce(other.ended_at, 'infinity') = 'infinity'
                   AND other.heard_at > $3) AS rivals
          FROM sessions AS s
          JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
          JOIN coursewares AS w USING (courseware_id)
         WHERE s.session_id = $1
           AND s.learner_id = $2
        """,
        session_id,
        learner_id,
        heard_since,
    )
    return SessionFacts(**row) if row else None


async def list_uncredited(db: Pool | Tx, session_ids: Sequence[UUID]) -> list[UncreditedTime]:
    """The newest uncredited stretches of these sessions, oldest first."""
    rows = await db.fetch(
        f"""
          SELECT reason, from_at, until_at
            FROM uncredited
           WHERE session_id = ANY($1)
             AND until_at - from_at >= interval '{SHORTEST_SHOWN}'
        ORDER BY from_at DESC
           LIMIT $2
        """,  # noqa: S608 - a constant
        session_ids,
        REASONS_SHOWN,
    )
    return [UncreditedTime(**row) for row in reversed(rows)]


async def list_sessions_of(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> list[UUID]:
    """The newest sessions in which a courseware was studied."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
          SELECT session_id
            FROM sessions
           WHERE enrolment_id = $1
             AND courseware_id = $2
        ORDER BY session_id DESC
           LIMIT 100
        """,
        enrolment_id,
        courseware_id,
    )
    return [row["session_id"] for row in rows]


async def notify(db: Pool | Tx, learner_ids: Sequence[UUID]) -> None:
    """Tell the event streams of these learners to look again, when the transaction commits."""
    await db.execute(
        f"SELECT pg_notify('{CHANNEL}', learner_id::text) FROM unnest($1::uuid[]) AS learner_id",  # noqa: S608
        learner_ids,
    )
