"""xAPI statements that wait, are parked, or were sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..xapi import Statement


class Waiting(NamedTuple):
    """A statement that a sender has taken for a while."""

    statement_id: UUID
    body: Statement


class Parked(NamedTuple):
    """A statement that the record store refused."""

    statement_id: UUID
    body: Statement
    attempts: int
    parked_at: datetime
    error: str


class Outline(NamedTuple):
    """How a courseware is called, and the time that it requires."""

    course_id: UUID
    course_title: str
    title: str
    required_seconds: int


class Counts(NamedTuple):
    waiting: int
    parked: int
    last_sent_at: datetime | None


async def add(tx: Tx, statements: Sequence[Statement], *, now: datetime) -> None:
    """Keep statements for sending, if and only if this transaction commits."""
    await tx.executemany(
        """
        INSERT INTO statements (statement_id, body, next_try_at)
             VALUES ($1, $2, $3)
        """,
        [(UUID(statement["id"]), statement, now) for statement in statements],
    )


async def outlines_of(tx: Tx, courseware_ids: Sequence[UUID]) -> dict[UUID, Outline]:
    rows = await tx.fetch(
        """
        SELECT w.courseware_id, w.course_id, c.title AS course_title, w.title, w.required_seconds
          FROM coursewares AS w
          JOIN courses AS c USING (course_id)
         WHERE w.courseware_id = ANY($1)
        """,
        courseware_ids,
    )
    return {courseware_id: Outline(*outline) for courseware_id, *outline in rows}


async def take_due(tx: Tx, *, now: datetime, leased_until: datetime, limit: int) -> list[Waiting]:
    """Take what is due, the longest waiting first, and never what another sender is taking.
    What is not settled until `leased_until` is due again."""
    rows = await tx.fetch(
        """
        WITH due AS (
               SELECT statement_id
                 FROM statements
                WHERE sent_at IS NULL
                  AND parked_at IS NULL
                  AND next_try_at <= $1
             ORDER BY next_try_at, statement_id
                LIMIT $3
                  FOR UPDATE SKIP LOCKED
        )
        UPDATE statements AS s
           SET attempts = attempts + 1,
               next_try_at = $2
          FROM due
         WHERE s.statement_id = due.statement_id
     RETURNING s.statement_id, s.body
        """,
        now,
        leased_until,
        limit,
    )
    return sorted(Waiting(**row) for row in rows)


async def mark_sent(db: Pool | Tx, statement_ids: Sequence[UUID], *, now: datetime) -> None:
    await db.execute(
        """
        UPDATE statements
           SET sent_at = $2,
               parked_at = NULL,
               error = NULL
         WHERE statement_id = ANY($1)
           AND sent_at IS NULL
        """,
        statement_ids,
        now,
    )


async def put_off(db: Pool | Tx, statement_ids: Sequence[UUID], *, until: datetime) -> None:
    await db.execute(
        """
        UPDATE statements
           SET next_try_at = $2
         WHERE statement_id = ANY($1)
           AND sent_at IS NULL
           AND parked_at IS NULL
        """,
        statement_ids,
        until,
    )


async def park(db: Pool | Tx, statement_id: UUID, *, error: str, now: datetime) -> None:
    """Set a statement aside for staff, unless another sender brought it in meanwhile."""
    await db.execute(
        """
        UPDATE statements
           SET parked_at = $2,
               error = $3
         WHERE statement_id = $1
           AND sent_at IS NULL
           AND parked_at IS NULL
        """,
        statement_id,
        now,
        error,
    )


async def requeue(tx: Tx, statement_ids: Sequence[UUID] | None, *, now: datetime) -> list[UUID]:
    """Let parked statements, these or all, be sent again; return which were parked."""
    rows = await tx.fetch(
        """
        UPDATE statements
           SET parked_at = NULL,
               error = NULL,
               next_try_at = $2
         WHERE parked_at IS NOT NULL
           AND ($1::uuid[] IS NULL OR statement_id = ANY($1))
     RETURNING statement_id
        """,
        statement_ids,
        now,
    )
    return [row["statement_id"] for row in rows]


async def list_parked(db: Pool | Tx, *, before: UUID | None, limit: int) -> list[Parked]:
    """What was refused, the newest first, from a cursor on."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
          SELECT statement_id, body, attempts, parked_at, error
            FROM statements
           WHERE parked_at IS NOT NULL
             AND ($1::uuid IS NULL OR statement_id < $1)
        ORDER BY statement_id DESC
           LIMIT $2
        """,
        before,
        limit,
    )
    return [Parked(**row) for row in rows]


async def count(db: Pool | Tx) -> Counts:
    row = await db.fetchrow(
        """
        SELECT (SELECT count(*)
                  FROM statements
                 WHERE sent_at IS NULL
                   AND parked_at IS NULL) AS waiting,
               (SELECT count(*)
                  FROM statements
                 WHERE parked_at IS NOT NULL) AS parked,
               (SELECT max(sent_at)
                  FROM statements
                 WHERE sent_at IS NOT NULL) AS last_sent_at
        """
    )
    assert row is not None
    return Counts(**row)


async def forget_sent(db: Pool | Tx, *, before: datetime, limit: int) -> int:
    """Delete what was sent before then, so many at most; return how many."""
    rows = await db.fetch(
        """
        DELETE FROM statements
              WHERE statement_id IN (SELECT statement_id
                                       FROM statements
                                      WHERE sent_at < $1
                                   ORDER BY sent_at
                                      LIMIT $2
                                        FOR UPDATE SKIP LOCKED)
          RETURNING statement_id
        """,
        before,
        limit,
    )
    return len(rows)
